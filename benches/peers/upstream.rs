//! The static upstream of the peers rig: answers what a proxy forwards, at the least cost, from one thread.
//!
//! `run.py` starts it pinned to the core of the load generators. It answers every REST request and every gRPC call with a fixed
//! kilobyte, counts by collection name what arrived (so that the rig can show which proxies really split), and lists the alias
//! and the two collections that Pointsman asks for when it starts.

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

const ANSWER_BYTES: usize = 1024;
const ALIAS: &str = "docs";
const STABLE: &str = "docs_v1";
const CANDIDATE: &str = "docs_v2";
/// Large enough that no 4 KB request ever waits for a window update: flow control is not what is measured.
const WINDOW: u32 = 4 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let [rest, grpc] = ports()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    // One thread: the counters need no atomics and the rest of the core belongs to the load generators.
    tokio::task::LocalSet::new().block_on(&runtime, serve(rest, grpc))
}

fn ports() -> Result<[u16; 2], Box<dyn Error>> {
    let usage = "usage: peers-upstream REST_PORT GRPC_PORT";
    let given: Vec<u16> =
        std::env::args().skip(1).map(|port| port.parse().map_err(|e| format!("port {port:?}: {e}; {usage}"))).collect::<Result<_, _>>()?;
    given.try_into().map_err(|_| usage.into())
}

