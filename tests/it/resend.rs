//! Upstream connections that break: what may be sent again is, within the budget, and a write is never sent twice.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use h2::Reason;
use qdrant_client::qdrant::{CountPoints, CountResponse, PointsOperationResponse, UpsertPoints};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::house::{PATIENCE, Pointsman, Upstream};
use crate::peer::{self, field};
use crate::wire::{Ended, call, framed};

const READ: &str = "GET /collections/docs/points/1";
const WRITE: &str = "PUT /collections/docs/points";

/// What becomes of a request, in the order of their coming; when nothing is left, they are answered.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Answer,
    /// Answered, and the connection closed behind it.
    AnswerAndClose,
    /// Read whole, and the connection closed without a word.
    Cut,
    /// The answer ends in its middle.
    CutInAnswer,
}

/// What arrived at the upstream, and what is to become of what comes next.
#[derive(Clone, Default)]
struct Script {
    fates: Arc<Mutex<VecDeque<Fate>>>,
    seen: Arc<Mutex<Vec<String>>>,
    /// A connection was closed behind an answer.
    closed: Arc<Notify>,
}

impl Script {
    fn next(&self, what: &str) -> Fate {
        self.seen.lock().expect("no panic").push(what.to_owned());
        self.fates.lock().expect("no panic").pop_front().unwrap_or(Fate::Answer)
    }

    fn expect(&self, fates: &[Fate]) {
        self.fates.lock().expect("no panic").extend(fates);
        self.seen.lock().expect("no panic").clear();
    }

    fn seen(&self) -> usize {
        self.seen.lock().expect("no panic").len()
    }
}

