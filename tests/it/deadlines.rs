//! Faults as a product: {where a candidate gets stuck} x {how} x {1, 10, 100 at a time} x {REST, gRPC}. Each read is answered by
//! stable, is counted as the candidate's failure, and leaves nothing behind: no request in flight, no descriptor.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use h2::client::SendRequest;
use http::Response;
use qdrant_client::qdrant::{
    AliasDescription, CollectionDescription, ListAliasesResponse, ListCollectionsResponse, SearchPointsBuilder, SearchResponse,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{PATIENCE, Pointsman, Upstream, query};
use crate::peer::{self, Call, answer, headers, listen, refusing_port, reserved};
use crate::wire::{call_on, dial, framed};

/// Where a candidate gets stuck, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Nothing listens.
    Refused,
    /// The kernel takes no connection: the listener's queue is full.
    Unreachable,
    /// It accepts and says nothing: to TLS, to HTTP/2, to a request.
    Silent,
    /// The same under TLS, whose handshake never begins.
    SilentTls,
    Closed,
    Reset,
    /// A byte of the answer's head at a time, and never its end.
    SlowHead,
    /// The head of a good answer over gRPC, and nothing behind it.
    HeadThenSilence,
    /// A server error whose body never ends.
    ErrorThenSilence,
    /// Not found, and the text that would say what never ends.
    NotFoundThenSilence,
    /// Refused with 400, and the text never ends.
    RefusalThenSilence,
}

impl Fault {
    const ALL: [Self; 11] = [
        Self::Refused,
        Self::Unreachable,
        Self::Silent,
        Self::SilentTls,
        Self::Closed,
        Self::Reset,
        Self::SlowHead,
        Self::HeadThenSilence,
        Self::ErrorThenSilence,
        Self::NotFoundThenSilence,
        Self::RefusalThenSilence,
    ];

    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    fn scheme(self) -> &'static str {
        if self == Self::SilentTls { "https" } else { "http" }
    }

    /// Over REST an answer whose good head has come goes out, and cannot be taken back.
    fn concerns_rest(self) -> bool {
        self != Self::HeadThenSilence
    }

    async fn rest(self) -> SocketAddr {
        match self {
            Self::Refused => refusing_port(),
            Self::Unreachable => unreachable_address().await,
            _ => listen(move |stream| self.serve_rest(stream)).await,
        }
    }

    async fn serve_rest(self, mut stream: TcpStream) {
        let head = match self {
            Self::Closed => return,
            Self::Reset => return reset(&stream),
            Self::ErrorThenSilence => "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 100\r\n\r\n{",
            Self::NotFoundThenSilence => "HTTP/1.1 404 Not Found\r\ncontent-length: 100\r\n\r\n{",
            Self::RefusalThenSilence => "HTTP/1.1 400 Bad Request\r\ncontent-length: 100\r\n\r\n{",
            Self::SlowHead => {
                read_a_bit(&mut stream).await;
                let mut written = stream.write_all(b"HTTP/1.1 200 OK\r\nx-slow: ").await;
                // Endless: one byte more whenever the last one was taken.
                while written.is_ok() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    written = stream.write_all(b"x").await;
                }
                return;
            }
            _ => return pending().await,
        };
        read_a_bit(&mut stream).await;
        // Pointsman may have given up by then.
        let _ = stream.write_all(head.as_bytes()).await;
        until_closed(&mut stream).await;
    }

    async fn grpc(self) -> SocketAddr {
        match self {
            Self::Refused => refusing_port(),
            Self::Unreachable => unreachable_address().await,
            _ => listen(move |stream| self.serve_grpc(stream)).await,
        }
    }

    async fn serve_grpc(self, stream: TcpStream) {
        match self {
            Self::Closed => return,
            Self::Reset => return reset(&stream),
            Self::Silent | Self::SilentTls => return pending().await,
            _ => {}
        }
        let Ok(mut connection) = h2::server::handshake(stream).await else { return };
        let mut held = Vec::new();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let status = match self {
                Self::ErrorThenSilence => Some("13"),
                Self::NotFoundThenSilence => Some("5"),
                Self::RefusalThenSilence => Some("3"),
                _ => None,
            };
            match (self, status) {
                (Self::HeadThenSilence, _) => held.push(respond.send_response(headers(), false).ok()),
                (_, Some(status)) => {
                    // The status in the headers, and a stream that stays open all the same.
                    let mut head: Response<()> = headers();
                    head.headers_mut().insert("grpc-status", status.parse().expect("a value"));
                    held.push(respond.send_response(head, false).ok());
                }
                _ => drop(tokio::spawn(async move {
                    let _respond = (request, respond);
                    pending::<()>().await;
                })),
            }
        }
    }
}

