//! An experiment asked for by time.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{House, arm};
use crate::house::{PATIENCE, Pointsman, query};

const USERS: usize = 60;

/// What users saw of one arm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Told {
    requests: u64,
    bytes: u64,
}

/// Everybody asks once and clicks.
async fn everybody(house: &House, id: &str) -> BTreeMap<String, Told> {
    let (mut told, mut clicks) = (BTreeMap::<String, Told>::new(), Vec::new());
    for user in 0..USERS {
        let request = house.pointsman.http.post(house.pointsman.rest("/collections/docs/points/query")).json(&query());
        // Bytes are counted as they are sent, and a client that unpacks them would count others.
        let request = request.header("x-user-id", format!("user-{user}")).header("accept-encoding", "identity");
        let answer = request.send().await.expect("an answer");
        let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
        let (arm, token) = (header("x-pointsman-variant"), header("x-pointsman-decision"));
        clicks.push(json!({"token": token, "metric": "click", "value": 1}));
        let arm = told.entry(arm).or_default();
        arm.requests += 1;
        arm.bytes += answer.bytes().await.expect("a body").len() as u64;
    }
    house.change(Method::POST, &format!("/v1/experiments/{id}/feedback"), &json!(clicks)).await;
    told
}

/// When the next slice of time has begun.
async fn next_slice(house: &House, id: &str) -> u64 {
    let path = format!("/v1/experiments/{id}");
    let last = async || house.look(&path).await["slices"].as_array().and_then(|slices| slices.last().cloned()).expect("it runs");
    let before = last().await["number"].clone();
    let begun = async {
        loop {
            let slice = last().await;
            if slice["number"] != before {
                return slice["since"].as_u64().expect("milliseconds");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.expect("the controller cuts time")
}

/// What a report says of an arm, in the words of those who were there.
fn told(report: &Value, name: &str) -> Told {
    let (seen, bytes) = (arm(report, name), &arm(report, name)["metrics"]["bytes"]);
    let requests = seen["requests"].as_u64().expect("a count");
    assert_eq!(seen["metrics"]["click"]["samples"], requests, "{name}: everybody clicked");
    assert_eq!(bytes["samples"], requests, "{name}: every answer has bytes");
    Told { requests, bytes: (bytes["mean"].as_f64().expect("a mean") * requests as f64).round() as u64 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_halves_of_an_experiment_are_the_whole_across_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("store: {{url: {:?}}}", folder.path().join("pointsman.db"));
    let mut house = House::new(&store).await;
    let id = house.begin(json!({"max_duration": "200s", "time_resolution": "1s"})).await;
    let path = format!("/v1/experiments/{id}/analysis");

    let mut morning = everybody(&house, &id).await;
    next_slice(&house, &id).await;
    for (arm, more) in everybody(&house, &id).await {
        let all = morning.entry(arm).or_default();
        *all = Told { requests: all.requests + more.requests, bytes: all.bytes + more.bytes };
    }
    house.pointsman.signal("-TERM").await;
    house.pointsman.child.wait().await.expect("it ends");
    house.pointsman = Pointsman::start(&house.upstream, &store).await;
    let noon = next_slice(&house, &id).await;
    let evening = everybody(&house, &id).await;

    let whole = house.look(&path).await;
    let halves = [house.look(&format!("{path}?to={noon}")).await, house.look(&format!("{path}?from={noon}&phase=1")).await];
    for name in ["control", "treatment"] {
        let seen = halves.each_ref().map(|half| told(half, name));
        assert_eq!(seen, [morning[name], evening[name]], "{name}");
        let all = told(&whole, name);
        assert_eq!((all.requests, all.bytes), (seen[0].requests + seen[1].requests, seen[0].bytes + seen[1].bytes), "{name}");
        // The same users all day: of those there are no two halves.
        let units = [&whole, &halves[0], &halves[1]].map(|report| arm(report, name)["units"].as_f64().map(f64::round));
        assert_eq!(units, [Some(evening[name].requests as f64); 3], "{name}");
    }
    assert!(whole.get("range").is_none(), "{whole:#}");
    let ranges = halves.each_ref().map(|half| &half["range"]);
    assert_eq!((&ranges[0]["to"], &ranges[1]["from"]), (&json!(noon), &json!(noon)));
    assert!(ranges.iter().all(|range| range["widened"] == false && range["slices"].as_u64() > Some(0)), "{ranges:#?}");
    // Units are dealt under a random id: one true split in a thousand looks uneven, and then that is the first thing said.
    let unconcluded = |half: &Value| half["decision"]["reason"] == "range" || !half["split"]["alarm"].is_null();
    assert!(halves.iter().all(unconcluded), "nothing is concluded of a half");

    // What lies within a slice is answered by the whole of it, and says so.
    let within = house.look(&format!("{path}?from={}&to={}", noon + 1, noon + 2)).await;
    assert_eq!((&within["range"]["from"], &within["range"]["widened"]), (&json!(noon), &json!(true)), "{:#}", within["range"]);
    let csv = house.pointsman.http.get(house.pointsman.admin(&format!("{path}?to={noon}&format=csv"))).send().await.expect("an answer");
    let csv = csv.text().await.expect("text");
    let (head, rows) = csv.split_once("\r\n").expect("lines");
    assert!(head.ends_with(",note,verdict,reason,from,to") && rows.lines().all(|row| row.ends_with('Z')), "{csv}");

    for impossible in ["from=2001-01-01T00:00:00Z&to=2002-01-01T00:00:00Z", "from=2999-01-01T00:00:00Z", &format!("from={noon}&to={noon}")]
    {
        let (status, problem) = house.call(Method::GET, &format!("{path}?{impossible}"), &Value::Null).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{impossible}: {problem:#}");
    }
    let (status, _) = house.call(Method::GET, &format!("{path}?from=noon"), &Value::Null).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);

    house.change(Method::POST, &format!("/v1/experiments/{id}/stop"), &json!({})).await;
    house.until(&id, "ended").await;
    assert_eq!(told(&house.look(&path).await, "control"), told(&whole, "control"), "frozen with all its slices");
    let (status, problem) = house.call(Method::GET, &format!("{path}?from={noon}"), &Value::Null).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem:#}");
}
