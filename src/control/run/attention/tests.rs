//! What needs a person, and what does not.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::control::run::under_way::fixtures::{START, after, by, deploying, retirement, stepping, trial};
use crate::control::testing::{config, control};
use crate::rollout::Command;
use crate::rollout::deployment::Outcome;

async fn state() -> State {
    State::clone(&control(config()).await.engine.state())
}

fn none(_: &str) -> Option<ArmUnits> {
    None
}

#[tokio::test]
async fn what_runs_needs_no_person_and_what_an_operator_has_paused_is_told_with_its_command() {
    let (mut state, mut running) = (state().await, stepping(3));
    let held = |running| Arc::new(BTreeMap::from([("canary_1".to_owned(), running)]));
    state.documents.canaries = held(running.clone());
    assert_eq!(rollouts::all(&state, none), []);
    running.canary.command(after(61), Command::Pause, &by()).expect("it runs");
    state.documents.canaries = held(running);
    let wanted = Attention::new("the canary `canary_1`", "an operator has paused it: because", "pointsman canary resume canary_1");
    assert_eq!(rollouts::all(&state, none), [wanted]);
}

#[tokio::test]
async fn a_work_that_fails_again_and_again_and_a_retirement_that_stays_blocked_are_told() {
    let (mut state, mut deploying, mut retirement) = (state().await, deploying(), retirement());
    for attempts in 1..=3 {
        deploying.deployment.report(START, Outcome::Failed("no route to host".to_owned()));
        state.documents.deployments = Arc::new(BTreeMap::from([("deployment_1".to_owned(), deploying.clone())]));
        assert_eq!(rollouts::all(&state, none).len(), usize::from(attempts == 3), "{attempts}");
    }
    (0..6).for_each(|_| retirement.block(START, vec!["7 acknowledged writes".to_owned()]));
    state.documents.retirements = Arc::new(BTreeMap::from([("retirement_1".to_owned(), retirement)]));
    let next: Vec<String> = rollouts::all(&state, none).into_iter().map(|item| item.next).collect();
    assert_eq!(next, ["pointsman deployment show deployment_1", "pointsman retire show retirement_1"]);
}

#[tokio::test]
async fn a_sample_ratio_mismatch_is_told_and_even_arms_are_not() {
    let mut state = state().await;
    state.documents.experiments = Arc::new(BTreeMap::from([("exp_old_1".to_owned(), trial())]));
    let counted = |mismatch| move |_: &str| Some(ArmUnits { units: vec![900.0, 1_100.0], mismatch });
    assert_eq!(rollouts::all(&state, counted(false)), []);
    let found = rollouts::all(&state, counted(true));
    assert!(found[0].why.contains("(control 900, treatment 1100)"), "{found:?}");
    assert_eq!(found[0].next, "pointsman experiment analysis exp_old_1");
}

#[tokio::test]
async fn losing_the_store_or_the_aliases_and_a_replica_that_lags_are_told() {
    use crate::control::run::parts::{ControllerStatus, ListingStatus, ReplicaStatus, StoreStatus};
    let state = state().await;
    let replica = |name: &str, revision, live| ReplicaStatus {
        replica: name.to_owned(),
        version: "1".to_owned(),
        revision,
        lag: 9 - revision,
        age_seconds: if live { 0.5 } else { 40.0 },
        live,
    };
    let replicas = vec![replica("replica_a", 8, true), replica("replica_b", 5, true), replica("replica_c", 9, false)];
    let controller = ControllerStatus { replica: None, epoch: 1, here: false, expires_in_seconds: 0.0 };
    let store = StoreStatus {
        revision: 9,
        lost: Some("refused".to_owned()),
        replica: "replica_a".to_owned(),
        controller: Some(controller),
        replicas,
    };
    let listing = ListingStatus {
        age_seconds: None,
        failures: 1,
        last_error: Some("timed out".to_owned()),
        protocol: crate::qdrant::Protocol::default(),
        aliases: 0,
        collections: 0,
    };
    let admin = "127.0.0.1:7335".parse().expect("an address");
    let process = Process { not_ready: &[], listing: &listing, store: &store, due_revision: Some(7), webhooks: &[], admin: &admin };
    let what: Vec<String> = all(&state, &process, none).into_iter().map(|item| item.what).collect();
    assert_eq!(what, ["Qdrant", "the store", "the leader", "replica `replica_b`", "replica `replica_c`"]);
}