/// A listener whose queue is full. What is queued there is never accepted, so the queue stays full as long as the process lives.
async fn unreachable_address() -> SocketAddr {
    let (socket, address) = reserved();
    let listener = socket.listen(1).expect("it listens");
    let mut queued = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(500), TcpStream::connect(address)).await {
        queued.push(stream);
    }
    std::mem::forget((listener, queued));
    address
}

fn reset(stream: &TcpStream) {
    // Closing it then sends a reset.
    stream.set_zero_linger().expect("a TCP socket");
}

async fn read_a_bit(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0; 1024]).await;
}

async fn until_closed(stream: &mut TcpStream) {
    while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
    pending::<()>().await;
}

/// Stable: answers at once, so that it is in time on any machine, and knows an alias for each fault.
async fn stable() -> Upstream {
    let rest = listen(|mut stream| async move {
        let mut seen = Vec::new();
        loop {
            let Ok(1..) = stream.read_buf(&mut seen).await else { return };
            // The queries of this test end in a brace behind which nothing follows.
            while let Some(end) = find(&seen, b"\"with_payload\":true}") {
                seen.drain(..end);
                let _ = stream.write_all(answer(r#"{"result":{"points":[]},"status":"ok","time":0.0}"#).as_bytes()).await;
            }
        }
    })
    .await;
    let grpc = listen(|stream| async move {
        let Ok(mut connection) = h2::server::handshake(stream).await else { return };
        while let Some(Ok((request, respond))) = connection.accept().await {
            let call = Call { request, respond };
            match call.request.uri().path() {
                "/qdrant.Collections/ListAliases" => call.message(&aliases()),
                "/qdrant.Collections/List" => call.message(&collections()),
                _ => drop(tokio::spawn(async move {
                    let mut call = call;
                    call.body().await;
                    call.message(&SearchResponse::default());
                })),
            }
        }
    })
    .await;
    Upstream { rest: format!("http://{rest}"), grpc: format!("http://{grpc}"), sandbox: None, ca_file: None }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle).map(|at| at + needle.len())
}

fn aliases() -> ListAliasesResponse {
    let alias = |fault: Fault| AliasDescription { alias_name: fault.name(), collection_name: "docs".to_owned() };
    ListAliasesResponse { aliases: Fault::ALL.map(alias).into(), ..Default::default() }
}

fn collections() -> ListCollectionsResponse {
    ListCollectionsResponse { collections: vec![CollectionDescription { name: "docs".to_owned() }], ..Default::default() }
}

/// Pointsman with a route for each fault, whose only weight is on the upstream that has it.
async fn house(timeouts: &str) -> Pointsman {
    let mut upstreams = String::new();
    let mut routes = String::new();
    for fault in Fault::ALL {
        let (name, scheme) = (fault.name(), fault.scheme());
        let (rest, grpc) = (fault.rest().await, fault.grpc().await);
        upstreams += &format!("  {name}: {{rest_url: \"{scheme}://{rest}\", grpc_url: \"{scheme}://{grpc}\"}}\n");
        routes += &format!(
            "  {name}: {{variants: [{{name: stable, weight: 0}}, {{name: candidate, upstream: {name}, collection: far, weight: 1}}]}}\n"
        );
    }
    // Refusals are asked of stable too within a budget of its own, which this is not about.
    let extra = format!("{upstreams}routes:\n{routes}timeouts: {timeouts}\nretry: {{min_per_second: 100000}}");
    Pointsman::start(&stable().await, &extra).await
}

async fn ask_rest(pointsman: &Pointsman, fault: Fault) {
    let url = pointsman.rest(&format!("/collections/{}/points/query", fault.name()));
    let answer = pointsman.http.post(url).header("x-user-id", "u").json(&query()).send().await.expect("an answer");
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["x-pointsman-variant"]),
        (200, &"stable".parse().expect("a value")),
        "{fault:?}"
    );
    assert!(answer.headers().contains_key("x-pointsman-fallback"), "{fault:?} was not even asked");
}

/// Over a connection that all calls of one fault share, as an application's do.
async fn ask_grpc(connection: &SendRequest<Bytes>, fault: Fault) {
    let message = SearchPointsBuilder::new(fault.name(), vec![1.0, 0.5], 1).build();
    let ended = call_on(connection, "qdrant.Points/Search", &[("x-user-id", "u")], framed(&message)).await;
    assert_eq!((ended.status(), ended.text("x-pointsman-variant")), ("0", Some("stable")), "{fault:?}: {:?}", ended.text("grpc-message"));
    assert!(ended.text("x-pointsman-fallback").is_some(), "{fault:?} was not even asked");
}