async fn serve(script: Script, mut exchange: peer::Exchange) {
    while let Some(head) = exchange.head().await {
        exchange.body(&head).await;
        match script.next(&head) {
            Fate::Answer => exchange.ok().await,
            Fate::AnswerAndClose => {
                exchange.ok().await;
                drop(exchange);
                return script.closed.notify_one();
            }
            Fate::Cut => return,
            Fate::CutInAnswer => return exchange.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{").await,
        }
    }
}

/// One connection to Pointsman, so that one worker with its pools and its budget serves all of it.
struct Client(TcpStream);

impl Client {
    /// The status of one request.
    async fn ask(&mut self, line: &str) -> u16 {
        let request = format!("{line} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{{}}");
        self.0.write_all(request.as_bytes()).await.expect("taken");
        let mut read = Vec::new();
        let head = loop {
            assert_ne!(self.0.read_buf(&mut read).await.expect("an answer"), 0, "closed after {}", String::from_utf8_lossy(&read));
            let text = String::from_utf8_lossy(&read).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && field(head, "content-length").is_some_and(|length| length == body.len().to_string())
            {
                break head.to_owned();
            }
        };
        head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
    }
}

async fn house(extra: &str) -> (Script, Upstream, Pointsman, Client) {
    let script = Script::default();
    let served = script.clone();
    let upstream = peer::rest(move |exchange| serve(served.clone(), exchange)).await;
    let pointsman = Pointsman::start(&upstream, extra).await;
    let client = Client(TcpStream::connect(pointsman.rest).await.expect("accepted"));
    (script, upstream, pointsman, client)
}

async fn retries(pointsman: &Pointsman) -> u64 {
    pointsman.events("upstream_retries_total").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_broken_off_on_a_kept_connection_is_sent_again() {
    let (script, _upstream, pointsman, mut client) = house("").await;
    assert_eq!(client.ask(READ).await, 200);
    script.expect(&[Fate::Cut]);
    assert_eq!(client.ask(READ).await, 200);
    assert_eq!((script.seen(), retries(&pointsman).await), (2, 1));
    // Once, and no more.
    script.expect(&[Fate::Cut, Fate::Cut]);
    assert_eq!(client.ask(READ).await, 502);
    assert_eq!(script.seen(), 2);
    pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_broken_off_is_never_sent_again() {
    let (script, _upstream, pointsman, mut client) = house("").await;
    assert_eq!(client.ask(WRITE).await, 200);
    script.expect(&[Fate::Cut]);
    assert_eq!(client.ask(WRITE).await, 502);
    assert_eq!((script.seen(), retries(&pointsman).await), (1, 0));
    pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_meets_a_connection_closed_while_idle_arrives_once() {
    let (script, _upstream, pointsman, mut client) = house("").await;
    for line in [WRITE, READ, WRITE, WRITE].repeat(10) {
        script.expect(&[Fate::AnswerAndClose]);
        assert_eq!(client.ask(line).await, 200);
        assert_eq!(script.seen(), 1);
        // Were it still on its way, a write might rightly be lost to it.
        tokio::time::timeout(PATIENCE, script.closed.notified()).await.expect("the connection is closed");
    }
    pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_has_begun_is_not_begun_again() {
    let (script, _upstream, pointsman, _) = house("").await;
    script.expect(&[Fate::CutInAnswer]);
    // Whether the client sees the head depends on how much came with it.
    if let Ok(answer) = pointsman.http.get(pointsman.rest("/collections/docs/points/1")).send().await {
        assert_eq!(answer.status(), 200);
        answer.bytes().await.expect_err("half an answer must not look like one");
    }
    assert_eq!(script.seen(), 1);
    pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spent_budget_refuses_and_says_so() {
    // Two requests earn one retry, and time earns none.
    let (script, _upstream, pointsman, mut client) = house("retry: {budget_ratio: 0.5, min_per_second: 0}").await;
    assert_eq!(client.ask(READ).await, 200);
    script.expect(&[Fate::Cut]);
    assert_eq!(client.ask(READ).await, 200);
    script.expect(&[Fate::Cut]);
    assert_eq!(client.ask(READ).await, 502);
    assert_eq!(script.seen(), 1);
    assert_eq!((retries(&pointsman).await, pointsman.events("upstream_retries_refused_total").await), (1, 1));
}

/// How a gRPC upstream turns a call down.
type Refusals = Arc<Mutex<VecDeque<Reason>>>;

async fn grpc_house() -> (Refusals, Script, Upstream, Pointsman) {
    let (refusals, script) = (Refusals::default(), Script::default());
    let (turned_down, seen) = (Arc::clone(&refusals), script.clone());
    let upstream = peer::grpc(move |mut call| {
        let (refusals, script) = (Arc::clone(&turned_down), seen.clone());
        async move {
            let path = call.request.uri().path().to_owned();
            call.body().await;
            script.next(&path);
            let refusal = refusals.lock().expect("no panic").pop_front();
            match refusal {
                Some(reason) => call.respond.send_reset(reason),
                None if path.ends_with("Upsert") => call.message(&PointsOperationResponse::default()),
                None => call.message(&CountResponse::default()),
            }
        }
    })
    .await;
    let pointsman = Pointsman::start(&upstream, "").await;
    (refusals, script, upstream, pointsman)
}

async fn upsert(pointsman: &Pointsman) -> Ended {
    let message = UpsertPoints { collection_name: "docs".to_owned(), ..UpsertPoints::default() };
    call(pointsman.grpc, "qdrant.Points/Upsert", &[], framed(&message)).await
}

async fn count(pointsman: &Pointsman) -> Ended {
    let message = CountPoints { collection_name: "docs".to_owned(), ..CountPoints::default() };
    call(pointsman.grpc, "qdrant.Points/Count", &[], framed(&message)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grpc_write_that_was_refused_unseen_is_sent_again_and_any_other_is_not() {
    let (refusals, script, _upstream, pointsman) = grpc_house().await;
    refusals.lock().expect("no panic").push_back(Reason::REFUSED_STREAM);
    assert_eq!(upsert(&pointsman).await.status(), "0");
    assert_eq!((script.seen(), retries(&pointsman).await), (2, 1));
    script.expect(&[]);
    refusals.lock().expect("no panic").push_back(Reason::INTERNAL_ERROR);
    let ended = upsert(&pointsman).await;
    assert_eq!((ended.status(), ended.text("x-pointsman-error")), ("14", Some("upstream-broken")));
    assert_eq!((script.seen(), retries(&pointsman).await), (1, 1));
    // Refused for ever: an end to it.
    script.expect(&[]);
    refusals.lock().expect("no panic").extend([Reason::REFUSED_STREAM; 10]);
    assert_eq!(upsert(&pointsman).await.status(), "14");
    assert_eq!(script.seen(), 3);
    pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grpc_read_broken_off_is_sent_again() {
    let (refusals, script, _upstream, pointsman) = grpc_house().await;
    refusals.lock().expect("no panic").push_back(Reason::INTERNAL_ERROR);
    assert_eq!(count(&pointsman).await.status(), "0");
    assert_eq!((script.seen(), retries(&pointsman).await), (2, 1));
    pointsman.idle().await;
}
