//! Whoever reads slowly slows down whoever sends, and nothing piles up in between: 200 MB each way, over both protocols.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::{RecvStream, SendStream};
use http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::house::{PATIENCE, Pointsman, peak_memory};
use crate::peer;
use crate::wire::{dial, frame, head};

const CHUNK: usize = 256 * 1024;
const CHUNKS: u64 = 800;
const WHOLE: u64 = CHUNKS * CHUNK as u64;
/// Windows, buffers and one allocator's habits; a body would be six times as much.
const BOUND: u64 = 32 << 20;

/// What one side has sent, and when the other side is to begin reading.
#[derive(Default)]
struct Flow {
    sent: AtomicU64,
    read: Notify,
}

impl Flow {
    /// Waits until something was sent and then nothing more for a while: every buffer on the way is full.
    async fn stuck(&self) {
        let stuck = async {
            let (mut last, mut same) = (0, 0);
            while same < 10 {
                tokio::time::sleep(Duration::from_millis(50)).await;
                let now = self.sent.load(Ordering::Acquire);
                same = if now == last && now > 0 { same + 1 } else { 0 };
                last = now;
            }
        };
        tokio::time::timeout(PATIENCE, stuck).await.expect("the sender has to stop");
        let sent = self.sent.load(Ordering::Acquire);
        assert!(sent < WHOLE, "all was taken though nobody reads");
    }
}

/// Lets one side send until it has to stop, then the other read it all; returns what `reading` did.
async fn transfer<T>(pointsman: &Pointsman, flow: &Flow, reading: impl Future<Output = T>) -> T {
    let pid = pointsman.child.id().expect("it runs");
    let before = peak_memory(pid);
    flow.stuck().await;
    let stuck = peak_memory(pid) - before;
    assert!(stuck < BOUND, "memory grew by {stuck} bytes while nobody read");
    flow.read.notify_one();
    let done = tokio::time::timeout(PATIENCE * 4, reading).await.expect("all of it in time");
    let grown = peak_memory(pid) - before;
    assert!(grown < BOUND, "memory grew by {grown} bytes for a body of {WHOLE} bytes");
    pointsman.idle().await;
    done
}

/// Sends zeros no faster than the other side takes them.
async fn pour(stream: &mut SendStream<Bytes>, flow: &Flow, end: bool) {
    for turn in 1..=CHUNKS {
        let mut chunk = Bytes::from(vec![0; CHUNK]);
        while !chunk.is_empty() {
            stream.reserve_capacity(chunk.len());
            let room = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await.expect("the stream is open").expect("room");
            let piece = chunk.split_to(room.min(chunk.len()));
            flow.sent.fetch_add(piece.len() as u64, Ordering::Release);
            stream.send_data(piece, end && turn == CHUNKS && chunk.is_empty()).expect("the stream is open");
        }
    }
}

