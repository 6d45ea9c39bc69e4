//! A shadow comparison of its own, from its creation to its end.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{House, POINTS, SEED, measured, near, row, vectors};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identical_collections_answer_alike_over_both_protocols_and_the_end_is_frozen() {
    let house = House::new("").await;
    let id = house.begin("docs_v2", json!({"noise_percentage": 100})).await;
    assert!(id.starts_with("shadow_"), "{id}");
    let queries = vectors(SEED + 2, 80);
    house.ask(&queries).await;
    let report = house.compared(&id, 80).await;
    for measure in ["overlap", "jaccard", "top1", "rbo", "kendall", "ndcg"] {
        assert!(near(measured(&report, measure), 1.0), "{measure} in {report:#}");
    }
    assert!(near(measured(&report, "score_drift"), 0.0), "{report:#}");
    let path = format!("/v1/shadows/{id}");
    let floor = house.until(&path, "a noise floor of all", |shadow| shadow["report"]["noise_comparisons"] == 80).await;
    let overlap = row(&floor["report"], "measures", "measure", "overlap");
    assert!(near(overlap["noise"]["value"].as_f64().expect("it is asked twice"), 1.0), "{overlap:#}");
    assert!(near(overlap["excess"]["value"].as_f64().expect("there is a floor"), 0.0), "{overlap:#}");
    assert_eq!((&report["worst"], &report["counters"]["mirrored"]), (&json!([]), &json!(80)), "{report:#}");

    let (status, stopped) = house.call(Method::POST, &format!("{path}/stop"), &json!({"reason": "enough"})).await;
    assert_eq!((status, &stopped["state"]), (StatusCode::OK, &json!("settling")));
    let ended = house.until(&path, "ended", |shadow| shadow["state"] == "ended").await;
    house.ask(&queries).await;
    assert_eq!(house.look(&path).await, ended, "frozen as it was");
    assert_eq!((&ended["report"]["comparisons"], &ended["history"][1]["reason"]), (&json!(80), &json!("enough")));
    let events = house.look("/v1/events").await;
    let kinds: Vec<&str> = events["items"].as_array().expect("a list").iter().filter_map(|event| event["kind"].as_str()).collect();
    assert!(["shadow.started", "shadow.ended"].iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    let (status, problem) = house.call(Method::POST, &format!("{path}/stop"), &json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_third_of_other_vectors_is_measured_as_what_both_answer_by_themselves() {
    let house = House::new("").await;
    let id = house.begin("docs_v3", json!({})).await;
    let queries = vectors(SEED + 2, 120);
    house.ask(&queries).await;
    let report = house.compared(&id, 120).await;
    let (overlap, top1) = house.expected("docs_v1", "docs_v3", &queries).await;
    assert!((0.3..0.9).contains(&overlap), "a third of {POINTS} vectors is another, and the overlap is {overlap}; seed {SEED}");
    assert!(near(measured(&report, "overlap"), overlap) && near(measured(&report, "top1"), top1), "{overlap} and {top1}, in {report:#}");
    let [low, high] =
        ["low", "high"].map(|end| row(&report, "measures", "measure", "overlap")["shadow"][end].as_f64().expect("an interval"));
    assert!(low < overlap && overlap < high && high - low < 0.2, "{low} to {high}");
    let worst = &report["worst"][0];
    assert!(worst["reference"] != worst["candidate"] && worst["reference"].as_array().is_some_and(|hits| hits.len() == 10), "{worst:#}");
    assert!(worst["reference"][0]["payload"].is_null(), "payloads are off unless they are asked for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_it_goes_on_with_what_it_had() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("store: {{url: {:?}}}", folder.path().join("pointsman.db"));
    let mut house = House::new(&store).await;
    let id = house.begin("docs_v3", json!({})).await;
    let queries = vectors(SEED + 2, 100);
    house.ask(&queries[..60]).await;
    house.compared(&id, 60).await;
    house.written_down().await;
    house.kill(&store).await;
    assert_eq!(house.report(&id).await["comparisons"], 60, "nothing that was written down is lost");
    house.ask(&queries[60..]).await;
    let report = house.compared(&id, 100).await;
    let (overlap, _) = house.expected("docs_v1", "docs_v3", &queries).await;
    assert!(near(measured(&report, "overlap"), overlap), "{overlap} over both lives, in {report:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_collection_stays_there_is_one_of_it_and_the_alias_is_free() {
    let house = House::new("").await;
    let spec = json!({"alias": "docs", "collection": "docs_v2"});
    let asked = house.pointsman.http.post(house.pointsman.admin("/v1/shadows")).header("idempotency-key", "once").json(&spec);
    let answer = asked.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::CREATED);
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let path = header("location").expect("where it is");
    assert!(header("etag").is_some() && path.starts_with("/v1/shadows/shadow_"), "{path}");
    let again = house.pointsman.http.post(house.pointsman.admin("/v1/shadows")).header("idempotency-key", "once").json(&spec);
    assert_eq!(again.send().await.expect("an answer").headers()["location"], path.as_str(), "the same request makes one");

    let (status, problem) = house.call(Method::POST, "/v1/shadows", &spec).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem:#}");
    let canary = json!({"alias": "docs", "collection": "docs_v2", "shadow": {"duration": "10m"}});
    assert_eq!(house.call(Method::POST, "/v1/canaries", &canary).await.0, StatusCode::CONFLICT);
    house.pointsman.split("docs", "docs_v3", 50, 50).await;

    let delete = || house.pointsman.http.delete(house.pointsman.rest("/collections/docs_v2")).send();
    assert_eq!(delete().await.expect("an answer").status(), StatusCode::CONFLICT);
    let refused = house.grpc.delete_collection("docs_v2").await;
    assert!(refused.as_ref().is_err_and(|error| error.to_string().contains("shadow_")), "{refused:?}");
    assert_eq!(house.call(Method::POST, "/v1/retirements", &json!({"collection": "docs_v2"})).await.0, StatusCode::CONFLICT);

    house.call(Method::POST, &format!("{path}/stop"), &json!({})).await;
    house.until(&path, "ended", |shadow| shadow["state"] == "ended").await;
    let listed = house.look("/v1/shadows").await;
    assert_eq!((listed["items"].as_array().map(Vec::len), &listed["items"][0]["report"]), (Some(1), &json!(null)));
    assert_eq!(delete().await.expect("an answer").status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_kill_switch_stops_mirroring_and_nothing_else() {
    let house = House::new("").await;
    let id = house.begin("docs_v2", json!({})).await;
    let queries = vectors(SEED + 2, 20);
    house.call(Method::PUT, "/v1/kill-switch", &json!({"on": true, "reason": "a fire"})).await;
    house.ask(&queries).await;
    let shadow = house.look(&format!("/v1/shadows/{id}")).await;
    assert_eq!((&shadow["paused"], &shadow["report"]["counters"]["mirrored"]), (&json!(true), &json!(0)), "{shadow:#}");
    house.call(Method::PUT, "/v1/kill-switch", &json!({"on": false, "reason": "it is out"})).await;
    house.ask(&queries).await;
    house.compared(&id, 20).await;
}
