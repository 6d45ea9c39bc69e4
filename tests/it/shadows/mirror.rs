//! What mirroring does to users, which is nothing, and what it does with answers that are not simple.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use pointsman_sandbox::requests::Filter;
use prost::Message;
use qdrant_client::qdrant::{Query, QueryBatchPoints, QueryPointsBuilder};
use reqwest::Method;
use serde_json::{Value, json};

use super::{DEPTH, House, SEED, measured, near, question, row, vectors};
use crate::house::{gauges, get, send};
use crate::wire::{call, frame};

/// The figures of a shadow's counters.
fn counted(report: &Value, counter: &str) -> u64 {
    let counters = &report["counters"];
    counters[counter].as_u64().or_else(|| counters["dropped"][counter].as_u64()).unwrap_or(0)
}

impl House {
    fn fault(&self, collection: &str, fault: Value) {
        let fault = serde_json::from_value(fault).expect("a fault");
        self.upstream.engine().faults.set(collection, fault).expect("a valid fault");
    }

    async fn metrics(&self) -> String {
        self.pointsman.http.get(self.pointsman.admin("/metrics")).send().await.expect("metrics").text().await.expect("text")
    }

    /// How many searches of a collection arrived at the upstream under this name.
    fn arrived(&self, name: &str) -> usize {
        let log = self.upstream.engine().log.list(&Filter { collection: Some(name.to_owned()), ..Filter::default() });
        log.iter()
            .filter(|request| request.collection.as_deref() == Some(name) && request.operation.to_lowercase().contains("query"))
            .count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_that_hangs_is_nobodys_trouble() {
    const ASKED: u64 = 200;
    let house = House::new("shadow: {concurrency: 2, queue: 4, timeout: 1h}").await;
    let id = house.begin("docs_v2", json!({"noise_percentage": 100})).await;
    house.fault("docs_v2", json!({"connection": "stall"}));
    house.ask(&vectors(SEED + 2, ASKED)).await;
    let settled = |shadow: &Value| counted(&shadow["report"], "mirrored") + counted(&shadow["report"], "queue_full") == ASKED;
    let shadow = house.until(&format!("/v1/shadows/{id}"), "counted to the last", settled).await;
    // Two are being asked and four wait; nothing else is held.
    assert_eq!(counted(&shadow["report"], "mirrored"), 6, "{shadow:#}");
    assert_eq!(shadow["report"]["comparisons"], 0, "{shadow:#}");
    let inside: Vec<(String, f64)> = gauges(&house.metrics().await).into_iter().filter(|(_, value)| *value > 0.0).collect();
    let used = inside.iter().map(|(name, value)| (name.contains("collection=\"docs_v2\""), *value));
    assert_eq!(used.collect::<Vec<_>>(), [(true, 2.0)], "no user is in flight, and the collection is in use: {inside:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_shadow_is_asked_is_in_no_variants_figures() {
    let house = House::new("").await;
    let id = house.begin("docs_v2", json!({"noise_percentage": 100})).await;
    house.ask(&vectors(SEED + 2, 40)).await;
    let path = format!("/v1/shadows/{id}");
    house.until(&path, "all asked twice", |shadow| shadow["report"]["noise_comparisons"] == 40).await;
    assert_eq!((house.arrived("docs_v2"), house.arrived("docs")), (40, 80), "once of the shadow, twice of the reference");
    let metrics = house.metrics().await;
    let of = |name: &str| -> f64 {
        let lines = metrics.lines().filter(|line| line.starts_with(name) && line.contains("alias=\"docs\""));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    };
    assert_eq!(of("pointsman_requests_total"), 40.0, "{metrics}");
    assert_eq!((of("pointsman_shadow_mirrored_total"), of("pointsman_shadow_comparisons_total")), (40.0, 40.0), "{metrics}");
    house.pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_of_a_shadow_are_counted_and_told_and_no_users() {
    let house = House::new("").await;
    let id = house.begin("docs_v2", json!({})).await;
    house.fault("docs_v2", json!({"errors": [{"status": 500, "share": 1.0, "message": "the disk is full"}]}));
    house.ask(&vectors(SEED + 2, 20)).await;
    let failed = |shadow: &Value| {
        shadow["report"]["last_failure"].is_object() && row(&shadow["report"], "shares", "of", "failed")["shadow"]["observations"] == 20
    };
    let shadow = house.until(&format!("/v1/shadows/{id}"), "all failed", failed).await;
    assert_eq!(row(&shadow["report"], "shares", "of", "failed")["shadow"]["value"], 1.0, "{shadow:#}");
    let reason = shadow["report"]["last_failure"]["reason"].as_str().expect("a text");
    assert!(reason.contains("the disk is full"), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_groups_and_compressed_answers_are_compared_too() {
    let house = House::new("").await;
    let id = house.begin("docs_v3", json!({"payloads": true})).await;
    let queries = vectors(SEED + 3, 6);
    let rest = |path: &str| house.pointsman.rest(&format!("/collections/docs/points/query{path}"));
    let http = &house.pointsman.http;
    let searches: Vec<Value> = queries[..3].iter().map(question).collect();
    send(http, Method::POST, &rest("/batch"), &json!({"searches": searches})).await;
    house.compared(&id, 3).await;

    let zipped = http.post(rest("")).header("accept-encoding", "gzip").json(&question(&queries[3])).send().await.expect("an answer");
    assert_eq!(zipped.status(), 200);
    zipped.bytes().await.expect("all of it");
    house.compared(&id, 4).await;

    let batch = QueryBatchPoints {
        collection_name: "docs".to_owned(),
        query_points: queries[4..]
            .iter()
            .map(|query| QueryPointsBuilder::new("docs").query(Query::from(query.clone())).limit(DEPTH).build())
            .collect(),
        ..QueryBatchPoints::default()
    };
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&batch.encode_to_vec()).expect("memory takes it");
    let message = encoder.finish().expect("memory takes it");
    let body = frame(1, u32::try_from(message.len()).expect("small"), &message);
    let headers = [("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip")];
    let ended = call(house.pointsman.grpc, "qdrant.Points/QueryBatch", &headers, body).await;
    assert_eq!(ended.status(), "0");
    let report = house.compared(&id, 6).await;
    let (overlap, top1) = house.expected("docs_v1", "docs_v3", &queries).await;
    assert!(near(measured(&report, "overlap"), overlap) && near(measured(&report, "top1"), top1), "{overlap}, {top1}: {report:#}");
    let operations: Vec<&str> = report["worst"].as_array().expect("a list").iter().filter_map(|one| one["operation"].as_str()).collect();
    assert!(operations.contains(&"points.query_batch"), "{operations:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_answered_and_not_compared() {
    let house = House::new("shadow: {max_bytes: 2KiB}").await;
    let id = house.begin("docs_v2", json!({})).await;
    let ids: Vec<u64> = (1_000..2_000).collect();
    let mut long = question(&vectors(SEED + 2, 1)[0]);
    long["filter"] = json!({"must_not": [{"has_id": ids}]});
    let url = house.pointsman.rest("/collections/docs/points/query");
    let answer = send(&house.pointsman.http, Method::POST, &url, &long).await;
    assert_eq!(answer["result"]["points"].as_array().map(Vec::len), Some(10));
    house.ask(&vectors(SEED + 2, 4)).await;
    let report = house.compared(&id, 4).await;
    assert_eq!((counted(&report, "too_large"), counted(&report, "mirrored")), (1, 4), "{report:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_wanted_variants_answers_are_mirrored_and_none_that_somebody_forced() {
    let house = House::new("identity: {force_header: x-force-variant}").await;
    house.pointsman.split("docs", "docs_v3", 50, 50).await;
    let id = house.begin("docs_v2", json!({"by": "unit"})).await;
    let (queries, mut stable) = (vectors(SEED + 2, 30), 0);
    for (user, query) in queries.iter().enumerate() {
        let decision = get(&house.pointsman.http, &house.pointsman.admin(&format!("/v1/aliases/docs/decision?unit=user-{user}"))).await;
        stable += u64::from(decision["variant"] == "stable");
        house.ask_rest(user, query).await;
        let forced = house.pointsman.http.post(house.pointsman.rest("/collections/docs/points/query")).header("x-force-variant", "stable");
        assert_eq!(forced.json(&question(query)).send().await.expect("an answer").status(), 200);
    }
    assert!((1..30).contains(&stable), "{stable} of 30 users");
    let report = house.compared(&id, stable).await;
    assert_eq!(counted(&report, "mirrored"), stable, "{report:#}");
}
