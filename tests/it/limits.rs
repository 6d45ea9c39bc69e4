//! Bounds: requests at once, aborted requests, large bodies, and the end of the process.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, peak_memory, query};
use crate::stop;

const QUERY: &str = "/collections/docs/points/query";

async fn slow_house(extra: &str, fault: serde_json::Value) -> (Upstream, Pointsman) {
    let upstream = Upstream::sandbox().await;
    collection(&upstream.rest, "docs_v1").await;
    alias(&upstream.rest, "docs", "docs_v1").await;
    upstream.engine().faults.set("docs_v1", serde_json::from_value(fault).expect("a fault")).expect("a valid fault");
    let pointsman = Pointsman::start(&upstream, extra).await;
    (upstream, pointsman)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_much_is_shed_clearly() {
    let (gate, upstream) = stop::held().await;
    let pointsman = Pointsman::start(&upstream, "limits: {max_requests: 2}").await;
    let held: Vec<_> = (0..2).map(|_| tokio::spawn(pointsman.http.post(pointsman.rest(QUERY)).json(&query()).send())).collect();
    let full = async {
        while pointsman.status().await["workers"]
            .as_array()
            .expect("workers")
            .iter()
            .map(|worker| worker["in_flight"].as_u64().unwrap_or(0))
            .sum::<u64>()
            < 2
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, full).await.expect("both are in flight");
    let shed = pointsman.http.post(pointsman.rest(QUERY)).json(&query()).send().await.expect("an answer");
    assert_eq!(shed.status(), 429);
    assert_eq!(shed.headers()["x-pointsman-error"], "overloaded");
    assert!(shed.headers().contains_key("retry-after"));
    let body: serde_json::Value = shed.json().await.expect("Qdrant's shape");
    assert!(body["status"]["error"].as_str().is_some_and(|text| text.contains("limits.max_requests")), "{body}");
    gate.add_permits(2);
    for request in held {
        assert_eq!(request.await.expect("no panic").expect("an answer").status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_aborted_requests_leave_nothing_behind() {
    let (_upstream, pointsman) = slow_house("", json!({"latency": {"distribution": "fixed", "ms": 30000.0}})).await;
    let body = query().to_string();
    let head = format!("POST {QUERY} HTTP/1.1\r\nhost: x\r\nx-user-id: 1\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    for _ in 0..20 {
        let mut open = Vec::new();
        for _ in 0..50 {
            let mut stream = TcpStream::connect(pointsman.rest).await.expect("accepted");
            stream.write_all(head.as_bytes()).await.expect("taken");
            open.push(stream);
        }
        drop(open);
    }
    // Only then is it known that none of them still waits to be accepted.
    pointsman.closed(1_000).await;
    pointsman.idle().await;
    let status = pointsman.status().await;
    assert!(status["workers"].as_array().expect("workers").iter().all(|worker| worker["in_flight"] == 0), "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_megabytes_stream_through_bounded_memory() {
    const CHUNK: usize = 1 << 20;
    const CHUNKS: usize = 200;
    let upstream = Upstream::sandbox().await;
    collection(&upstream.rest, "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let pid = pointsman.child.id().expect("it runs");
    let before = peak_memory(pid);
    // Not JSON, so that the upstream refuses it at its end: what counts here is the way there.
    let chunks = stream::iter((0..CHUNKS).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; CHUNK]))));
    let url = pointsman.rest("/collections/docs_v1/points");
    let sent = pointsman.http.put(url).body(reqwest::Body::wrap_stream(chunks)).send().await;
    // The upstream may answer before it has read everything; either way the process must not have held the body.
    if let Ok(answer) = sent {
        assert!(answer.status().is_client_error(), "{}", answer.status());
    }
    let grown = peak_memory(pid) - before;
    assert!(grown < 64 << 20, "memory grew by {grown} bytes for a body of {} bytes", CHUNK * CHUNKS);
    pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_finishes_what_is_under_way() {
    // Long enough for a look to fall into it.
    let (_upstream, mut pointsman) = slow_house("", json!({"latency": {"distribution": "fixed", "ms": 8000.0}})).await;
    let mut idle = TcpStream::connect(pointsman.rest).await.expect("accepted");
    let under_way = tokio::spawn(pointsman.http.post(pointsman.rest(QUERY)).json(&query()).send());
    let begun = async {
        while pointsman.status().await["workers"].as_array().expect("workers").iter().all(|worker| worker["in_flight"] == 0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.expect("it is in flight");
    pointsman.signal("-TERM").await;
    assert_eq!(under_way.await.expect("no panic").expect("an answer").status(), 200);
    let mut rest = Vec::new();
    assert_eq!(idle.read_to_end(&mut rest).await.expect("closed in order"), 0, "an idle connection is closed");
    let ended = tokio::time::timeout(PATIENCE, pointsman.child.wait()).await.expect("it ends").expect("it can be waited for");
    assert_eq!(ended.code(), Some(0));
}