async fn serve(rest: u16, grpc: u16) -> Result<(), Box<dyn Error>> {
    let answers = Rc::new(Answers::new());
    let grpc = TcpListener::bind(local(grpc)).await?;
    let rest = TcpListener::bind(local(rest)).await?;
    loop {
        // A connection that ends badly concerns its proxy; the rig sees it as a failed request there.
        tokio::select! {
            accepted = rest.accept() => {
                tokio::task::spawn_local(serve_rest(prepared(accepted)?, Rc::clone(&answers)));
            }
            accepted = grpc.accept() => {
                tokio::task::spawn_local(serve_grpc(prepared(accepted)?, Rc::clone(&answers)));
            }
        }
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

fn prepared(accepted: std::io::Result<(TcpStream, SocketAddr)>) -> Result<TcpStream, std::io::Error> {
    let (stream, _) = accepted?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// What is answered, built once, and what has been asked.
struct Answers {
    rest: Bytes,
    grpc: Bytes,
    aliases: Bytes,
    collections: Bytes,
    seen: Seen,
}

/// Requests by the collection name they arrived with.
#[derive(Default)]
struct Seen {
    alias: Cell<u64>,
    stable: Cell<u64>,
    candidate: Cell<u64>,
    other: Cell<u64>,
}

impl Answers {
    fn new() -> Self {
        Self {
            rest: rest_answer(),
            grpc: framed(&filler()),
            aliases: framed(&alias_list()),
            collections: framed(&collection_list()),
            seen: Seen::default(),
        }
    }
}

impl Seen {
    fn count(&self, name: &[u8]) {
        let cell = match name {
            name if name == ALIAS.as_bytes() => &self.alias,
            name if name == STABLE.as_bytes() => &self.stable,
            name if name == CANDIDATE.as_bytes() => &self.candidate,
            _ => &self.other,
        };
        cell.set(cell.get() + 1);
    }

    /// The counts since the last call, as JSON.
    fn take(&self) -> Bytes {
        format!(
            r#"{{"{ALIAS}":{},"{STABLE}":{},"{CANDIDATE}":{},"other":{}}}"#,
            self.alias.take(),
            self.stable.take(),
            self.candidate.take(),
            self.other.take()
        )
        .into()
    }
}

// === REST ===

async fn serve_rest(stream: TcpStream, answers: Rc<Answers>) {
    let service = hyper::service::service_fn(move |request| answer_rest(request, Rc::clone(&answers)));
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        report("REST connection", &error);
    }
}

async fn answer_rest(request: Request<Incoming>, answers: Rc<Answers>) -> Result<Response<Fixed>, Infallible> {
    let path = request.uri().path();
    let body = if path == "/seen" {
        answers.seen.take()
    } else {
        if let Some(rest) = path.strip_prefix("/collections/") {
            answers.seen.count(rest.split('/').next().unwrap_or(rest).as_bytes());
        }
        answers.rest.clone()
    };
    drain(request.into_body()).await;
    let mut response = Response::new(Fixed(Some(body)));
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// A request is answered once it is whole, as Qdrant does: an early answer would let a proxy skip work.
async fn drain(mut body: Incoming) {
    while std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.is_some_and(|frame| frame.is_ok()) {}
}

/// A body of one piece and known length.
struct Fixed(Option<Bytes>);

impl Body for Fixed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

fn rest_answer() -> Bytes {
    let head = r#"{"result":{"points":[{"id":1,"version":0,"score":0.5,"payload":{"text":""#;
    let tail = r#""}}]},"status":"ok","time":0.0001}"#;
    let filling = "x".repeat(ANSWER_BYTES - head.len() - tail.len());
    format!("{head}{filling}{tail}").into()
}

// === gRPC ===

async fn serve_grpc(stream: TcpStream, answers: Rc<Answers>) {
    let handshake =
        h2::server::Builder::new().initial_window_size(WINDOW).initial_connection_window_size(WINDOW).handshake::<_, Bytes>(stream);
    let mut connection = match handshake.await {
        Ok(connection) => connection,
        Err(error) => return report("gRPC handshake", &error),
    };
    while let Some(accepted) = connection.accept().await {
        match accepted {
            Ok((request, respond)) => {
                tokio::task::spawn_local(call(request, respond, Rc::clone(&answers)));
            }
            Err(error) => return report("gRPC connection", &error),
        }
    }
}

async fn call(request: Request<h2::RecvStream>, respond: h2::server::SendResponse<Bytes>, answers: Rc<Answers>) {
    if let Err(error) = answer_call(request, respond, &answers).await {
        report("gRPC call", &error);
    }
}

async fn answer_call(
    request: Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
    answers: &Answers,
) -> Result<(), h2::Error> {
    let (head, mut body) = request.into_parts();
    let message = read_whole(&mut body).await?;
    let answer = match head.uri.path() {
        "/qdrant.Collections/ListAliases" => &answers.aliases,
        "/qdrant.Collections/List" => &answers.collections,
        path => {
            if path.starts_with("/qdrant.Points/") {
                answers.seen.count(collection_name(&message));
            }
            &answers.grpc
        }
    };
    let mut response = Response::new(());
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    let mut stream = respond.send_response(response, false)?;
    stream.send_data(answer.clone(), false)?;
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    stream.send_trailers(trailers)
}

async fn read_whole(body: &mut h2::RecvStream) -> Result<Bytes, h2::Error> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        // The usual message comes in one piece and need not be copied.
        if first.is_empty() && rest.is_empty() {
            first = piece;
        } else {
            rest.put(std::mem::take(&mut first));
            rest.put(piece);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// Field 1 of the framed message, when it comes first and is short: all the load generator ever sends.
fn collection_name(mut framed: &[u8]) -> &[u8] {
    const FRAME_HEAD: usize = 5;
    if framed.len() < FRAME_HEAD + 2 || framed[FRAME_HEAD] != key(1) {
        return b"";
    }
    let length = usize::from(framed[FRAME_HEAD + 1]);
    framed.advance(FRAME_HEAD + 2);
    framed.get(..length).unwrap_or_default()
}

const fn key(field: u8) -> u8 {
    const LENGTH_DELIMITED: u8 = 2;
    field << 3 | LENGTH_DELIMITED
}

fn field(number: u8, value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(value.len()).expect("only names and pairs of names are put here");
    assert!(length < 128, "a longer field needs a longer varint");
    [&[key(number), length], value].concat()
}

/// `ListAliasesResponse`: the alias on the stable collection.
fn alias_list() -> Vec<u8> {
    let description = [field(1, ALIAS.as_bytes()), field(2, STABLE.as_bytes())].concat();
    field(1, &description)
}

/// `ListCollectionsResponse`: both collections.
fn collection_list() -> Vec<u8> {
    [STABLE, CANDIDATE].map(|name| field(1, &field(1, name.as_bytes()))).concat()
}

/// A kilobyte in a field no Qdrant message has, so that it decodes as any of them.
fn filler() -> Vec<u8> {
    const UNKNOWN_FIELD: [u8; 2] = [0xfa, 0x7f];
    const LENGTH: [u8; 2] = [0xfc, 0x07];
    let mut message = [UNKNOWN_FIELD, LENGTH].concat();
    message.resize(ANSWER_BYTES, b'x');
    message
}

fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(5 + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).expect("every answer is about a kilobyte"));
    frame.put_slice(message);
    frame.freeze()
}

#[expect(clippy::print_stderr, reason = "run.py collects it beside the proxies' own logs")]
fn report(what: &str, error: &dyn Error) {
    eprintln!("{what}: {error}");
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use qdrant_client::qdrant::{ListAliasesResponse, ListCollectionsResponse, QueryResponse};

    use super::{ALIAS, ANSWER_BYTES, CANDIDATE, STABLE, alias_list, collection_list, collection_name, filler, framed};

    #[test]
    fn the_lists_are_what_a_client_reads() {
        let aliases = ListAliasesResponse::decode(alias_list().as_slice()).expect("decodes");
        assert_eq!(aliases.aliases[0].alias_name, ALIAS);
        assert_eq!(aliases.aliases[0].collection_name, STABLE);
        let collections = ListCollectionsResponse::decode(collection_list().as_slice()).expect("decodes");
        let names: Vec<_> = collections.collections.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, [STABLE, CANDIDATE]);
    }

    #[test]
    fn the_filler_is_a_kilobyte_and_decodes() {
        assert_eq!(filler().len(), ANSWER_BYTES);
        QueryResponse::decode(filler().as_slice()).expect("an unknown field is skipped");
    }

    #[test]
    fn a_name_is_read_and_a_broken_message_has_none() {
        let message = qdrant_client::qdrant::QueryPoints { collection_name: CANDIDATE.into(), ..Default::default() };
        assert_eq!(collection_name(&framed(&message.encode_to_vec())), CANDIDATE.as_bytes());
        assert_eq!(collection_name(&framed(&[0x0a, 0x20, b'x'])), b"");
        assert_eq!(collection_name(b""), b"");
    }
}
