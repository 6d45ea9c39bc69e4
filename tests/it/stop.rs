//! SIGTERM: nothing new, everybody is told, what is under way finishes, exit code 0.

use std::sync::Arc;

use qdrant_client::qdrant::CountResponse;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::house::{PATIENCE, Pointsman, Upstream, in_flight};
use crate::peer;
use crate::wire::{call, dial, frame, head};

/// Both doors of an upstream that answers when it has a permit.
pub(crate) async fn held() -> (Arc<Semaphore>, Upstream) {
    let gate = Arc::new(Semaphore::new(0));
    let (rest, grpc) = (Arc::clone(&gate), Arc::clone(&gate));
    let rest = peer::rest(move |mut exchange| {
        let gate = Arc::clone(&rest);
        async move {
            while let Some(head) = exchange.head().await {
                exchange.body(&head).await;
                gate.acquire().await.expect("open").forget();
                exchange.ok().await;
            }
        }
    })
    .await;
    let grpc = peer::grpc(move |mut call| {
        let gate = Arc::clone(&grpc);
        async move {
            call.body().await;
            gate.acquire().await.expect("open").forget();
            call.message(&CountResponse::default());
        }
    })
    .await;
    (gate, Upstream { rest: rest.rest, ..grpc })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_tells_everybody_and_finishes_what_is_under_way() {
    let (gate, upstream) = held().await;
    let mut pointsman = Pointsman::start(&upstream, "").await;
    let mut rest = TcpStream::connect(pointsman.rest).await.expect("accepted");
    rest.write_all(b"GET /collections/docs/points/1 HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("taken");
    let mut sender = dial(pointsman.grpc).await;
    let (grpc, mut out) = sender.send_request(head("qdrant.Points/Count", &[]), false).expect("sent");
    out.send_data(frame(0, 6, b"\x0a\x04docs"), true).expect("sent");
    pointsman.until("both requests under way", |status| in_flight(status) == 2).await;

    pointsman.signal("-TERM").await;
    let not_ready = async {
        while pointsman.http.get(pointsman.admin("/readyz")).send().await.expect("the admin API goes last").status() != 503 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, not_ready).await.expect("not ready any more");
    assert!(pointsman.http.get(pointsman.admin("/livez")).send().await.expect("alive").status().is_success());
    // GOAWAY: the connection takes no further call, though one is still on it.
    let told = async {
        while sender.clone().ready().await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("GOAWAY");
    let refused = async {
        while TcpStream::connect(pointsman.rest).await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("nobody new is accepted");

    gate.add_permits(2);
    let mut answer = String::new();
    rest.read_to_string(&mut answer).await.expect("closed in order");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("connection: close\r\n"), "{answer}");
    let mut body = grpc.await.expect("an answer").into_body();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.expect("whole");
        body.flow_control().release_capacity(chunk.len()).expect("what was taken");
    }
    assert_eq!(body.trailers().await.expect("whole").expect("trailers")["grpc-status"], "0");
    let ended = tokio::time::timeout(PATIENCE, pointsman.child.wait()).await.expect("it ends").expect("it can be waited for");
    assert_eq!(ended.code(), Some(0));
}

/// A balancer probes the port that takes the traffic, and has to see the stop coming while requests are still served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_data_ports_say_that_they_are_about_to_go_and_serve_on() {
    let upstream = Upstream::sandbox().await;
    let mut pointsman = Pointsman::start(&upstream, "shutdown: {delay: 600s}").await;
    let (http, url) = (&pointsman.http, |path: &str| pointsman.rest(path));
    let status = async |path: &str| http.get(url(path)).send().await.expect("an answer").status().as_u16();
    assert_eq!((status("/readyz").await, status("/healthz").await), (200, 200));
    pointsman.signal("-TERM").await;
    let not_ready = async {
        while status("/readyz").await != 503 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, not_ready).await.expect("not ready any more");
    assert_eq!((status("/healthz").await, status("/livez").await, status("/collections").await), (503, 200, 200));
    let health = call(pointsman.grpc, "grpc.health.v1.Health/Check", &[], frame(0, 0, b"")).await;
    assert_eq!((health.status(), &health.body[5..]), ("0", [0x08, 2].as_slice()), "NOT_SERVING");
    let health = call(pointsman.grpc, "qdrant.Qdrant/HealthCheck", &[], frame(0, 0, b"")).await;
    assert_eq!((health.status(), health.text("x-pointsman-error")), ("14", Some("stopping")));
    let listed = call(pointsman.grpc, "qdrant.Collections/List", &[], frame(0, 0, b"")).await;
    assert_eq!(listed.status(), "0");
    pointsman.child.kill().await.expect("it runs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_client_of_the_admin_port_does_not_hold_up_the_end() {
    let upstream = Upstream::sandbox().await;
    let mut pointsman = Pointsman::start(&upstream, "shutdown: {grace: 1s}").await;
    let mut half = TcpStream::connect(pointsman.admin).await.expect("accepted");
    half.write_all(b"PUT /v1/kill-switch HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-le")
        .await
        .expect("taken");
    // An answer on another connection: the half request has arrived as well.
    pointsman.status().await;
    pointsman.signal("-TERM").await;
    let ended = tokio::time::timeout(PATIENCE, pointsman.child.wait()).await.expect("it ends").expect("it can be waited for");
    assert_eq!(ended.code(), Some(0));
    drop(half);
}