/// So many reads at a time over each protocol.
async fn ask(pointsman: &Pointsman, fault: Fault, at_a_time: usize) {
    let rest = (0..at_a_time).filter(|_| fault.concerns_rest()).map(|_| ask_rest(pointsman, fault));
    let connection = dial(pointsman.grpc).await;
    let grpc = (0..at_a_time).map(|_| ask_grpc(&connection, fault));
    futures_util::future::join(join_all(rest), join_all(grpc)).await;
}

/// Descriptors that the process has open.
fn descriptors(pointsman: &Pointsman) -> usize {
    let pid = pointsman.child.id().expect("it runs");
    std::fs::read_dir(format!("/proc/{pid}/fd")).expect("the process lives").count()
}

/// Waits until everything that was opened for the requests is closed again.
async fn settled(pointsman: &Pointsman, before: usize) {
    let mut open = 0;
    let closed = async {
        loop {
            open = descriptors(pointsman);
            // Connections that are kept are as many as there are workers and upstreams; what was opened were thousands.
            if open <= before + 64 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let closed = tokio::time::timeout(PATIENCE, closed).await;
    assert!(closed.is_ok(), "{open} descriptors are open, where there were {before}");
}

async fn every_fault_is_made_good(timeouts: &str) {
    let pointsman = house(timeouts).await;
    let before = descriptors(&pointsman);
    let mut asked = 0;
    // A few faults beside each other, so that a process may have no more than a thousand descriptors.
    for (at_a_time, beside) in [(1, 11), (10, 11), (100, 3)] {
        for faults in Fault::ALL.chunks(beside) {
            let answered =
                tokio::time::timeout(PATIENCE * 2, join_all(faults.iter().map(|fault| ask(&pointsman, *fault, at_a_time)))).await;
            assert!(answered.is_ok(), "{faults:?}, {at_a_time} at a time: a read was never answered");
        }
        asked += at_a_time;
    }
    for fault in Fault::ALL {
        let wanted = asked * if fault.concerns_rest() { 2 } else { 1 };
        let candidate = pointsman.variant(&fault.name(), "candidate").await;
        assert_eq!(candidate["fallbacks"], wanted, "{fault:?}: {candidate}");
    }
    pointsman.idle().await;
    settled(&pointsman, before).await;
}

/// Long limits, so that stable is in time on a busy machine; only the candidates are ever late.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_made_good_within_the_first_byte_limit() {
    every_fault_is_made_good("{connect: 4s, first_byte: 20s}").await;
}

/// No limit of its own for the head: the attempt gets half of what there is in total.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_made_good_within_the_total_limit() {
    every_fault_is_made_good("{connect: 4s, total: 30s}").await;
}

/// Without other limits, silence inside of a body ends an attempt; a head that never comes is Qdrant's to bound.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_inside_of_an_answer_is_made_good_too() {
    let pointsman = house("{connect: 2s, idle: 4s}").await;
    for fault in [Fault::NotFoundThenSilence, Fault::RefusalThenSilence, Fault::ErrorThenSilence] {
        tokio::time::timeout(PATIENCE, ask_rest(&pointsman, fault)).await.expect("it is answered");
    }
    let connection = dial(pointsman.grpc).await;
    tokio::time::timeout(PATIENCE, ask_grpc(&connection, Fault::HeadThenSilence)).await.expect("it is answered");
    pointsman.idle().await;
}

/// An answer that has begun cannot be made good: it ends, and is counted against its variant.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_falls_silent_ends() {
    let rest = listen(|mut stream| async move {
        read_a_bit(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").await;
        until_closed(&mut stream).await;
    })
    .await;
    let upstream = Upstream { rest: format!("http://{rest}"), ..stable().await };
    for timeouts in ["{idle: 300ms}", "{total: 15s}"] {
        let pointsman = Pointsman::start(&upstream, &format!("timeouts: {timeouts}")).await;
        let answer = pointsman.http.get(pointsman.rest("/collections")).send().await.expect("a head");
        let body: Result<Bytes, _> = tokio::time::timeout(PATIENCE, answer.bytes()).await.expect("it ends");
        assert!(body.is_err(), "{timeouts}: it looked whole");
        pointsman.idle().await;
    }
}

