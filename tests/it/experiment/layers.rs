//! Two experiments on one alias at once, over both protocols, through a death and an end.

use std::collections::BTreeMap;

use qdrant_client::qdrant::{Query, QueryPointsBuilder};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{House, arm, spec};
use crate::house::{Pointsman, collection};
use crate::wire::{call, framed};

const UNITS: usize = 150;

/// An experiment whose arms bear its name, with a part of the alias.
fn part(name: &str, collection: &str, from: f64, to: f64) -> Value {
    let arms = json!([
        {"name": format!("{name}-control"), "weight": 0.5},
        {"name": format!("{name}-new"), "weight": 0.5, "collection": collection},
    ]);
    let mut spec = spec(&json!({"name": name, "arms": arms, "layer": {"from_percentage": from, "to_percentage": to}}));
    spec.as_object_mut().expect("an object").remove("treatment");
    spec
}

async fn begin(house: &House, spec: &Value) -> String {
    let (status, made) = house.call(Method::POST, "/v1/experiments", spec).await;
    assert_eq!(status, StatusCode::CREATED, "{made:#}");
    made["id"].as_str().expect("it has an id").to_owned()
}

/// Everybody asks once by REST and once by gRPC, and is answered by the same arm.
async fn everybody(house: &House) -> BTreeMap<String, String> {
    let message = QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.5])).limit(1).build();
    let mut arms = BTreeMap::new();
    for unit in 0..UNITS {
        let unit = format!("user-{unit}");
        let answer = house.ask(&[("x-user-id", &unit)]).await;
        let arm = answer.arm.expect("the alias is split");
        assert_eq!(answer.token.is_some(), arm != "stable", "{unit}: only those inside can report");
        let ended = call(house.pointsman.grpc, "qdrant.Points/Query", &[("x-user-id", &unit)], framed(&message)).await;
        assert_eq!(ended.status(), "0", "{:?}", ended.text("grpc-message"));
        assert_eq!((ended.text("x-pointsman-variant"), ended.text("x-pointsman-decision")), (Some(&*arm), answer.token.as_deref()));
        arms.insert(unit, arm);
    }
    arms
}

/// Who is in an arm of this experiment.
fn of(arms: &BTreeMap<String, String>, name: &str) -> BTreeMap<String, String> {
    arms.iter().filter(|(_, arm)| arm.starts_with(name)).map(|(unit, arm)| (unit.clone(), arm.clone())).collect()
}

