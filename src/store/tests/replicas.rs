//! Heartbeats and observations.

use std::time::Duration;

use serde_json::json;

use super::{Place, eventually, on_both};
use crate::store::{ReplicaReport, Retention, Store, Timestamp};

on_both!(replicas_are_seen_with_their_age, dead_replicas_are_forgotten, observations_stay_apart, observations_go_by_prefix);

fn report(id: &str, applied_revision: u64) -> ReplicaReport {
    ReplicaReport { id: id.to_owned(), version: "0.1.0".to_owned(), applied_revision, body: json!({"zone": "a"}) }
}

async fn beat(store: &Store, id: &str, applied_revision: u64) {
    store.heartbeat(&report(id, applied_revision)).await.expect("the store answers");
}

async fn replicas_are_seen_with_their_age(place: Place) {
    let store = place.open().await;
    beat(&store, "b", 1).await;
    beat(&store, "a", 1).await;
    beat(&store, "b", 2).await;
    let replicas = store.replicas().await.expect("the store answers");
    assert_eq!(replicas.iter().map(|replica| &replica.report).collect::<Vec<_>>(), [&report("a", 1), &report("b", 2)]);
    eventually(async || {
        beat(&store, "a", 3).await;
        let now = store.replicas().await.expect("the store answers");
        now[1].age > now[0].age && now[1].seen_at == replicas[1].seen_at
    })
    .await;
    store.forget_replica("a").await.expect("the store answers");
    assert_eq!(store.replicas().await.expect("the store answers").len(), 1);
}

async fn dead_replicas_are_forgotten(place: Place) {
    let store = place.open().await;
    beat(&store, "dead", 1).await;
    store.prune(&Retention::default()).await.expect("the store answers");
    assert_eq!(store.replicas().await.expect("the store answers").len(), 1, "not yet");
    // Long enough for one that lives to be there still when it is looked for.
    let impatient = Retention { replicas: Duration::from_secs(1), ..Retention::default() };
    eventually(async || {
        beat(&store, "alive", 1).await;
        store.prune(&impatient).await.expect("the store answers");
        let replicas = store.replicas().await.expect("the store answers");
        replicas.iter().map(|replica| replica.report.id.as_str()).eq(["alive"])
    })
    .await;
}

async fn observations_stay_apart(place: Place) {
    let store = place.open().await;
    for (scope, replica, count) in [("canary/1", "a", 1), ("canary/1", "b", 2), ("canary/2", "a", 3), ("canary/1", "a", 4)] {
        store.put_observation(scope, replica, &json!(count)).await.expect("the store answers");
    }
    let observations = store.observations("canary/1").await.expect("the store answers");
    let seen: Vec<_> = observations.iter().map(|seen| (seen.replica.as_str(), seen.body.clone())).collect();
    assert_eq!(seen, [("a", json!(4)), ("b", json!(2))]);
    assert!(store.observations("canary").await.expect("the store answers").is_empty());
}

async fn observations_go_by_prefix(place: Place) {
    let store = place.open().await;
    for scope in ["canary/é/1", "canary/é/2", "canary/éé", "canary_é/1", "c%"] {
        store.put_observation(scope, "a", &json!(0)).await.expect("the store answers");
    }
    let mut scopes = store.observed_scopes("canary/é/").await.expect("the store answers");
    scopes.sort();
    assert_eq!(scopes, ["canary/é/1", "canary/é/2"]);
    let since = async |prefix: &str, at| store.observations_since(prefix, at).await.expect("the store answers");
    let all = since("canary/é/", Timestamp::default()).await;
    assert_eq!(all.len(), 2);
    assert_eq!(since("canary/é/", all[1].at.saturating_add(Duration::from_millis(1))).await, []);
    assert_eq!(since("canary/é/", all[1].at).await.last(), all.last(), "what was put at that moment is among it");
    assert_eq!(store.drop_observations("canary/é/").await, Ok(2));
    assert_eq!(store.drop_observations("c%").await, Ok(1));
    for scope in ["canary/éé", "canary_é/1"] {
        assert_eq!(store.observations(scope).await.expect("the store answers").len(), 1, "{scope}");
    }
}
