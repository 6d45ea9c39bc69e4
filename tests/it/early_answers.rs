//! Answers that come before the request is complete: the client sees them, even while it still sends, and its connection goes on
//! where that is cheap.

use bytes::Bytes;
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{PATIENCE, Pointsman, Upstream};
use crate::peer;
use crate::wire::dial;

const PUT: &str = "PUT /collections/docs/points HTTP/1.1\r\nhost: x\r\n";
/// Larger than all buffers on the way, as a batch of points is.
const LARGE: usize = 40 << 20;

/// An upstream that refuses by the head alone, and never reads the body.
async fn refusing() -> Upstream {
    peer::rest(|mut exchange| async move {
        while let Some(_head) = exchange.head().await {
            exchange.say("HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno").await;
        }
    })
    .await
}

/// An upstream whose REST port nothing listens at.
async fn gone() -> Upstream {
    Upstream { rest: format!("http://{}", peer::refusing_port()), ..Upstream::sandbox().await }
}

/// Sends a whole body over HTTP/1.1 before it reads, as many clients do; the answer's head.
async fn over_http1(pointsman: &Pointsman, framing: &str, body: &[u8]) -> String {
    let mut client = TcpStream::connect(pointsman.rest).await.expect("accepted");
    let sent = async {
        client.write_all(format!("{PUT}{framing}\r\n").as_bytes()).await?;
        client.write_all(body).await
    };
    tokio::time::timeout(PATIENCE, sent).await.expect("taken in time").expect("taken to the end");
    let mut answer = Vec::new();
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = tokio::time::timeout(PATIENCE, client.read_buf(&mut answer)).await.expect("an answer in time");
        assert_ne!(read.expect("the answer is not lost"), 0, "closed after {:?}", String::from_utf8_lossy(&answer));
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The same over HTTP/2; the status.
async fn over_http2(pointsman: &Pointsman, body: usize) -> u16 {
    let sender = dial(pointsman.rest).await;
    let request = Request::put("http://x/collections/docs/points").body(()).expect("a request");
    let (answer, mut out) = sender.clone().send_request(request, false).expect("the connection takes a stream");
    let sending = async {
        let mut left = Bytes::from(vec![b'x'; body]);
        while !left.is_empty() {
            out.reserve_capacity(left.len());
            let room = std::future::poll_fn(|cx| out.poll_capacity(cx)).await.expect("the stream is not reset").expect("room");
            out.send_data(left.split_to(room.min(left.len())), left.is_empty()).expect("the stream is not reset");
        }
    };
    tokio::time::timeout(PATIENCE, sending).await.expect("taken in time");
    tokio::time::timeout(PATIENCE, answer).await.expect("an answer in time").expect("the answer is not lost").status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_reaches_clients_that_send_all_of_a_large_body_first() {
    for (upstream, status) in [(refusing().await, 401), (gone().await, 502)] {
        let pointsman = Pointsman::start(&upstream, "").await;
        for size in [10_000, 200_000, 2_000_000, LARGE] {
            let answer = over_http1(&pointsman, &format!("content-length: {size}\r\n"), &vec![b'x'; size]).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{size} bytes with a length: {answer}");
            let chunk = [format!("{size:x}\r\n").as_bytes(), &vec![b'x'; size], b"\r\n0\r\n\r\n"].concat();
            let answer = over_http1(&pointsman, "transfer-encoding: chunked\r\n", &chunk).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{size} bytes in a chunk: {answer}");
            assert_eq!(over_http2(&pointsman, size).await, status, "{size} bytes over HTTP/2");
        }
        pointsman.idle().await;
    }
}

/// A client that keeps its connection must not meet a closed one with its next request, which may be a write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_goes_on_after_a_refusal_or_says_that_it_does_not() {
    let pointsman = Pointsman::start(&gone().await, "").await;
    let mut client = TcpStream::connect(pointsman.rest).await.expect("accepted");
    for turn in 0..3 {
        // The body in a packet of its own, behind an answer that does not need it.
        client.write_all(format!("{PUT}content-length: 5\r\n\r\n").as_bytes()).await.expect("the connection is open");
        client.write_all(b"12345").await.expect("the connection is open");
        let answer = head_of(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 502 ") && !answer.contains("connection: close"), "{turn}: {answer}");
    }
    client.write_all(format!("{PUT}content-length: {LARGE}\r\n\r\n").as_bytes()).await.expect("the connection is open");
    let answer = head_of(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 502 ") && answer.contains("connection: close"), "{answer}");
}

/// One answer with a length, whole; its head.
async fn head_of(client: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= peer::field(head, "content-length").map_or(0, |length| length.parse().expect("a number"))
        {
            return head.to_owned();
        }
        let more = tokio::time::timeout(PATIENCE, client.read_buf(&mut read)).await.expect("an answer in time");
        assert_ne!(more.expect("the connection is open"), 0, "closed after {text:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_waits_to_be_asked_is_asked_by_the_upstream_alone() {
    let upstream = peer::rest(|mut exchange| async move {
        let Some(head) = exchange.head().await else { return };
        assert_eq!(peer::field(&head, "expect"), Some("100-continue"));
        if peer::field(&head, "api-key") != Some("right") {
            return exchange.say("HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno").await;
        }
        exchange.say("HTTP/1.1 100 Continue\r\n\r\n").await;
        assert_eq!(exchange.body(&head).await, b"12345");
        exchange.ok().await;
    })
    .await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let head = |key| format!("{PUT}content-length: 5\r\nexpect: 100-continue\r\napi-key: {key}\r\n\r\n");
    let mut client = TcpStream::connect(pointsman.rest).await.expect("accepted");
    client.write_all(head("wrong").as_bytes()).await.expect("taken");
    let answer = head_of(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("connection: close"), "it was not asked for a body: {answer}");
    let mut client = TcpStream::connect(pointsman.rest).await.expect("accepted");
    client.write_all(head("right").as_bytes()).await.expect("taken");
    assert_eq!(head_of(&mut client).await, "HTTP/1.1 100 Continue");
    client.write_all(b"12345").await.expect("taken");
    assert!(head_of(&mut client).await.starts_with("HTTP/1.1 200 "));
}