/// A client that stalls is at fault itself: it is told so, and no variant is blamed for the time it took.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_stalls_is_the_clients_fault() {
    let pointsman = house("{idle: 300ms, first_byte: 1ms, connect: 60s}").await;
    for fault in [Fault::Silent, Fault::SlowHead] {
        let head =
            format!("POST /collections/{}/points/query HTTP/1.1\r\nhost: x\r\nx-user-id: u\r\ncontent-length: 100\r\n\r\n{{", fault.name());
        let stalled = (0..10).map(|_| async {
            let mut client = TcpStream::connect(pointsman.rest).await.expect("accepted");
            client.write_all(head.as_bytes()).await.expect("taken");
            let mut answer = Vec::new();
            // Told and then cut off.
            let _ = tokio::time::timeout(PATIENCE, client.read_to_end(&mut answer)).await.expect("it is closed in time");
            String::from_utf8_lossy(&answer).into_owned()
        });
        for answer in join_all(stalled).await {
            assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("x-pointsman-error: client-timeout"), "{answer}");
        }
        let candidate = pointsman.variant(&fault.name(), "candidate").await;
        assert_eq!(candidate["fallbacks"], 0, "{fault:?}: {candidate}");
    }
    pointsman.idle().await;
}

/// An answer that the client does not read is given up, over both versions of HTTP, and the upstream is free again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_its_answer_is_given_up() {
    let rest = listen(|mut stream| async move {
        read_a_bit(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n").await;
        let chunk = vec![0; 65_536];
        while stream.write_all(&chunk).await.is_ok() {}
    })
    .await;
    let upstream = Upstream { rest: format!("http://{rest}"), ..stable().await };
    let pointsman = Pointsman::start(&upstream, "timeouts: {idle: 500ms}").await;
    let mut http1 = TcpStream::connect(pointsman.rest).await.expect("accepted");
    http1.write_all(b"GET /collections HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("taken");
    let http2 = dial(pointsman.rest).await;
    let request = http::Request::get("http://x/collections").body(()).expect("a request");
    let (answer, _) = http2.clone().send_request(request, true).expect("the connection takes a stream");
    let mut body = tokio::time::timeout(PATIENCE, answer).await.expect("in time").expect("a head").into_body();
    pointsman.idle().await;
    let end = async { while body.data().await.is_some_and(|chunk| chunk.is_ok()) {} };
    tokio::time::timeout(PATIENCE, end).await.expect("the stream was reset");
    let ready = tokio::time::timeout(PATIENCE, http2.ready()).await.expect("in time");
    assert!(ready.is_ok(), "the connection itself goes on");
}

/// An upstream that takes nothing of a write: the write ends, though writes have no first-byte limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_stops_reading_a_write_is_given_up() {
    let rest = listen(|stream| async move {
        let _stream = stream;
        pending::<()>().await;
    })
    .await;
    let upstream = Upstream { rest: format!("http://{rest}"), ..stable().await };
    let pointsman = Pointsman::start(&upstream, "timeouts: {idle: 500ms}").await;
    let body = vec![b'x'; 64 << 20];
    let answer = pointsman.http.put(pointsman.rest("/collections/docs/points")).body(body).send();
    let answer = tokio::time::timeout(PATIENCE, answer).await.expect("it ends");
    assert_eq!(answer.expect("an answer").status(), 502);
    pointsman.idle().await;
}

/// A gRPC port at which aliases can be listed until `stuck` is set, and never after.
async fn serve_listings(stream: TcpStream, stuck: Arc<AtomicBool>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    let mut held = Vec::new();
    while let Some(Ok((request, respond))) = connection.accept().await {
        let call = Call { request, respond };
        if stuck.load(Ordering::Acquire) {
            held.push(call);
        } else if call.request.uri().path() == "/qdrant.Collections/ListAliases" {
            call.message(&aliases());
        } else {
            call.message(&collections());
        }
    }
}

/// A change of an alias is made, and no listing comes after it: the answer does not wait for ever, and says that it did not wait
/// long enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_an_alias_is_answered_though_no_listing_comes() {
    let stuck = Arc::new(AtomicBool::new(false));
    let listings = Arc::clone(&stuck);
    let grpc = listen(move |stream| serve_listings(stream, Arc::clone(&listings))).await;
    let rest = peer::rest(|mut exchange| async move {
        while let Some(head) = exchange.head().await {
            if head.starts_with("GET ") {
                return pending().await;
            }
            exchange.body(&head).await;
            exchange.ok().await;
        }
    })
    .await;
    let pointsman = Pointsman::start(&Upstream { grpc: format!("http://{grpc}"), ..rest }, "").await;
    stuck.store(true, Ordering::Release);
    let change = json!({"actions": [{"create_alias": {"alias_name": "news", "collection_name": "docs"}}]});
    let answer = pointsman.http.post(pointsman.rest("/collections/aliases")).json(&change).send().await.expect("an answer");
    let stale = answer.headers().get("x-pointsman-stale").map(|value| value.to_str().expect("text"));
    assert_eq!((answer.status().as_u16(), stale), (200, Some("alias-listing-failed")));
    pointsman.idle().await;
}
