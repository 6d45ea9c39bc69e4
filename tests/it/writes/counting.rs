//! Which writes are counted, where, and that the count outlives the process.

use qdrant_client::qdrant::{DeletePointsBuilder, PointStruct, UpsertPointsBuilder};
use serde_json::json;

use super::{House, writes};
use crate::house::{PATIENCE, Pointsman, Upstream, alias, client, collection};
use crate::peer::refusing_port;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_count_for_the_collection_that_got_them() {
    let house = House::new("").await;
    let http = &house.pointsman.http;
    house.write("docs", 2).await;
    house.write("docs_v1", 1).await;
    house.write("docs_v2", 1).await;
    let grpc = client(&house.pointsman);
    let points: Vec<PointStruct> = (1..=4).map(|id| PointStruct::new(id, vec![0.0, 1.0], [("n", 1.into())])).collect();
    grpc.upsert_points(UpsertPointsBuilder::new("docs", points).wait(true)).await.expect("it is taken");
    grpc.delete_points(DeletePointsBuilder::new("docs").points([2_u64]).wait(true)).await.expect("it is taken");
    // A batch is one write, however many operations it has.
    let batch = json!({"operations": [
        {"upsert": {"points": [{"id": 7, "vector": [1.0, 0.0]}, {"id": 8, "vector": [1.0, 0.0]}]}},
        {"delete": {"points": [1]}},
    ]});
    let batch = http.post(house.pointsman.rest("/collections/docs/points/batch?wait=true")).json(&batch).send().await.expect("an answer");
    assert_eq!(batch.status(), 200);
    house.counted("docs_v1", 6).await;

    // What Qdrant refuses has changed nothing.
    let wide = json!({"points": [{"id": 1, "vector": [1.0, 1.0, 1.0]}]});
    for name in ["docs", "nowhere"] {
        let refused = http.put(house.pointsman.rest(&format!("/collections/{name}/points?wait=true"))).json(&wide).send().await;
        assert!(refused.expect("an answer").status().is_client_error());
    }
    // Nor have reads.
    let read = http.post(house.pointsman.rest("/collections/docs/points/count")).json(&json!({})).send().await.expect("an answer");
    assert_eq!(read.status(), 200);
    house.pointsman.idle().await;
    assert_eq!((house.writes("docs_v1").await, house.writes("docs_v2").await), ((6, 0), (1, 0)));
    let metrics = http.get(house.pointsman.admin("/metrics")).send().await.expect("metrics").text().await.expect("text");
    let line = "pointsman_collection_writes_total{upstream=\"default\",collection=\"docs_v1\",outcome=\"acknowledged\"} 6";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_answer_is_lost_is_counted_apart() {
    let house = House::new("").await;
    for fault in [json!({"connection": "close"}), json!({"errors": [{"status": 500, "share": 1.0}]})] {
        let fault = serde_json::from_value(fault).expect("a fault");
        house.upstream.engine().faults.set("docs_v1", fault).expect("a valid fault");
        let body = json!({"points": [{"id": 9, "vector": [1.0, 1.0]}]});
        let lost = house.pointsman.http.put(house.pointsman.rest("/collections/docs/points?wait=true")).json(&body).send().await;
        assert!(lost.expect("an answer").status().is_server_error());
    }
    house.upstream.engine().faults.clear_all();
    house.pointsman.idle().await;
    assert_eq!(house.writes("docs_v1").await, (0, 2));
}

/// Nothing listens: no write can have happened.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_nobody_took_is_not_counted() {
    let sandbox = Upstream::sandbox().await;
    collection(&sandbox.rest, "docs_v1").await;
    alias(&sandbox.rest, "docs", "docs_v1").await;
    let upstream = Upstream { rest: format!("http://{}", refusing_port()), ..sandbox };
    let pointsman = Pointsman::start(&upstream, "timeouts: {reconnect: 0s}").await;
    let body = json!({"points": [{"id": 9, "vector": [1.0, 1.0]}]});
    let sent = pointsman.http.put(pointsman.rest("/collections/docs/points?wait=true")).json(&body).send().await;
    assert_eq!(sent.expect("an answer").headers()["x-pointsman-error"], "upstream-unreachable");
    pointsman.idle().await;
    assert_eq!(writes(&pointsman, "docs_v1").await, (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_the_count() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("store: {{url: \"{}\"}}", folder.path().join("pointsman.db").display());
    let mut house = House::new(&store).await;
    house.write("docs", 3).await;
    house.pointsman.signal("-TERM").await;
    tokio::time::timeout(PATIENCE, house.pointsman.child.wait()).await.expect("it ends in time").expect("it ends");
    house.pointsman = Pointsman::start(&house.upstream, &store).await;
    house.counted("docs_v1", 3).await;
    house.write("docs", 2).await;
    assert_eq!(house.writes("docs_v1").await, (5, 0));
}
