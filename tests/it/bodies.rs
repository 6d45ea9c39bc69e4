//! Requests whose bodies come in crumbs, or do not come.

use bytes::Bytes;
use qdrant_client::qdrant::{Query, QueryPointsBuilder, QueryResponse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection};
use crate::wire::{dial, framed, head};

const QUERY: &str = "qdrant.Points/Query";

async fn house(extra: &str) -> (Upstream, Pointsman) {
    let upstream = Upstream::sandbox().await;
    for name in ["docs_v1", "docs_v2"] {
        collection(&upstream.rest, name).await;
    }
    alias(&upstream.rest, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, extra).await;
    pointsman.split("docs", "docs_v2", 0, 100).await;
    (upstream, pointsman)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_may_come_byte_by_byte() {
    let (_upstream, pointsman) = house("").await;
    let query = QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.5])).limit(1).with_payload(true);
    let message = framed(&query.build());
    let mut sender = dial(pointsman.grpc).await;
    let (answer, mut out) = sender.send_request(head(QUERY, &[]), false).expect("sent");
    for at in 0..message.len() {
        out.send_data(message.slice(at..=at), at + 1 == message.len()).expect("the stream is open");
        tokio::task::yield_now().await;
    }
    let answer = tokio::time::timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
    assert_eq!(answer.headers()["x-pointsman-variant"], "candidate");
    let mut body = answer.into_body();
    let mut whole = Vec::new();
    while let Some(chunk) = body.data().await {
        whole.extend_from_slice(&chunk.expect("it comes whole"));
    }
    let answer = <QueryResponse as prost::Message>::decode(&whole[5..]).expect("an answer to a query");
    assert_eq!(answer.result[0].payload["from"].as_str().expect("a text"), "docs_v2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_does_not_come_is_over_in_time() {
    let (_upstream, pointsman) = house("timeouts: {total: 2s}").await;
    let mut sender = dial(pointsman.grpc).await;
    let (answer, mut out) = sender.send_request(head(QUERY, &[]), false).expect("sent");
    out.send_data(Bytes::from_static(&[0, 0, 0]), false).expect("the stream is open");
    let answer = tokio::time::timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
    let said = ["grpc-status", "x-pointsman-error"].map(|name| answer.headers()[name].to_str().expect("text"));
    assert_eq!(said, ["4", "client-timeout"]);

    // Whether the alias may be moved can be said of the whole body only.
    let mut client = TcpStream::connect(pointsman.rest).await.expect("accepted");
    client.write_all(b"POST /collections/aliases HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{\"actions\"").await.expect("sent");
    let mut answer = [0; 12];
    tokio::time::timeout(PATIENCE, client.read_exact(&mut answer)).await.expect("in time").expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 408");
    pointsman.idle().await;
}
