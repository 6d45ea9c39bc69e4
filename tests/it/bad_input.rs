//! What nobody should send: a clear refusal of the right shape, and nothing behind it.

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection};
use crate::wire::{call, frame};

async fn house(extra: &str) -> (Upstream, Pointsman) {
    let upstream = Upstream::sandbox().await;
    collection(&upstream.rest, "docs_v1").await;
    alias(&upstream.rest, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, extra).await;
    (upstream, pointsman)
}

/// Sends raw bytes and returns all that comes back before the connection ends.
async fn raw(pointsman: &Pointsman, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(pointsman.rest).await.expect("accepted");
    stream.write_all(bytes).await.expect("taken");
    let mut answer = Vec::new();
    // A reset after a refusal is as good as an end.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection is closed");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_http_is_refused_and_closed() {
    let (upstream, pointsman) = house("").await;
    let seen = upstream.engine().log.count(&Default::default());
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(200 * 1024));
    for (input, status) in [
        (b"POST /collections/docs/points/query HTTP/1.1\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}".as_slice(), "400"),
        (b"GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", "400"),
        (b"GET  / HTTP/1.1\r\n bad\r\n\r\n", "400"),
        (b"\x00\x01\x02\x03\r\n\r\n", "400"),
        (long.as_bytes(), "431"),
        (b"CONNECT example:443 HTTP/1.1\r\nhost: example:443\r\nconnection: close\r\n\r\n", "405"),
    ] {
        let answer = raw(&pointsman, input).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{:?} was answered {answer:?}",
            String::from_utf8_lossy(&input[..input.len().min(60)])
        );
    }
    assert_eq!(upstream.engine().log.count(&Default::default()), seen, "nothing reached the upstream");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_framings_never_reach_the_upstream_as_two() {
    let (_upstream, pointsman) = house("").await;
    // The body is what the chunks say; what the length would have hidden is not a second request.
    let smuggled = b"POST /collections/docs/points/count HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    let answer = raw(&pointsman, smuggled).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_heads_are_cut_off() {
    let (_upstream, pointsman) = house("listen: {head_timeout: 1s}").await;
    for begun in [b"".as_slice(), b"P", b"PRI * HTTP", b"GET / HTTP/1.1\r\nx: "] {
        let answer = raw(&pointsman, begun).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{:?} was answered {answer:?}", String::from_utf8_lossy(begun));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_cannot_be_are_answered_as_qdrant_answers_them() {
    let (upstream, pointsman) = house("").await;
    let http = &pointsman.http;
    for path in [
        "/collections/a%2Fb/points/4",
        "/collections/%FF/points/4",
        "/collections/%00/points/4",
        "/nothing",
        &format!("/collections/{}", "x".repeat(256)),
    ] {
        let direct = http.get(format!("{}{path}", upstream.rest)).send().await.expect("an answer");
        let through = http.get(pointsman.rest(path)).send().await.expect("an answer");
        assert_eq!(through.status(), direct.status(), "{path}");
    }
}

/// One unary call with this body; its `grpc-status` and `x-pointsman-error` in the headers, where refusals stand.
async fn count(pointsman: &Pointsman, body: Bytes) -> (Option<String>, Option<String>) {
    let length = body.len().to_string();
    let ended = call(pointsman.grpc, "qdrant.Points/Count", &[("content-length", &length), ("x-user-id", "u")], body).await;
    let text = |name: &str| ended.headers.get(name).map(|value| value.to_str().expect("text").to_owned());
    (text("grpc-status"), text("x-pointsman-error"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_grpc_framing_is_refused_without_a_call_upstream() {
    let (upstream, pointsman) = house("").await;
    let seen = upstream.engine().log.count(&Default::default());
    for (what, body) in [
        ("half a prefix", Bytes::from_static(&[0, 0])),
        ("a length larger than the body", frame(0, 100, b"\x0a\x04docs")),
        ("an unknown flag", frame(7, 6, b"\x0a\x04docs")),
        ("a field of no type", frame(0, 2, b"\x0f\x00")),
        ("a field that ends outside", frame(0, 3, b"\x0a\x09d")),
    ] {
        let (status, slug) = count(&pointsman, body).await;
        assert_eq!((status.as_deref(), slug.as_deref()), (Some("3"), Some("bad-request")), "{what}");
    }
    assert_eq!(upstream.engine().log.count(&Default::default()), seen, "nothing reached the upstream");
    let (status, slug) = count(&pointsman, frame(0, 6, b"\x0a\x04docs")).await;
    assert_eq!((status, slug), (None, None), "a good call still works, with its status in the trailers");
    // Renaming changes the length of the body; the length the client stated must not go on.
    pointsman.split("docs", "docs_v1", 0, 100).await;
    let (status, slug) = count(&pointsman, frame(0, 6, b"\x0a\x04docs")).await;
    assert_eq!((status, slug), (None, None));
    let candidate = pointsman.variant("docs", "candidate").await;
    assert_eq!((&candidate["requests"], &candidate["fallbacks"]), (&1.into(), &0.into()), "{candidate}");
    pointsman.idle().await;
}