/// The requests and units of each arm are those of the users in it, who have asked so often.
async fn counted(house: &House, id: &str, arms: &BTreeMap<String, String>, times: usize) {
    let report = house.look(&format!("/v1/experiments/{id}/analysis")).await;
    for shown in report["arms"].as_array().expect("arms") {
        let name = shown["name"].as_str().expect("a name");
        let users = arms.values().filter(|arm| *arm == name).count();
        let seen = arm(&report, name);
        assert_eq!((&seen["requests"], &seen["units"]), (&json!(users * times), &json!(users as f64)), "{name}");
    }
    // All arms share the part: what chance should make of them is what it always was.
    let expected: Vec<f64> = report["split"]["expected"].as_array().expect("a list").iter().filter_map(Value::as_f64).collect();
    assert!(expected.len() == 2 && (expected[0] - expected[1]).abs() < 1e-9, "{:#}", report["split"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_experiments_share_an_alias_and_no_user() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("store: {{url: {:?}}}", folder.path().join("pointsman.db"));
    let mut house = House::new(&store).await;
    collection(&house.upstream.rest, "docs_v3").await;
    let one = begin(&house, &part("one", "docs_v2", 0.0, 40.0)).await;
    let (status, problem) = house.call(Method::POST, "/v1/experiments", &part("two", "docs_v3", 30.0, 80.0)).await;
    let detail = problem["detail"].as_str().expect("a reason");
    assert!(status == StatusCode::CONFLICT && detail.contains(&one) && detail.ends_with("free is 40-100 %"), "{problem:#}");
    let two = begin(&house, &part("two", "docs_v3", 40.0, 80.0)).await;
    let canary = json!({"alias": "docs", "collection": "docs_v2"});
    assert_eq!(house.call(Method::POST, "/v1/canaries", &canary).await.0, StatusCode::CONFLICT);
    let route = json!({"variants": [{"name": "stable", "weight": 1}, {"name": "b", "collection": "docs_v2", "weight": 1}]});
    assert_eq!(house.call(Method::PUT, "/v1/routes/docs", &route).await.0, StatusCode::CONFLICT);

    let first = everybody(&house).await;
    let (in_one, in_two) = (of(&first, "one-"), of(&first, "two-"));
    let outside = of(&first, "stable").len();
    assert_eq!(in_one.len() + in_two.len() + outside, UNITS);
    assert!(in_one.len() > 30 && in_two.len() > 30 && outside > 10, "{} {} {outside}", in_one.len(), in_two.len());
    for (unit, arm) in first.iter().take(30) {
        let decision = house.look(&format!("/v1/aliases/docs/decision?unit={unit}")).await;
        assert_eq!((&decision["variant"], &decision["layer"]["salt"]), (&json!(arm), &json!("layer:docs")), "{decision:#}");
        let id = if arm.starts_with("one") { &one } else { &two };
        assert_eq!(decision["rollout"], if arm == "stable" { Value::Null } else { json!(id) }, "{decision:#}");
    }
    counted(&house, &one, &first, 2).await;
    counted(&house, &two, &first, 2).await;

    // Arms of another experiment may have the same names.
    let metrics = house.pointsman.http.get(house.pointsman.admin("/metrics")).send().await.expect("metrics").text().await.expect("text");
    for series in ["one/one-control", "one/one-new", "two/two-control", "two/two-new"] {
        assert!(metrics.contains(&format!("{{alias=\"docs\",variant=\"{series}\"")), "{series} is missing in {metrics}");
    }

    // A value of a user belongs to the experiment the user is in, and to no other.
    for (id, units, others) in [(&one, &in_one, &in_two), (&two, &in_two, &in_one)] {
        let path = format!("/v1/experiments/{id}/feedback");
        let click = |unit: &String| json!({"unit": unit, "metric": "click", "value": 1});
        let taken = house.change(Method::POST, &path, &json!(units.keys().map(click).collect::<Vec<_>>())).await;
        assert_eq!(taken["accepted"], json!(units.len()));
        let stranger = others.keys().next().expect("there are some");
        let (status, problem) = house.call(Method::POST, &path, &click(stranger)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem:#}");
    }

    // Killed, and back: everybody is where they were.
    house.pointsman.child.kill().await.expect("it is ours");
    house.pointsman = Pointsman::start(&house.upstream, &store).await;
    assert_eq!(everybody(&house).await, first);

    // The end of one is nothing to the other, and another takes its place.
    house.change(Method::POST, &format!("/v1/experiments/{one}/stop"), &json!({})).await;
    let after = everybody(&house).await;
    assert_eq!((of(&after, "two-"), of(&after, "one-").len()), (in_two.clone(), 0));
    let three = begin(&house, &part("three", "docs_v2", 0.0, 40.0)).await;
    let with_three = everybody(&house).await;
    assert_eq!(of(&with_three, "two-"), in_two);
    assert_eq!(of(&with_three, "three-").into_keys().collect::<Vec<_>>(), in_one.into_keys().collect::<Vec<_>>(), "the same part");
    counted(&house, &three, &with_three, 2).await;
    for id in [&two, &three] {
        house.change(Method::POST, &format!("/v1/experiments/{id}/stop"), &json!({})).await;
    }
    house.change(Method::PUT, "/v1/routes/docs", &route).await;
}
