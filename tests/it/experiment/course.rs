//! From its creation to its end.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{House, arm, spec};

const UNITS: usize = 200;

/// So many ask once each; who is in which arm.
async fn everybody(house: &House, units: usize) -> BTreeMap<String, (String, Option<String>)> {
    let mut arms = BTreeMap::new();
    for unit in 0..units {
        let unit = format!("user-{unit}");
        let answer = house.ask(&[("x-user-id", &unit)]).await;
        arms.insert(unit, (answer.arm.expect("the alias is split"), answer.token));
    }
    arms
}

fn count(arms: &BTreeMap<String, (String, Option<String>)>, name: &str) -> usize {
    arms.values().filter(|(arm, _)| arm == name).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_split_counted_and_sent_back() {
    let mut house = House::new("").await;
    let id = house.begin(json!({"exposure_percentage": 80.0, "anonymous": "random"})).await;
    assert!(id.starts_with("exp_test_"), "{id}");

    let first = everybody(&house, UNITS).await;
    let (control, treatment, outside) = (count(&first, "control"), count(&first, "treatment"), count(&first, "stable"));
    assert_eq!(control + treatment + outside, UNITS);
    assert!(control > 40 && treatment > 40 && (12..=70).contains(&outside), "{control} {treatment} {outside}");
    assert!(first.values().all(|(arm, token)| token.is_some() == (arm != "stable")), "only those inside can report");
    assert_eq!(everybody(&house, UNITS).await, first, "nobody moves, and a token is always the same");

    // The decision can be checked, by the endpoint for applications that embed per model.
    for (unit, (arm, token)) in first.iter().take(20) {
        let path = format!("/v1/experiments/{id}/assignment");
        let assigned = house.change(Method::POST, &path, &json!({"unit": unit})).await;
        let expected = if arm == "stable" { Value::Null } else { json!(arm) };
        assert_eq!((&assigned["arm"], &assigned["token"]), (&expected, &json!(token)), "{assigned:#}");
    }

    // Whoever has no unit is served and kept apart.
    for _ in 0..10 {
        assert_eq!(house.ask(&[]).await.token, None);
    }

    // Values by token, by unit and by arm; all or none of a batch.
    let path = format!("/v1/experiments/{id}/feedback");
    let tokens: Vec<&String> = first.values().filter_map(|(_, token)| token.as_ref()).collect();
    let clicks: Vec<Value> =
        tokens.iter().enumerate().map(|(at, token)| json!({"token": token, "metric": "click", "value": at % 2})).collect();
    let taken = house.change(Method::POST, &path, &json!(clicks)).await;
    assert_eq!((&taken["accepted"], &taken["duplicates"], &taken["warnings"]), (&json!(clicks.len()), &json!(0), &json!([])));
    let once = json!({"arm": "control", "metric": "click", "value": 1, "idempotency_key": "a"});
    let taken = house.change(Method::POST, &path, &json!([once, once])).await;
    assert_eq!((&taken["accepted"], &taken["duplicates"], &taken["warnings"]), (&json!(1), &json!(1), &json!(["no_unit"])));
    let taken = house.change(Method::POST, "/v1/feedback", &clicks[0]).await;
    assert_eq!(taken["accepted"], 1, "a token says which experiment it is of");
    let (status, problem) = house.call(Method::POST, &path, &json!([clicks[0], {"arm": "control", "metric": "likes", "value": 1}])).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("[1]")), "{problem:#}");
    let (status, _) = house.call(Method::POST, "/v1/experiments/exp_nobody/feedback", &clicks[0]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    let report = house.look(&format!("/v1/experiments/{id}/analysis")).await;
    let shown = |name: &str, field: &str| arm(&report, name)[field].clone();
    assert_eq!((shown("control", "requests"), shown("treatment", "requests")), (json!(2 * control), json!(2 * treatment)));
    assert_eq!(
        (shown("control", "units").as_f64().map(f64::round), shown("control", "unattributed_values")),
        (Some(control as f64), json!(1))
    );
    let apart = ["control", "treatment"].map(|name| shown(name, "anonymous_requests").as_u64().expect("a count"));
    assert!(apart.iter().sum::<u64>() <= 10 && apart.iter().sum::<u64>() >= 1, "{apart:?} of ten, a fifth of them outside");
    let samples: u64 = ["control", "treatment"].iter().filter_map(|name| arm(&report, name)["metrics"]["click"]["samples"].as_u64()).sum();
    assert_eq!(samples as usize, clicks.len() + 2, "what was refused is not there");
    // Units are dealt under a random id: one true split in a thousand looks uneven, and then that is the first thing said.
    if report["split"]["alarm"].is_null() {
        assert_eq!(report["decision"]["reason"], "insufficient_data", "{:#}", report["decision"]);
    }
    let csv = house.pointsman.http.get(house.pointsman.admin(&format!("/v1/experiments/{id}/analysis?format=csv")));
    let csv = csv.send().await.expect("an answer").text().await.expect("text");
    let comparisons = report["comparisons"].as_array().expect("a list").len();
    assert!(csv.starts_with("arm,metric,role,direction,control_mean") && csv.lines().count() == comparisons + 1, "{csv}");
    let header: Vec<&str> = csv.lines().next().expect("a header").split(',').collect();
    for column in ["interval_low", "share_fisher_p_value", "ranks_shift_interval_high", "non_inferiority_non_inferior", "power_now", "note"]
    {
        assert!(header.contains(&column), "{column} is not in {header:?}");
    }

    // Nothing else runs on the alias meanwhile, and nobody takes its collections away.
    let (status, _) = house.call(Method::POST, "/v1/experiments", &spec(&json!({}))).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (status, _) = house.call(Method::POST, "/v1/canaries", &json!({"alias": "docs", "collection": "docs_v2"})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let deleted = house.pointsman.http.delete(house.pointsman.rest("/collections/docs_v2")).send().await.expect("an answer");
    assert_eq!(deleted.status(), 409);

    // Stopped: the traffic is back at once, and what is known stays as it is.
    let stopped = house.change(Method::POST, &format!("/v1/experiments/{id}/stop"), &json!({"reason": "enough"})).await;
    assert_eq!(stopped["state"], "settling");
    assert_eq!(house.ask(&[("x-user-id", "user-1")]).await.arm, None);
    house.until(&id, "ended").await;
    let frozen = house.look(&format!("/v1/experiments/{id}/analysis")).await;
    assert_eq!(frozen["arms"], report["arms"], "frozen as it was");
    let (status, problem) = house.call(Method::POST, &path, &clicks[0]).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem:#}");
    let kinds: Vec<String> =
        house.look("/v1/events").await["items"].as_array().expect("a list").iter().map(|event| event["kind"].to_string()).collect();
    assert!(["running", "settling", "ended"].iter().all(|state| kinds.contains(&format!("\"experiment.{state}\""))), "{kinds:?}");
    house.pointsman.child.kill().await.expect("it is ours");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_split_is_a_new_phase_and_the_winner_gets_the_alias() {
    let house = House::new("").await;
    let id = house.begin(json!({"exposure_percentage": 50.0})).await;
    let path = format!("/v1/experiments/{id}");
    let narrow = everybody(&house, UNITS).await;
    house.change(Method::PATCH, &path, &json!({"exposure_percentage": 100.0})).await;
    let wide = everybody(&house, UNITS).await;
    assert!(narrow.iter().all(|(unit, (arm, _))| arm == "stable" || wide[unit].0 == *arm), "nobody changes arms");
    assert_eq!(count(&wide, "stable"), 0);
    let changed = house.change(Method::PATCH, &path, &json!({"weights": {"control": 0.2, "treatment": 0.8}})).await;
    assert_eq!(changed["phases"].as_array().map(Vec::len), Some(2));
    let moved = everybody(&house, UNITS).await;
    assert!(wide.iter().all(|(unit, (arm, _))| arm == "control" || moved[unit].0 == *arm), "the treatment only grows");
    let of = async |phase: u32| {
        let report = house.look(&format!("/v1/experiments/{id}/analysis?phase={phase}")).await;
        report["arms"].as_array().expect("arms").iter().filter_map(|arm| arm["requests"].as_u64()).sum::<u64>()
    };
    assert_eq!((of(1).await, of(2).await), (narrow.len() as u64 * 2 - count(&narrow, "stable") as u64, UNITS as u64));
    let (status, problem) = house.call(Method::PATCH, &path, &json!({"weights": {"control": 0.5}})).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("weights.treatment")));

    let stop = json!({"promote": "treatment", "by": "switch"});
    house.change(Method::POST, &format!("/v1/experiments/{id}/stop"), &stop).await;
    assert_eq!(house.look("/v1/aliases/docs").await["collection"], "docs_v2");
}

