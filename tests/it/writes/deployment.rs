//! Deployments of collections that are written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{House, problem, write};
use crate::house::{PATIENCE, send};

async fn begun(house: &House, changes: &Value) -> String {
    let mut spec = json!({
        "alias": "docs", "source": "collection:docs_v1", "collection": "docs_v3", "watch": "1s", "watch_every": "300ms", "retire_old": "1s",
        // A busy machine's latencies say nothing about the code under test.
        "guards": [{"kind": "error_rate", "max": 0.5}],
    });
    super::extend(&mut spec, changes);
    let (status, made) = house.post("/v1/deployments", &spec).await;
    assert_eq!(status, StatusCode::CREATED, "{made:#}");
    format!("/v1/deployments/{}", made["id"].as_str().expect("an id"))
}

async fn until(house: &House, path: &str, state: &str) -> Value {
    house.until(path, state, |deployment| deployment["state"] == state).await
}

/// Copied and verified, and no further: the new collection is not green.
async fn verified(house: &House, changes: &Value) -> String {
    house.fault("docs_v3", &json!({"status": "yellow"}));
    let path = begun(house, changes).await;
    until(house, &path, "finishing").await;
    path
}

async fn has(house: &House, collection: &str, id: u64) -> bool {
    let url = format!("{}/collections/{collection}/points/{id}", house.upstream.rest);
    house.pointsman.http.get(url).send().await.expect("an answer").status().is_success()
}