/// Reads to the end; how much it was.
async fn drain(stream: &mut RecvStream) -> u64 {
    let mut seen = 0;
    while let Some(chunk) = stream.data().await {
        let chunk = chunk.expect("it comes whole");
        seen += chunk.len() as u64;
        stream.flow_control().release_capacity(chunk.len()).expect("what was taken");
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rest_client_that_does_not_read_stops_the_upstream() {
    let flow = Arc::new(Flow::default());
    let sending = Arc::clone(&flow);
    let upstream = peer::rest(move |mut exchange| {
        let flow = Arc::clone(&sending);
        async move {
            let Some(head) = exchange.head().await else { return };
            exchange.body(&head).await;
            exchange.say(&format!("HTTP/1.1 200 OK\r\ncontent-length: {WHOLE}\r\n\r\n")).await;
            let chunk = vec![0; CHUNK];
            for _ in 0..CHUNKS {
                exchange.stream.write_all(&chunk).await.expect("taken in the end");
                flow.sent.fetch_add(CHUNK as u64, Ordering::Release);
            }
        }
    })
    .await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let mut client = TcpStream::connect(pointsman.rest).await.expect("accepted");
    client.write_all(b"GET /collections/docs/points/1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.expect("taken");
    let reading = async {
        flow.read.notified().await;
        tokio::io::copy(&mut client, &mut tokio::io::sink()).await.expect("it comes whole")
    };
    let read = transfer(&pointsman, &flow, reading).await;
    assert!((WHOLE..WHOLE + 4096).contains(&read), "{read} bytes with the head");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grpc_client_that_does_not_read_stops_the_upstream() {
    let flow = Arc::new(Flow::default());
    let sending = Arc::clone(&flow);
    let upstream = peer::grpc(move |mut call| {
        let flow = Arc::clone(&sending);
        async move {
            let mut stream = call.respond.send_response(peer::headers(), false).expect("open");
            pour(&mut stream, &flow, false).await;
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", 0.into());
            stream.send_trailers(trailers).expect("open");
        }
    })
    .await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let mut sender = dial(pointsman.grpc).await;
    let (answer, mut out) = sender.send_request(head("qdrant.Points/Scroll", &[]), false).expect("sent");
    out.send_data(frame(0, 6, b"\x0a\x04docs"), true).expect("sent");
    let mut answer = answer.await.expect("an answer").into_body();
    let reading = async {
        flow.read.notified().await;
        let read = drain(&mut answer).await;
        (read, answer.trailers().await.expect("whole").expect("trailers"))
    };
    let (read, trailers) = transfer(&pointsman, &flow, reading).await;
    assert_eq!((read, trailers["grpc-status"].as_bytes()), (WHOLE, &b"0"[..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rest_upstream_that_does_not_read_stops_the_client() {
    let flow = Arc::new(Flow::default());
    let reading = Arc::clone(&flow);
    let upstream = peer::rest(move |mut exchange| {
        let flow = Arc::clone(&reading);
        async move {
            let Some(_) = exchange.head().await else { return };
            flow.read.notified().await;
            let seen = exchange.swallow(WHOLE).await;
            exchange.say(&peer::answer(&seen.to_string())).await;
        }
    })
    .await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let (mut answer, mut out) = TcpStream::connect(pointsman.rest).await.expect("accepted").into_split();
    let sending = Arc::clone(&flow);
    let upload = tokio::spawn(async move {
        let head = format!("PUT /collections/docs/points HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {WHOLE}\r\n\r\n");
        out.write_all(head.as_bytes()).await.expect("taken");
        let chunk = vec![0; CHUNK];
        for _ in 0..CHUNKS {
            out.write_all(&chunk).await.expect("taken in the end");
            sending.sent.fetch_add(CHUNK as u64, Ordering::Release);
        }
        out
    });
    let mut text = String::new();
    transfer(&pointsman, &flow, answer.read_to_string(&mut text)).await.expect("an answer");
    upload.await.expect("it was sent whole");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with(&format!("\r\n\r\n{WHOLE}")), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grpc_upstream_that_does_not_read_stops_the_client() {
    let flow = Arc::new(Flow::default());
    let reading = Arc::clone(&flow);
    let upstream = peer::grpc(move |mut call| {
        let flow = Arc::clone(&reading);
        async move {
            flow.read.notified().await;
            let seen = drain(call.request.body_mut()).await;
            call.message(&seen);
        }
    })
    .await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let mut sender = dial(pointsman.grpc).await;
    let (answer, mut out) = sender.send_request(head("qdrant.Points/Upsert", &[]), false).expect("sent");
    // The name, and then a field of the rest of the message, whose length takes four bytes and its number two.
    let field = u32::try_from(WHOLE).expect("fits");
    let mut beginning = b"\x0a\x04docs".to_vec();
    prost::encoding::encode_key(1000, prost::encoding::WireType::LengthDelimited, &mut beginning);
    prost::encoding::encode_varint(field.into(), &mut beginning);
    let length = u32::try_from(beginning.len()).expect("fits") + field;
    let beginning = frame(0, length, &beginning);
    let before = beginning.len() as u64;
    out.send_data(beginning, false).expect("sent");
    let sending = Arc::clone(&flow);
    let upload = tokio::spawn(async move { pour(&mut out, &sending, true).await });
    let reading = async {
        let (head, mut body) = answer.await.expect("an answer").into_parts();
        assert!(!head.headers.contains_key("grpc-status"), "{head:?}");
        let message = body.data().await.expect("a message").expect("whole");
        body.flow_control().release_capacity(message.len()).expect("what was taken");
        <u64 as prost::Message>::decode(&message[5..]).expect("a number")
    };
    let seen = transfer(&pointsman, &flow, reading).await;
    upload.await.expect("it was sent whole");
    assert_eq!(seen, before + WHOLE);
}
