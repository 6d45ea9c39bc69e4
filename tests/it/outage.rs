//! An upstream that is away for a while, or for good.

use std::net::SocketAddr;

use qdrant_client::qdrant::{Query, QueryPointsBuilder};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpSocket, TcpStream};

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, query};
use crate::peer;
use crate::wire::{Ended, call, framed};

/// A port that refuses connections until it is opened.
struct Door {
    socket: TcpSocket,
    address: SocketAddr,
}

impl Door {
    fn shut() -> Self {
        let (socket, address) = peer::reserved();
        Self { socket, address }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it leads to `inside`.
    fn open(self, inside: SocketAddr) {
        let listener = self.socket.listen(1024).expect("bound");
        tokio::spawn(async move {
            while let Ok((mut outside, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut inside = TcpStream::connect(inside).await.expect("the sandbox accepts");
                    // An end without a goodbye is the other side's way to end.
                    let _ = copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
    }
}

async fn failed_once(pointsman: &Pointsman) {
    let failed = async {
        while pointsman.events("upstream_connect_failures_total").await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, failed).await.expect("an attempt fails in time");
}

async fn grpc_query(address: SocketAddr) -> Ended {
    let message = QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.5])).limit(1).build();
    call(address, "qdrant.Points/Query", &[("x-user-id", "u")], framed(&message)).await
}

/// An upstream `far` at these doors, which gets all of the alias `docs`.
fn far(rest: &str, grpc: &str) -> String {
    format!(
        "  far: {{rest_url: \"{rest}\", grpc_url: \"{grpc}\"}}\n\
         routes: {{docs: {{variants: [{{name: stable, weight: 0}}, {{name: far, upstream: far, collection: docs_v1, weight: 1}}]}}}}\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_and_writes_over_rest_outlive_a_restart_of_the_upstream() {
    let (sandbox, door) = (Upstream::sandbox().await, Door::shut());
    collection(&sandbox.rest, "docs_v1").await;
    let inside = sandbox.engine().rest_addr;
    let upstream = Upstream { rest: door.url(), ..sandbox };
    let pointsman = Pointsman::start(&upstream, "timeouts: {reconnect: 10m}").await;
    let asked: Vec<_> = (0..40_u64)
        .map(|number| {
            let request = if number % 2 == 0 {
                pointsman.http.post(pointsman.rest("/collections/docs_v1/points/query")).json(&query())
            } else {
                let point = serde_json::json!({"points": [{"id": 1000 + number, "vector": [1.0, 0.0]}]});
                pointsman.http.put(pointsman.rest("/collections/docs_v1/points?wait=true")).json(&point)
            };
            tokio::spawn(request.send())
        })
        .collect();
    failed_once(&pointsman).await;
    door.open(inside);
    for asked in asked {
        let answer = tokio::time::timeout(PATIENCE, asked).await.expect("in time").expect("no panic").expect("an answer");
        let status = answer.status();
        assert_eq!(status, 200, "{}", answer.text().await.unwrap_or_default());
    }
    pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_over_grpc_outlive_a_restart_of_the_upstream() {
    let (sandbox, door) = (Upstream::sandbox().await, Door::shut());
    collection(&sandbox.rest, "docs_v1").await;
    alias(&sandbox.rest, "docs", "docs_v1").await;
    let extra = far(&sandbox.rest, &door.url()) + "fallback: {enabled: false}\ntimeouts: {reconnect: 10m}";
    let pointsman = Pointsman::start(&sandbox, &extra).await;
    let address = pointsman.grpc;
    let asked: Vec<_> = (0..20).map(|_| tokio::spawn(grpc_query(address))).collect();
    failed_once(&pointsman).await;
    door.open(sandbox.engine().grpc_addr.expect("it listens for gRPC"));
    for asked in asked {
        let ended = tokio::time::timeout(PATIENCE, asked).await.expect("in time").expect("an answer");
        assert_eq!(ended.status(), "0", "{:?}", ended.text("grpc-message"));
    }
    pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_stays_away_is_told_of_at_once_where_nothing_waits_for_it() {
    let (sandbox, door) = (Upstream::sandbox().await, Door::shut());
    let upstream = Upstream { rest: door.url(), ..sandbox };
    let pointsman = Pointsman::start(&upstream, "timeouts: {reconnect: 0s}").await;
    let answer = pointsman.http.get(pointsman.rest("/collections")).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.headers()["x-pointsman-error"].to_str().expect("text")), (502, "upstream-unreachable"));
    let text = answer.text().await.expect("a text");
    assert!(text.contains(&format!("{}: Connection refused", door.address)), "{text}");
    // A machine that reconnects at once would have made more of it.
    assert_eq!(pointsman.events("upstream_connect_failures_total").await, 1);
}

/// Accepts, and never says a word.
async fn silent() -> String {
    let address = peer::listen(|mut stream| async move {
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    });
    format!("http://{}", address.await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stable_answers_for_a_candidate_that_says_nothing_however_many_ask() {
    for callers in [1, 10, 100] {
        let sandbox = Upstream::sandbox().await;
        collection(&sandbox.rest, "docs_v1").await;
        alias(&sandbox.rest, "docs", "docs_v1").await;
        let extra = far(&silent().await, &silent().await) + "timeouts: {connect: 500ms}";
        let pointsman = Pointsman::start(&sandbox, &extra).await;
        let address = pointsman.grpc;
        let asked: Vec<_> = (0..callers).map(|_| tokio::spawn(grpc_query(address))).collect();
        for asked in asked {
            let ended = tokio::time::timeout(PATIENCE, asked).await.expect("in time").expect("an answer");
            assert_eq!((ended.status(), ended.text("x-pointsman-fallback")), ("0", Some("connection")));
        }
        assert_eq!(pointsman.variant("docs", "far").await["fallbacks"], callers);
        pointsman.idle().await;
    }
}