fn last_reason(shown: &Value) -> String {
    shown["history"].as_array().and_then(|history| history.last()).map_or_else(String::new, |step| step["reason"].to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_after_the_verification_wait_for_another_one() {
    let house = House::new("").await;
    let path = verified(&house, &json!({})).await;
    house.write("docs", 2).await;
    house.upstream.engine().faults.clear_all();
    let held = until(&house, &path, "awaiting_acceptance").await;
    assert_eq!((house.target().await.as_str(), &held["lost_if_promoted"]["acknowledged"]), ("docs_v1", &json!(2)), "{held:#}");
    assert!(
        last_reason(&held).contains("2 acknowledged writes") && last_reason(&held).contains("pointsman deployment verify dep_"),
        "{held:#}"
    );
    assert!(held["warnings"].to_string().contains("2 acknowledged writes"), "{held:#}");
    let (status, refused) = house.post(&format!("{path}/ready"), &json!({})).await;
    problem(status, &refused, 2);

    let (status, again) = house.post(&format!("{path}/verify"), &json!({"reason": "the writers are stopped"})).await;
    assert_eq!(status, StatusCode::OK, "{again:#}");
    let done = until(&house, &path, "completed").await;
    assert_eq!((house.target().await.as_str(), &done["lost_if_promoted"]), ("docs_v3", &Value::Null), "{done:#}");
    assert!(has(&house, "docs_v3", 1_000).await && has(&house, "docs_v3", 1_001).await, "the acknowledged writes are there");
    house.until("/v1/retirements", "the old one goes", |listed| listed["items"][0]["collection"] == "docs_v1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loss_that_is_accepted_is_said_and_keeps_the_old_collection() {
    let house = House::new("").await;
    let path = verified(&house, &json!({})).await;
    house.write("docs", 2).await;
    house.upstream.engine().faults.clear_all();
    until(&house, &path, "awaiting_acceptance").await;
    let (status, accepted) = house.post(&format!("{path}/ready"), &json!({"accept_lost_writes": true})).await;
    assert_eq!(status, StatusCode::OK, "{accepted:#}");
    let done = until(&house, &path, "completed").await;
    assert_eq!(house.target().await, "docs_v3");
    assert!(!has(&house, "docs_v3", 1_000).await, "Pointsman does not carry writes over");
    assert!(done["warnings"].to_string().contains("2 acknowledged writes"), "{done:#}");
    assert_eq!(house.show("/v1/retirements").await["items"], json!([]), "it alone has them");
    let audit = house.show("/v1/audit?limit=100").await;
    let of = |row: &&Value| row["action"] == "deployment.ready" && row["result"] == "ok";
    let row = audit["items"].as_array().expect("a list").iter().find(of).expect("it is in the audit log");
    assert_eq!(row["after"]["accepted_lost_writes"]["acknowledged"], 2, "{row:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spec_may_accept_it_from_the_start_and_a_dry_run_warns() {
    let house = House::new("").await;
    house.write("docs", 3).await;
    let dry = json!({"alias": "docs", "source": "collection:docs_v1", "dry_run": true});
    let (status, preview) = house.post("/v1/deployments", &dry).await;
    assert_eq!(status, StatusCode::OK, "{preview:#}");
    assert!(preview["warnings"].to_string().contains("3 acknowledged writes"), "{preview:#}");
    let path = verified(&house, &json!({"accept_lost_writes": true})).await;
    house.write("docs", 2).await;
    house.upstream.engine().faults.clear_all();
    let done = until(&house, &path, "completed").await;
    assert_eq!(done["lost_if_promoted"]["acknowledged"], 2, "{done:#}");
}

/// Points that were changed while they were copied are found by comparing all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_during_the_copy_are_in_it_or_hold_it() {
    let house = House::new("").await;
    let path = begun(&house, &json!({"copy": {"page": 1, "parallel": 1, "points_per_second": 2.0}})).await;
    house.until(&path, "copying", |deployment| deployment["progress"]["points"].as_u64().is_some_and(|points| points > 0)).await;
    let changed = json!({"points": [{"id": 1, "vector": [9.0, 9.0], "payload": {"from": "later"}}, {"id": 900, "vector": [1.0, 2.0]}]});
    let url = house.pointsman.rest("/collections/docs/points?wait=true");
    send(&house.pointsman.http, reqwest::Method::PUT, &url, &changed).await;
    finish(&house, &path).await;
    let found = crate::house::get(&house.pointsman.http, &format!("{}/collections/docs_v3/points/1", house.upstream.rest)).await;
    assert_eq!(found["result"]["payload"]["from"], "later", "{found:#}");
    assert!(has(&house, "docs_v3", 900).await);
}

/// To its end, with another verification where it asks for one.
async fn finish(house: &House, path: &str) -> Value {
    let finished = async {
        loop {
            let shown = house.show(path).await;
            match shown["state"].as_str() {
                Some("completed") => return shown,
                Some("awaiting_acceptance") => drop(house.post(&format!("{path}/verify"), &json!({})).await),
                Some("watching") if shown["warnings"].to_string().contains("loses them") => {
                    drop(house.post(&format!("{path}/verify"), &json!({})).await);
                }
                Some("rolled_back" | "failed" | "cancelled") => panic!("{shown:#}"),
                _ => {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(PATIENCE * 2, finished).await {
        Ok(shown) => shown,
        Err(_) => panic!("it never ended: {:#}", house.show(path).await),
    }
}

/// As long as a client writes, the deployment is neither completed nor given up; once the writers are stopped, nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trickle_of_writes_neither_gets_lost_nor_makes_it_impossible() {
    let house = Arc::new(House::new("").await);
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (house, stop) = (Arc::clone(&house), Arc::clone(&stop));
        tokio::spawn(async move {
            let mut id = 10_000;
            while !stop.load(Ordering::Relaxed) {
                write(&house.pointsman, "docs", id).await;
                id += 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            id
        })
    };
    let path = begun(&house, &json!({"watch": "10m"})).await;
    let held = |deployment: &Value| {
        deployment["state"] == "awaiting_acceptance"
            || (deployment["state"] == "watching" && deployment["warnings"].to_string().contains("the switch loses them"))
    };
    // A writer that got no time for seconds may have been overtaken by the switch.
    let first = house.until(&path, "held or promoted", |shown| held(shown) || shown["lost_if_rolled_back"].is_object()).await;
    stop.store(true, Ordering::Relaxed);
    let written = 10_000..writer.await.expect("the writer ends");
    let was_held = held(&first) && house.target().await == "docs_v1";
    let moved = async {
        while house.target().await != "docs_v3" {
            if held(&house.show(&path).await) {
                drop(house.post(&format!("{path}/verify"), &json!({})).await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let moved = tokio::time::timeout(PATIENCE * 2, moved).await;
    assert!(moved.is_ok(), "it never moved: {:#}", house.show(&path).await);
    let mut missing = 0;
    for id in written {
        missing += u64::from(!has(&house, "docs_v3", id).await);
    }
    let said = house.show(&path).await["lost_if_promoted"]["acknowledged"].as_u64().unwrap_or_default();
    assert!(missing <= said, "{missing} acknowledged writes are lost, and {said} of them are told of");
    assert!(missing == 0 || !was_held, "{missing} acknowledged writes are lost though the writers were stopped before the switch");
}

/// What a pipeline has written into the new collection may be nowhere else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_that_was_filled_through_pointsman_is_not_deleted_by_itself() {
    let house = House::new("").await;
    let path = begun(&house, &json!({"source": "external"})).await;
    until(&house, &path, "awaiting_ready").await;
    house.write("docs_v3", 2).await;
    let (status, cancelled) = house.post(&format!("{path}/cancel"), &json!({})).await;
    assert_eq!(status, StatusCode::OK, "{cancelled:#}");
    let ended = until(&house, &path, "cancelled").await;
    assert!(ended["undone"].to_string().contains("2 acknowledged writes"), "{ended:#}");
    assert!(has(&house, "docs_v3", 1_000).await);
}

/// A verification makes the copy like its source; what the copy got by its own name it must not undo.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verification_undoes_no_acknowledged_write_of_the_new_collection() {
    let house = House::new("").await;
    let path = verified(&house, &json!({})).await;
    house.write("docs", 2).await;
    house.write("docs_v3", 3).await;
    house.upstream.engine().faults.clear_all();
    until(&house, &path, "awaiting_acceptance").await;
    let (status, again) = house.post(&format!("{path}/verify"), &json!({})).await;
    assert_eq!(status, StatusCode::OK, "{again:#}");
    let held = until(&house, &path, "awaiting_acceptance").await;
    assert!(last_reason(&held).contains("`docs_v3` got 3 acknowledged writes by its own name"), "{held:#}");
    assert!(has(&house, "docs_v3", 1_002).await, "only the new collection has it");
    let (status, accepted) = house.post(&format!("{path}/ready"), &json!({"accept_lost_writes": true})).await;
    assert_eq!(status, StatusCode::OK, "{accepted:#}");
    until(&house, &path, "completed").await;
    assert!(has(&house, "docs_v3", 1_002).await);
}

/// Only the operator knows whether the filling has the writes that went to the alias during it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ready_is_refused_if_the_alias_was_written_while_the_collection_was_filled() {
    let house = House::new("").await;
    let path = begun(&house, &json!({"source": "external"})).await;
    until(&house, &path, "awaiting_ready").await;
    house.write("docs", 2).await;
    let (status, refused) = house.post(&format!("{path}/ready"), &json!({})).await;
    problem(status, &refused, 2);
    assert_eq!(house.show(&path).await["state"], "awaiting_ready", "nothing was changed");
    let (status, ready) = house.post(&format!("{path}/ready"), &json!({"accept_lost_writes": true})).await;
    assert_eq!((status, &ready["accepts_lost_writes"]), (StatusCode::OK, &json!(true)), "{ready:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn going_back_in_the_watch_is_refused_with_the_number_and_keeps_the_new_collection() {
    let house = House::new("").await;
    let path = begun(&house, &json!({"watch": "10m"})).await;
    let released = house.until(&path, "released", |deployment| deployment["canary"].is_string()).await;
    let canary = released["canary"].as_str().expect("it has one").to_owned();
    house.until(&format!("/v1/canaries/{canary}"), "in its watch", |canary| canary["state"] == "watching").await;
    house.write("docs", 2).await;
    for word in ["rollback", "cancel"] {
        let (status, refused) = house.post(&format!("{path}/{word}"), &json!({})).await;
        problem(status, &refused, 2);
    }
    let (status, back) = house.post(&format!("{path}/rollback"), &json!({"accept_lost_writes": true})).await;
    assert_eq!(status, StatusCode::OK, "{back:#}");
    let ended = until(&house, &path, "rolled_back").await;
    assert_eq!(house.target().await, "docs_v1");
    assert!(ended["undone"].to_string().contains("2 acknowledged writes"), "{ended:#}");
    assert_eq!(house.show("/v1/retirements").await["items"], json!([]), "it alone has them");
    assert!(has(&house, "docs_v3", 1_000).await);
}
