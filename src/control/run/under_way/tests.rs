//! What is said of each kind, and in which order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::fixtures::{START, after, by, deploying, mirroring, retirement, stepping, trial};
use super::*;
use crate::control::testing::{config, control, listing};
use crate::live::{Capture, Terms};
use crate::rollout::Command;
use crate::rollout::deployment::Outcome;

fn around(listing: &Listing, now: Timestamp) -> Around<'_> {
    Around { now, listing, store_lost: None, kill_switch: false, frozen: None }
}

fn docs() -> Listing {
    listing(&[("docs", "docs_v1")], &["docs_v1", "docs_v2"])
}

#[test]
fn a_canary_says_how_far_it_is_and_which_traffic_it_lacks() {
    let (listing, running) = (docs(), stepping(3));
    let entry = canary::entry(&running, &around(&listing, after(60)));
    assert_eq!((entry.from.as_deref(), entry.to.as_slice(), entry.state), (Some("docs_v1"), ["docs_v2".to_owned()].as_slice(), "stepping"));
    assert_eq!((entry.share_percent, entry.time_left_seconds), (Some(5.0), Some(3_840.0)), "an hour and the watch, less a minute");
    assert_eq!(entry.progress, Some(60.0 / 3_900.0));
    assert_eq!(entry.waits_for.as_deref(), Some("traffic: the canary has 3 of 500 requests, 3 of 100 users"));
    assert_eq!(canary::entry(&stepping(900), &around(&listing, after(60))).waits_for, None, "its clock runs");
}

#[test]
fn a_paused_canary_waits_for_a_person_and_knows_no_end() {
    let (listing, mut running) = (docs(), stepping(900));
    running.canary.command(after(61), Command::Pause, &by()).expect("it runs");
    let around = around(&listing, after(61));
    let entry = canary::entry(&running, &around);
    assert_eq!((entry.state, entry.time_left_seconds), ("paused", None));
    assert_eq!(entry.waits_for.as_deref(), Some("the operator: ada has paused it, because"));
    let lost = canary::entry(&running, &Around { store_lost: Some("refused"), ..around });
    assert_eq!(lost.waits_for.as_deref(), Some("the store, which does not answer"));
}

#[test]
fn a_deployment_that_others_fill_waits_for_the_operator() {
    let (listing, mut deploying) = (docs(), deploying());
    let checked =
        Outcome::Checked { previous: "docs_v1".to_owned(), schema: None, differences: Vec::new(), warnings: vec!["unread".to_owned()] };
    deploying.deployment.report(START, checked);
    deploying.deployment.report(START, Outcome::Failed("no route to host".to_owned()));
    let around = around(&listing, START);
    let entry = deployment::entry(&deploying, None, &around);
    assert_eq!((entry.from.as_deref(), entry.to.as_slice()), (Some("docs_v1"), ["docs_v3".to_owned()].as_slice()));
    assert_eq!(entry.waits_for.as_deref(), Some("attempt 2 after: no route to host"));
}

#[test]
fn an_experiment_has_its_part_of_the_units_and_a_planned_end() {
    let (listing, trial) = (docs(), trial());
    let entry = experiment::entry(&trial, &around(&listing, after(3_600)));
    assert_eq!((entry.from.as_deref(), entry.to.as_slice()), (Some("docs_v1"), ["docs_v2".to_owned()].as_slice()));
    assert_eq!((entry.share_percent, entry.progress, entry.time_left_seconds), (Some(50.0), Some(0.1), Some(9.0 * 3_600.0)));
    assert_eq!(entry.waits_for, None);
    let killed = experiment::entry(&trial, &Around { kill_switch: true, ..around(&listing, START) });
    assert_eq!(killed.waits_for.as_deref(), Some("the kill switch, which is on: the arms get no traffic"));
}

#[test]
fn a_retirement_waits_for_its_grace_period_and_then_for_what_is_in_its_way() {
    let (listing, mut retirement) = (docs(), retirement());
    let around = around(&listing, after(900));
    let entry = retirement::entry(&retirement, &around);
    assert_eq!((entry.progress, entry.time_left_seconds, entry.alias.as_deref()), (Some(0.25), Some(2_700.0), None));
    assert!(entry.waits_for.is_some_and(|waits| waits.starts_with("the end of its grace period at 20")));
    retirement.block(after(3_600), vec!["3 requests are inside it".to_owned()]);
    let entry = retirement::entry(&retirement, &around);
    assert_eq!(
        (entry.state, entry.progress, entry.waits_for.as_deref()),
        ("blocked", None, Some("what is in its way to go: 3 requests are inside it"))
    );
}

#[tokio::test]
async fn all_kinds_are_listed_by_alias_and_then_by_age() {
    let control = control(config()).await;
    let mut state = State::clone(&control.engine.state());
    state.documents.canaries = Arc::new(BTreeMap::from([("canary_1".to_owned(), stepping(3))]));
    state.documents.deployments = Arc::new(BTreeMap::from([("deployment_1".to_owned(), deploying())]));
    state.documents.experiments = Arc::new(BTreeMap::from([("exp_old_1".to_owned(), trial())]));
    state.documents.shadows = Arc::new(BTreeMap::from([("shadow_1".to_owned(), mirroring())]));
    state.documents.retirements = Arc::new(BTreeMap::from([("retirement_1".to_owned(), retirement())]));
    let terms = Terms { id: "capture_1".into(), begun_ms: START.millis(), max_duration: Duration::from_secs(600), percentage: 10.0 };
    let (capture, _reader) = Capture::channel("articles", 1, 1_000, terms);
    state.captures = vec![capture];
    let listing = docs();
    let entries = all(&state, &around(&listing, after(60)));
    let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["capture_1", "canary_1", "deployment_1", "exp_old_1", "shadow_1", "retirement_1"]);
    assert_eq!((entries[0].share_percent, entries[0].progress, entries[0].time_left_seconds), (Some(10.0), Some(0.0), Some(540.0)));
    let arms = crate::control::alias::arms_by_alias(&state);
    let arms: Vec<(&str, &str)> = arms["docs"].iter().map(|arm| (arm.arm.as_str(), arm.collection.as_str())).collect();
    assert_eq!(arms, [("canary", "docs_v2"), ("treatment", "docs_v2"), ("shadow", "docs_v2")]);
}
