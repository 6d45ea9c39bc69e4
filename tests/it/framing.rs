//! Where a request ends is decided once: for any framing that a client sends, an origin that reads strictly sees each request
//! that was sent, with its own body, and nothing else.

use std::collections::HashMap;
use std::fmt::Write as _;

use bytes::Bytes;
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{PATIENCE, Pointsman};
use crate::strict::{Record, origin};
use crate::wire::dial;

/// What must come of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// It arrives with this body and is answered.
    Arrives(Vec<u8>),
    /// It arrives with this body, or it is refused.
    MayArrive(Vec<u8>),
    /// It is refused.
    Refused,
}

struct Case {
    name: &'static str,
    target: String,
    bytes: Vec<u8>,
    fate: Fate,
}

/// A body that is a request in itself: where framing breaks, the origin reads `/smuggled`.
fn hostile(random: &mut fastrand::Rng) -> Vec<u8> {
    let mut body: Vec<u8> = (0..random.usize(..40)).map(|_| random.u8(..)).collect();
    body.extend_from_slice(b"DELETE /smuggled HTTP/1.1\r\nhost: q\r\ncontent-length: 0\r\n\r\n");
    body
}

fn chunked(random: &mut fastrand::Rng, body: &[u8], extension: &str, trailer: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = body;
    while !left.is_empty() {
        let (chunk, rest) = left.split_at(random.usize(1..=left.len()));
        out.extend_from_slice(format!("{:x}{extension}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
        left = rest;
    }
    out.extend_from_slice(format!("0\r\n{trailer}\r\n").as_bytes());
    out
}

/// One request over HTTP/1.1. `last` closes the connection behind it.
fn case(random: &mut fastrand::Rng, number: usize, last: bool) -> Case {
    let body = hostile(random);
    let length = body.len();
    let plain = |headers: String, fate: Fate| (headers, body.clone(), fate);
    let arrives = || Fate::Arrives(body.clone());
    let kind = if last { random.usize(..KINDS.len()) } else { random.usize(..ARRIVING) };
    let (headers, sent, fate) = match KINDS[kind] {
        "a length" => plain(format!("content-length: {length}\r\n"), arrives()),
        "chunks" => (CHUNKED.to_owned(), chunked(random, &body, "", ""), arrives()),
        "chunks with extensions and trailers" => (CHUNKED.to_owned(), chunked(random, &body, ";a=\"b\"", "x: y\r\n"), arrives()),
        "no body" => (String::new(), Vec::new(), Fate::Arrives(Vec::new())),
        "options of one hop" => plain(format!("connection: x-hop, keep-alive\r\nx-hop: 1\r\ncontent-length: {length}\r\n"), arrives()),
        "two equal lengths" => plain(format!("content-length: {length}\r\ncontent-length: {length}\r\n"), Fate::MayArrive(body.clone())),
        "a list of equal lengths" => plain(format!("content-length: {length}, {length}\r\n"), Fate::MayArrive(body.clone())),
        "a length and chunks" => (format!("content-length: 4\r\n{CHUNKED}"), chunked(random, &body, "", ""), Fate::MayArrive(body.clone())),
        "chunks and a length" => (format!("{CHUNKED}content-length: 4\r\n"), chunked(random, &body, "", ""), Fate::MayArrive(body.clone())),
        "a length named in connection" => plain(format!("connection: Content-Length\r\ncontent-length: {length}\r\n"), Fate::Refused),
        "chunks named in connection" => {
            (format!("connection: transfer-encoding\r\n{CHUNKED}"), chunked(random, &body, "", ""), Fate::Refused)
        }
        "other headers named in connection" => {
            let name = ["host", "api-key", "authorization", "content-type", "x-forwarded-for", "x-pointsman-variant"][random.usize(..6)];
            plain(format!("connection: keep-alive, {name}\r\ncontent-length: {length}\r\n"), Fate::Refused)
        }
        "too many options" => {
            let options: Vec<_> = (0..17).map(|option| format!("x-{option}")).collect();
            plain(format!("connection: {}\r\ncontent-length: {length}\r\n", options.join(", ")), Fate::Refused)
        }
        "two different lengths" => plain(format!("content-length: {length}\r\ncontent-length: 4\r\n"), Fate::Refused),
        "no number" => {
            let wrong = ["+4", "-4", "0x4", "4 4", "four", "18446744073709551616"][random.usize(..6)];
            plain(format!("content-length: {wrong}\r\n"), Fate::Refused)
        }
        "another coding" => {
            let coding = ["gzip, chunked", "identity", "xchunked", "chunked, gzip", "chunked, chunked"][random.usize(..5)];
            (format!("transfer-encoding: {coding}\r\n"), chunked(random, &body, "", ""), Fate::Refused)
        }
        "a space before the colon" => plain(format!("content-length : {length}\r\n"), Fate::Refused),
        "a folded line" => plain(format!("x: y\r\n content-length: {length}\r\n"), Fate::Refused),
        "a broken chunk" => {
            let size = ["-1", "+5", "5 x", "", "fffffffffffffffff", "0x5"][random.usize(..6)];
            (CHUNKED.to_owned(), [size.as_bytes(), b"\r\n", &body].concat(), Fate::Refused)
        }
        other => unreachable!("{other} has no request"),
    };
    let target = format!("/collections/docs/points/count?case={number}");
    let close = if last { "connection: close\r\n" } else { "" };
    let mut head = String::new();
    write!(head, "POST {target} HTTP/1.1\r\nhost: x\r\n{headers}{close}\r\n").expect("a string takes all");
    Case { name: KINDS[kind], target, bytes: [head.as_bytes(), &sent].concat(), fate }
}

const CHUNKED: &str = "transfer-encoding: chunked\r\n";
/// How many of [`KINDS`] leave the connection open for another request.
const ARRIVING: usize = 5;
const KINDS: [&str; 19] = [
    "a length",
    "chunks",
    "chunks with extensions and trailers",
    "no body",
    "options of one hop",
    "two equal lengths",
    "a list of equal lengths",
    "a length and chunks",
    "chunks and a length",
    "a length named in connection",
    "chunks named in connection",
    "other headers named in connection",
    "too many options",
    "two different lengths",
    "no number",
    "another coding",
    "a space before the colon",
    "a folded line",
    "a broken chunk",
];

/// The same requests in each run; others with `POINTSMAN_FRAMING_SEED=7`.
fn random() -> (u64, fastrand::Rng) {
    let seed = std::env::var("POINTSMAN_FRAMING_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_128);
    (seed, fastrand::Rng::with_seed(seed))
}

/// What the origin must have seen of `cases`, and nothing else.
fn judge(seed: u64, record: &Record, cases: &[Case]) {
    assert_eq!(record.faults(), Vec::<String>::new(), "seed {seed}");
    let mut seen: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
    for request in record.requests() {
        assert!(request.values("x-hop").is_empty(), "seed {seed}: a header of one hop went on");
        seen.entry(request.target).or_default().push(request.body);
    }
    for case in cases {
        let arrived = seen.remove(&case.target).unwrap_or_default();
        let right = match &case.fate {
            Fate::Arrives(body) => arrived == [body.clone()],
            Fate::MayArrive(body) => arrived.is_empty() || arrived == [body.clone()],
            Fate::Refused => arrived.is_empty(),
        };
        assert!(right, "seed {seed}: of {} ({}) the origin saw {arrived:?}, where {:?}", case.target, case.name, case.fate);
    }
    assert!(seen.is_empty(), "seed {seed}: the origin saw requests that were never sent: {seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_over_http1_is_split_merged_or_lost() {
    let (record, upstream) = origin().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let (seed, mut random) = random();
    let mut cases: Vec<Case> = Vec::new();
    while cases.len() < 1_400 {
        // The last request of a connection may be one after which the connection has to end.
        let pipelined = random.usize(1..=5);
        let batch: Vec<_> = (1..=pipelined).map(|at| case(&mut random, cases.len() + at, at == pipelined)).collect();
        let wire = batch.iter().flat_map(|case| case.bytes.iter().copied()).collect::<Vec<_>>();
        let answers = exchange(&pointsman, &wire).await;
        let good = answers.matches("HTTP/1.1 200 OK").count();
        let least = batch.iter().filter(|case| matches!(case.fate, Fate::Arrives(_))).count();
        let most = batch.iter().filter(|case| case.fate != Fate::Refused).count();
        let names: Vec<_> = batch.iter().map(|case| case.name).collect();
        assert!((least..=most).contains(&good), "seed {seed}: {names:?} got {answers}");
        cases.extend(batch);
    }
    judge(seed, &record, &cases);
}

/// Sends `wire` and returns all that comes back until the connection ends.
async fn exchange(pointsman: &Pointsman, wire: &[u8]) -> String {
    let mut stream = TcpStream::connect(pointsman.rest).await.expect("accepted");
    let (mut reading, mut writing) = stream.split();
    let mut answers = Vec::new();
    // Pointsman may refuse and close before it has taken all: what it said still counts.
    let (_, read) = tokio::join!(writing.write_all(wire), tokio::time::timeout(PATIENCE, reading.read_to_end(&mut answers)));
    let _ = read.expect("the connection is closed in time");
    String::from_utf8_lossy(&answers).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_over_http2_is_split_merged_or_lost() {
    let (record, upstream) = origin().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let (seed, mut random) = random();
    let mut cases = Vec::new();
    let mut sender = dial(pointsman.rest).await;
    for number in 0..600 {
        let body = hostile(&mut random);
        let length = body.len();
        let (name, lengths, fate): (_, Vec<usize>, _) = match random.usize(..6) {
            0 | 1 => ("a length", vec![length], Fate::Arrives(body.clone())),
            2 => ("no length", vec![], Fate::Arrives(body.clone())),
            3 => ("two equal lengths", vec![length, length], Fate::MayArrive(body.clone())),
            4 => ("a length that is too small", vec![length - 1], Fate::Refused),
            _ => ("a length that is too large", vec![length + 1], Fate::Refused),
        };
        let target = format!("/collections/docs/points/count?case={number}");
        let mut request = Request::post(format!("http://x{target}"));
        for length in lengths {
            request = request.header("content-length", length);
        }
        if sender.clone().ready().await.is_err() {
            sender = dial(pointsman.rest).await;
        }
        let (answer, mut out) = sender.send_request(request.body(()).expect("a request"), false).expect("the connection takes a stream");
        let cut = random.usize(..=length);
        // A stream that was refused by now takes no more; its answer says so.
        let _ = out.send_data(Bytes::copy_from_slice(&body[..cut]), false);
        let _ = out.send_data(Bytes::copy_from_slice(&body[cut..]), true);
        let answered = tokio::time::timeout(PATIENCE, answer).await.expect("an answer or a reset in time");
        let good = answered.is_ok_and(|answer| answer.status() == 200);
        match fate {
            Fate::Arrives(_) => assert!(good, "seed {seed}: {name} was not answered"),
            Fate::Refused => assert!(!good, "seed {seed}: {name} was answered"),
            Fate::MayArrive(_) => {}
        }
        cases.push(Case { name, target, bytes: Vec::new(), fate });
    }
    judge(seed, &record, &cases);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_refusal_of_a_connection_header_says_which_name_it_is_about() {
    let (record, upstream) = origin().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    for name in ["Content-Length", "transfer-encoding", "HOST", "authorization", "api-key", "cookie", "forwarded"] {
        let wire = format!(
            "POST /collections/docs/points/count HTTP/1.1\r\nhost: x\r\nconnection: close, {name}\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        let answer = exchange(&pointsman, wire.as_bytes()).await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
        assert!(head.starts_with("HTTP/1.1 400") && head.contains("x-pointsman-error: bad-request"), "{name}: {head}");
        assert!(body.contains(&format!("`{}`", name.to_ascii_lowercase())), "{name}: {body}");
    }
    assert!(record.requests().is_empty() && record.faults().is_empty(), "nothing reached the origin");
}
