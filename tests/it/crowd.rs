//! Many calls over few upstream connections: none holds up the others.

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use http::HeaderMap;
use qdrant_client::qdrant::{CountPoints, CountResponse, ScrollPoints};
use tokio::net::TcpStream;

use crate::house::{PATIENCE, Pointsman};
use crate::peer::{self, Call};
use crate::wire::{framed, head};

/// Larger than any window on the way.
const LARGE: usize = 1024 * 1024;
/// More than one upstream connection takes before there is another.
const STALLED: usize = 70;

async fn script(mut call: Call) {
    if call.request.uri().path() != "/qdrant.Points/Scroll" {
        return call.message(&CountResponse::default());
    }
    let Ok(mut stream) = call.respond.send_response(peer::headers(), false) else { return };
    // It lies in the peer's own memory as long as it is not taken.
    let _ = stream.send_data(Bytes::from(vec![0; LARGE]), false);
    let _ = stream.send_trailers(HeaderMap::new());
}

/// A client with room for many calls, of each of which it takes next to nothing.
async fn client(pointsman: &Pointsman) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(pointsman.grpc).await.expect("accepted");
    let mut builder = Builder::new();
    builder.initial_window_size(1024).initial_connection_window_size(16 * 1024 * 1024);
    let (sender, connection) = builder.handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    sender
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_take_nothing_of_large_answers_hold_up_nobody_else() {
    let upstream = peer::grpc(script).await;
    let pointsman = Pointsman::start(&upstream, "").await;
    // One connection is served by one worker, so all of them share its connections to the upstream.
    let mut client = client(&pointsman).await.ready().await.expect("ready");
    let mut held = Vec::new();
    for _ in 0..STALLED {
        let (answer, mut out) = client.send_request(head("qdrant.Points/Scroll", &[]), false).expect("sent");
        let asked = ScrollPoints { collection_name: "docs_v1".to_owned(), ..Default::default() };
        out.send_data(framed(&asked), true).expect("sent");
        let answer = tokio::time::timeout(PATIENCE, answer).await.expect("in time").expect("a head");
        held.push(answer.into_body());
        client = client.ready().await.expect("ready");
    }
    for _ in 0..STALLED {
        let (answer, mut out) = client.send_request(head("qdrant.Points/Count", &[]), false).expect("sent");
        let asked = CountPoints { collection_name: "docs_v1".to_owned(), ..Default::default() };
        out.send_data(framed(&asked), true).expect("sent");
        let mut body = tokio::time::timeout(PATIENCE, answer).await.expect("in time").expect("a head").into_body();
        let whole = async {
            while let Some(chunk) = body.data().await {
                body.flow_control().release_capacity(chunk.expect("it comes whole").len()).expect("what was taken");
            }
            body.trailers().await.expect("it comes whole").expect("trailers")
        };
        let trailers = tokio::time::timeout(PATIENCE, whole).await.expect("no reader holds it up");
        assert_eq!(trailers["grpc-status"], "0");
        client = client.ready().await.expect("ready");
    }
    drop(held);
    pointsman.idle().await;
}
