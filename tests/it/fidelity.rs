//! What HTTP and gRPC allow besides the plain case, as it looks on both sides of Pointsman.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use qdrant_client::qdrant::{CountPoints, CountResponse, CountResult};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{PATIENCE, Pointsman, Upstream};
use crate::peer::{self, field};
use crate::strict;
use crate::wire::{call, dial, framed};

/// What a REST upstream was sent: heads, and bodies as they were framed.
type Seen = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// An upstream that takes note of all requests and answers each in these words.
async fn recording(answer: &'static str) -> (Seen, Upstream, Pointsman) {
    let seen = Seen::default();
    let record = Arc::clone(&seen);
    let upstream = peer::rest(move |mut exchange| {
        let record = Arc::clone(&record);
        async move {
            while let Some(head) = exchange.head().await {
                let chunked = field(&head, "transfer-encoding").is_some();
                let body = if chunked { exchange.chunks().await } else { exchange.body(&head).await };
                record.lock().expect("no panic").push((head, body));
                exchange.say(answer).await;
            }
        }
    })
    .await;
    let pointsman = Pointsman::start(&upstream, "").await;
    (seen, upstream, pointsman)
}

/// Reads until this has come.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    let ended = async {
        while !read.ends_with(end.as_bytes()) {
            assert_ne!(stream.read_buf(&mut read).await.expect("open"), 0, "closed after {}", String::from_utf8_lossy(&read));
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("it comes in time");
    String::from_utf8(read).expect("text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_waits_for_100_continue_is_asked_for_its_body() {
    let (seen, _upstream, pointsman) = recording("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let mut client = TcpStream::connect(pointsman.rest).await.expect("accepted");
    let head = "PUT /collections/docs/points HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n";
    client.write_all(head.as_bytes()).await.expect("taken");
    assert_eq!(read_until(&mut client, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"12345").await.expect("taken");
    // This upstream says 100 only behind the body, so Pointsman has said it on its own by then; it is not said twice.
    let answer = read_until(&mut client, "ok").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let seen = seen.lock().expect("no panic");
    let (head, body) = &seen[0];
    assert_eq!((body.as_slice(), field(head, "expect")), (&b"12345"[..], Some("100-continue")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_to_head_has_a_length_and_no_body() {
    let (seen, _upstream, pointsman) = recording("HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n").await;
    let mut client = TcpStream::connect(pointsman.rest).await.expect("accepted");
    let began = Instant::now();
    // Twice over the same connections: whoever waited for a body on either side would not get to the second.
    for _ in 0..2 {
        client.write_all(b"HEAD /collections/docs HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("taken");
        let head = read_until(&mut client, "\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert_eq!(field(&head, "content-length"), Some("1234"));
    }
    let took = began.elapsed();
    let reuses = pointsman.events("upstream_reuses_total").await;
    // What nobody used for `timeouts.idle_rest`, which must stay below 5 s, is rightly closed.
    assert!(reuses == 1 || (reuses == 0 && took >= Duration::from_secs(4)), "{reuses} after {took:?}");
    assert!(seen.lock().expect("no panic").iter().all(|(head, _)| head.starts_with("HEAD /collections/docs HTTP/1.1\r\n")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_stream_both_ways() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
    let (seen, _upstream, pointsman) = recording(chunked).await;
    let mut client = TcpStream::connect(pointsman.rest).await.expect("accepted");
    for _ in 0..2 {
        let head = "POST /collections/docs/points/query HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
        for piece in [head, "4;ext=1\r\n{\"a\"", "\r\n3\r\n:1}\r\n", "0\r\ntrailing: field\r\n\r\n"] {
            client.write_all(piece.as_bytes()).await.expect("taken");
        }
        let answer = read_until(&mut client, "\r\n0\r\n\r\n").await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert_eq!((field(head, "transfer-encoding"), field(head, "content-length")), (Some("chunked"), None));
        assert_eq!(content(body.as_bytes()), b"abcde");
    }
    for (head, body) in seen.lock().expect("no panic").iter() {
        assert_eq!((field(head, "transfer-encoding"), field(head, "content-length")), (Some("chunked"), None));
        assert_eq!(content(body), b"{\"a\":1}");
    }
}

/// What chunks without extensions hold.
fn content(mut framed: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let line = framed.windows(2).position(|pair| pair == b"\r\n").expect("a line");
        let length = usize::from_str_radix(std::str::from_utf8(&framed[..line]).expect("digits"), 16).expect("a number");
        content.extend_from_slice(&framed[line + 2..][..length]);
        framed = &framed[line + length + 4..];
        if length == 0 {
            return content;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_of_the_connection_end_here_and_the_client_is_named() {
    let (seen, _upstream, pointsman) = recording(
        "HTTP/1.1 200 OK\r\nkeep-alive: timeout=5\r\nconnection: X-Mine\r\nx-mine: 1\r\nx-pointsman-variant: forged\r\n\
         content-length: 0\r\n\r\n",
    )
    .await;
    let mut client = TcpStream::connect(pointsman.rest).await.expect("accepted");
    let request = "GET /collections HTTP/1.1\r\nhost: public.example\r\nconnection: x-hop\r\nx-hop: 1\r\nx-end: 2\r\nte: trailers\r\n\
                   api-key: k\r\nx-forwarded-for: 10.0.0.9\r\nx-pointsman-decision: forged\r\n\r\n";
    client.write_all(request.as_bytes()).await.expect("taken");
    let answer = read_until(&mut client, "\r\n\r\n").await;
    for gone in ["keep-alive", "x-mine", "x-pointsman-variant"] {
        assert_eq!(field(&answer, gone), None, "{gone} went on");
    }
    let seen = seen.lock().expect("no panic");
    let head = &seen[0].0;
    for gone in ["x-hop", "te", "via", "x-pointsman-decision"] {
        assert_eq!(field(head, gone), None, "{gone} went on");
    }
    for (name, value) in [("x-end", "2"), ("api-key", "k"), ("x-forwarded-for", "10.0.0.9, 127.0.0.1")] {
        assert_eq!(field(head, name), Some(value));
    }
    assert_eq!(field(head, "forwarded"), Some("for=127.0.0.1;proto=http"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cookies_in_several_fields_arrive_as_one() {
    let (record, upstream) = strict::origin().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let request = http::Request::get("http://x/collections").header("cookie", "a=1").header("cookie", "b=2; c=3").header("cookie", "d=4");
    let sent = dial(pointsman.rest).await.send_request(request.body(()).expect("a request"), true).expect("the connection takes a stream");
    let answer = tokio::time::timeout(PATIENCE, sent.0).await.expect("an answer in time").expect("an answer");
    assert_eq!((answer.status().as_u16(), record.requests()[0].values("cookie")), (200, vec!["a=1; b=2; c=3; d=4"]));
}

/// In chunks to an HTTP/1.1 client, by a length, and over HTTP/2: an answer that breaks off never looks like a whole one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_cut_short_is_seen_to_be() {
    for (upstream_says, whole) in [
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", "0\r\n\r\n"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "0\r\n\r\n"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe", "0\r\n\r\n"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello", "hellohello"),
    ] {
        let upstream = peer::rest(move |mut exchange| async move {
            exchange.head().await;
            exchange.say(upstream_says).await;
        })
        .await;
        let pointsman = Pointsman::start(&upstream, "").await;
        let mut client = TcpStream::connect(pointsman.rest).await.expect("accepted");
        client.write_all(b"GET /collections HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("taken");
        let mut answer = Vec::new();
        // A reset is a sign as well.
        let _ = tokio::time::timeout(PATIENCE, client.read_to_end(&mut answer)).await.expect("the connection is closed");
        let answer = String::from_utf8_lossy(&answer);
        // Nothing at all, where the break was known before the head had gone out.
        assert!(!answer.ends_with(whole), "of {upstream_says:?} came {answer:?}");
        let request = http::Request::get("http://x/collections").body(()).expect("a request");
        let sent = dial(pointsman.rest).await.send_request(request, true).expect("the connection takes a stream");
        let end = tokio::time::timeout(PATIENCE, async {
            let mut body = sent.0.await?.into_body();
            while let Some(chunk) = body.data().await {
                chunk?;
            }
            Ok::<_, h2::Error>(())
        });
        assert!(end.await.expect("an end in time").is_err(), "over HTTP/2 {upstream_says:?} looked whole");
    }
}

fn count() -> Bytes {
    framed(&CountPoints { collection_name: "docs".to_owned(), ..CountPoints::default() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_goes_both_ways_and_so_do_trailers() {
    let seen = Arc::new(Mutex::new(HeaderMap::new()));
    let record = Arc::clone(&seen);
    let upstream = peer::grpc(move |mut call| {
        let record = Arc::clone(&record);
        async move {
            call.body().await;
            record.lock().expect("no panic").clone_from(call.request.headers());
            let mut head = peer::headers();
            head.headers_mut().insert("x-initial", "i".parse().expect("a value"));
            head.headers_mut().insert("x-pointsman-variant", "forged".parse().expect("a value"));
            let mut stream = call.respond.send_response(head, false).expect("open");
            let message = CountResponse { result: Some(CountResult { count: 7 }), ..CountResponse::default() };
            stream.send_data(framed(&message), false).expect("open");
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", 0.into());
            trailers.insert("x-trailing-bin", "AAE=".parse().expect("a value"));
            trailers.insert("x-pointsman-error", "forged".parse().expect("a value"));
            stream.send_trailers(trailers).expect("open");
        }
    })
    .await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let sent = [("grpc-timeout", "4500m"), ("x-openai-api-key", "k"), ("x-bin-bin", "AAE="), ("x-pointsman-variant", "forged")];
    let ended = call(pointsman.grpc, "qdrant.Points/Count", &sent, count()).await;
    assert_eq!((ended.status(), ended.message::<CountResponse>().result.map(|result| result.count)), ("0", Some(7)));
    assert_eq!(ended.headers["x-initial"], "i");
    assert!(!ended.headers.contains_key("x-pointsman-variant"), "an upstream cannot pretend a variant");
    let trailers = ended.trailers.expect("trailers");
    assert_eq!((&trailers["x-trailing-bin"], trailers.get("x-pointsman-error")), (&"AAE=".parse().expect("a value"), None));
    let seen = seen.lock().expect("no panic");
    for (name, value) in &sent[..3] {
        assert_eq!(seen[*name], *value);
    }
    assert_eq!((&seen["te"], seen.get("x-pointsman-variant")), (&"trailers".parse().expect("a value"), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_in_the_headers_stays_in_the_headers() {
    let upstream = peer::grpc(|mut call| async move {
        call.body().await;
        let mut head = peer::headers();
        for (name, value) in [("grpc-status", "9"), ("grpc-message", "not%20now"), ("x-more", "m")] {
            head.headers_mut().insert(name, value.parse().expect("a value"));
        }
        call.respond.send_response(head, true).expect("open");
    })
    .await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let ended = call(pointsman.grpc, "qdrant.Points/Count", &[], count()).await;
    for (name, value) in [("grpc-status", "9"), ("grpc-message", "not%20now"), ("x-more", "m")] {
        assert_eq!(ended.headers[name], value);
    }
    assert!(ended.headers_only && ended.body.is_empty() && ended.trailers.is_none());
    assert!(!ended.headers.contains_key("x-pointsman-error"), "it is the upstream's error");
}