/// A verdict often comes with the end: it can still be acted upon.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_winner_gets_the_alias_also_after_the_planned_end() {
    for (late_feedback, state) in [("10m", "settling"), ("1s", "ended")] {
        let house = House::new("").await;
        let id = house.begin(json!({"max_duration": "1s", "late_feedback": late_feedback})).await;
        house.until(&id, state).await;
        let path = format!("/v1/experiments/{id}/stop");
        let promoted = house.change(Method::POST, &path, &json!({"promote": "treatment", "by": "switch"})).await;
        assert_eq!((&promoted["state"], &house.look("/v1/aliases/docs").await["collection"]), (&json!(state), &json!("docs_v2")));
        let (status, again) = house.call(Method::POST, &path, &json!({})).await;
        assert_eq!(status, StatusCode::CONFLICT, "there is nothing left to stop: {again}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_are_never_dealt_by_chance() {
    let house = House::new("identity: {force_header: x-force-variant, holdout_percentage: 30.0}").await;
    let targeting = json!({"deny": ["bot"], "allow": {"qa": "treatment"}, "headers": {"x-tier": "free"}});
    let id = house.begin(json!({"targeting": targeting})).await;
    let tier = ("x-tier", "free");
    let asked = async |headers: &[(&str, &str)]| house.ask(headers).await;
    assert_eq!(asked(&[("x-user-id", "bot"), tier]).await.arm.as_deref(), Some("stable"));
    let chosen = asked(&[("x-user-id", "qa"), tier]).await;
    assert_eq!((chosen.arm.as_deref(), chosen.token), (Some("treatment"), None), "chosen, so not analysed");
    let forced = asked(&[("x-user-id", "user-1"), ("x-force-variant", "treatment"), tier]).await;
    assert_eq!((forced.arm.as_deref(), forced.token), (Some("treatment"), None));
    assert_eq!(asked(&[("x-user-id", "user-1")]).await.arm.as_deref(), Some("stable"), "of another tier");
    let mut held_out = 0;
    for unit in 0..UNITS {
        held_out += usize::from(asked(&[("x-user-id", &format!("user-{unit}")), tier]).await.arm.as_deref() == Some("stable"));
    }
    assert!((35..=85).contains(&held_out), "{held_out} of {UNITS} are held out, about 60 were expected");
    let report = house.look(&format!("/v1/experiments/{id}/analysis")).await;
    assert_eq!(arm(&report, "treatment")["forced_requests"], 2);
    let units: f64 = ["control", "treatment"].iter().filter_map(|name| arm(&report, name)["units"].as_f64()).sum();
    assert_eq!(units.round() as usize, UNITS - held_out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_begin_is_refused_with_the_reason() {
    let house = House::new("").await;
    let refused = async |changes: Value| house.call(Method::POST, "/v1/experiments", &spec(&changes)).await;
    let (status, problem) = refused(json!({"traffic_split": 1.5})).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("traffic_split")));
    assert_eq!(refused(json!({"treatment": "nowhere"})).await.0, StatusCode::NOT_FOUND);
    assert_eq!(refused(json!({"alias": "nobody"})).await.0, StatusCode::NOT_FOUND);
    let wide = json!({"vectors": {"size": 3, "distance": "Cosine"}});
    send_to(&house, "wide", &wide).await;
    let (status, problem) = refused(json!({"treatment": "wide"})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem:#}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("empty")), "{problem:#}");
    let planned =
        house.change(Method::POST, "/v1/experiments/plan", &json!({"mean": 0.1, "lift_percent": 20, "units_per_day": 1000})).await;
    assert_eq!(planned["units_control"], 3839);
    let (status, _) = house.call(Method::POST, "/v1/experiments/plan", &json!({"mean": 10.0, "lift_percent": 20})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

async fn send_to(house: &House, name: &str, body: &Value) {
    crate::house::send(&house.pointsman.http, Method::PUT, &format!("{}/collections/{name}", house.upstream.rest), body).await;
}

/// Before the split everybody is on stable, and counted for the arm to come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pre_period_watches_everybody_on_stable() {
    let house = House::new("").await;
    let id = house.begin(json!({"pre_period": "10s"})).await;
    house.until(&id, "baseline").await;
    // All of them have to ask before it is over.
    let before = everybody(&house, 40).await;
    assert!(before.values().all(|(_, token)| token.is_none()));
    house.until(&id, "running").await;
    let after = everybody(&house, 40).await;
    assert!(before.iter().all(|(unit, (arm, _))| after[unit].0 == *arm), "the same arms");
    assert_eq!(house.look(&format!("/v1/experiments/{id}/analysis?phase=0")).await["phase"], 0);
}

/// Nobody is refused past Pointsman, so whoever reads the analysis has to know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_that_is_moved_past_pointsman_is_told_of() {
    let house = House::new("aliases: {refresh: 1s}").await;
    crate::house::collection(&house.upstream.rest, "docs_v3").await;
    let id = house.begin(json!({})).await;
    let before = house.look(&format!("/v1/experiments/{id}")).await;
    let moved = json!({"actions": [
        {"delete_alias": {"alias_name": "docs"}},
        {"create_alias": {"alias_name": "docs", "collection_name": "docs_v3"}},
    ]});
    crate::house::send(&house.pointsman.http, Method::POST, &format!("{}/collections/aliases", house.upstream.rest), &moved).await;
    let told = async {
        loop {
            let report = house.look(&format!("/v1/experiments/{id}/analysis")).await;
            let notes = report["notes"].as_array().expect("a list").clone();
            if notes.iter().any(|note| note.as_str().is_some_and(|note| note.contains("`docs_v1`, then `docs_v3`"))) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::house::PATIENCE, told).await.expect("it is noticed in time");
    let after = house.look(&format!("/v1/experiments/{id}")).await;
    let steps = |experiment: &Value| experiment["history"].as_array().map(Vec::len).expect("a list");
    assert_eq!((after["state"].as_str(), steps(&after)), (Some("running"), steps(&before) + 1), "{:#}", after["history"]);
}
