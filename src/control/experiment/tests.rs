//! What becomes of counts while time goes on: here, in the store, and after a restart.

use serde_json::{Value, json};
use ulid::Ulid;

use super::keys::Keys;
use crate::config::{Period, Timestamp};
use crate::control::documents::{ExperimentDocument, Page};
use crate::control::table::NO_THRESHOLD;
use crate::control::testing::{caller, config, config_in, control, list, listing};
use crate::control::{Control, ControlError, StopRequest, clock};
use crate::experiment::{Experiment, Feedback, Part};
use crate::metrics::{CohortSample, Ending};
use crate::rollout::loss::{Bound, Counted, Tally};
use crate::store::Change;

const FIRST: Page = Page { phase: 1, slice: 1 };
const SECOND: Page = Page { phase: 1, slice: 2 };

fn ago(seconds: u64) -> Timestamp {
    Timestamp::from_millis(clock::now().millis() - Period::from_secs(seconds).millis())
}

/// One that has begun ten minutes ago and knows of one slice.
fn begun() -> Experiment {
    begun_at(ago(600), &json!({"treatment": "docs_v2"}))
}

fn begun_at(at: Timestamp, arms: &Value) -> Experiment {
    let mut spec = json!({
        "name": "test", "alias": "docs", "max_duration": "1h", "time_resolution": "1m",
        "metrics": [{"name": "click", "kind": "binary"}],
    });
    arms.as_object().expect("fields").iter().for_each(|(name, value)| spec[name] = value.clone());
    let spec: crate::experiment::ExperimentSpec = serde_json::from_value(spec).expect("the form of a spec");
    let spec = spec.normalized(&["there"].into()).expect("a proper spec");
    Experiment::create(&format!("exp_test_{}", Ulid::generate()), spec, at, "tester", "to see")
}

/// Keeps it as it is now.
async fn keep(control: &Control, experiment: &Experiment) {
    let before = control.experiments.known(experiment.id()).ok();
    let after = ExperimentDocument { experiment: experiment.clone(), marks: Vec::new(), moved: Vec::new(), revision: 0 };
    control
        .engine
        .put(Change::unaudited(after.writes(before.as_ref(), &control.engine.state().documents)))
        .await
        .expect("the store answers");
}

/// A control plane that keeps it, and its id.
async fn house(at: &std::path::Path, experiment: Experiment) -> (Control, Experiment, String) {
    let control = control(config_in(at)).await;
    keep(&control, &experiment).await;
    let id = experiment.id().to_owned();
    (control, experiment, id)
}

/// So many requests of the control's units.
fn count(control: &Control, id: &str, page: Page, requests: u64) {
    let cohort = control.registry().cohort(&page.key(id, 0), NO_THRESHOLD);
    for unit in 0..requests {
        cohort.record(0, CohortSample { unit, total_us: 1_000, bytes: 100, ending: Ending::Served, found: None });
    }
}

fn clicks(keys: std::ops::Range<usize>) -> Vec<Feedback> {
    let click = |key| json!({"arm": "control", "metric": "click", "value": 1, "idempotency_key": format!("key-{key}")});
    keys.map(|key| serde_json::from_value(click(key)).expect("the form of feedback")).collect()
}

/// Requests and clicks of the control in these slices.
async fn seen(control: &Control, id: &str, slices: std::ops::RangeInclusive<u32>) -> (u64, u64) {
    let trial = control.experiments.known(id).expect("it is kept");
    let seen = control.experiments.seen(&trial, 1, &slices).await.expect("the store answers");
    let arm = &seen.arms[0];
    (arm.cohort.requests(), arm.values.get("click").map_or(0, |values| values.total().count))
}

/// One that counts from nothing on, while its alias points at `docs_v1`.
fn counting() -> ExperimentDocument {
    let mut trial = ExperimentDocument { experiment: begun(), marks: Vec::new(), moved: Vec::new(), revision: 0 };
    trial.count_from("docs_v1", &Counted::default());
    trial
}

/// A client that moves the alias moves its writes along: the arms lack those too.
#[tokio::test]
async fn what_goes_to_a_collection_that_the_alias_was_moved_to_is_missing_in_the_arms() {
    let control = control(config()).await;
    list(&control, listing(&[("docs", "docs_v3")], &["docs_v1", "docs_v2", "docs_v3"])).await;
    let trial = counting();
    let id = trial.experiment.id().to_owned();
    let writes = trial.writes(None, &control.engine.state().documents);
    control.engine.put(Change::unaudited(writes)).await.expect("the store answers");
    let lease = control
        .engine
        .store()
        .acquire_or_renew(control.engine.replica(), std::time::Duration::from_secs(60))
        .await
        .expect("the store answers");
    let fence = lease.fence().expect("no other replica asks");
    for _ in 0..2 {
        control.experiments.step_all(&fence).await;
        assert_eq!(control.experiments.known(&id).expect("it is kept").moved.len(), 1, "it is noticed once");
    }
    let mut counted = Counted::default();
    counted.add("default", "docs_v3", Tally { acknowledged: 1_000, unknown: 0 });
    let state = control.engine.state();
    let stake = state.stake_of_move(&counted, "docs", "docs_v3", "docs_v2").expect("the experiment knows");
    let loss = stake.loss(&counted).expect("it is counted");
    assert_eq!((loss.acknowledged, loss.bound), (1_000, Bound::AtLeast), "when it was moved is not known");
}

#[test]
fn what_an_arm_got_by_the_alias_is_not_missing_in_it() {
    let mut trial = counting();
    trial.follow("docs_v2", &Counted::default());
    let mut counted = Counted::default();
    counted.add("default", "docs_v2", Tally { acknowledged: 7, unknown: 0 });
    assert_eq!(trial.loss("docs_v2", &counted).map(|loss| loss.acknowledged), Some(0));
    assert_eq!(trial.loss("docs_v1", &counted).map(|loss| loss.acknowledged), Some(7), "it was left behind");
}

#[tokio::test]
async fn what_is_held_and_written_does_not_grow_with_time() {
    let at = tempfile::tempdir().expect("a temporary directory");
    let (control, mut experiment, id) = house(at.path(), begun()).await;
    count(&control, &id, FIRST, 30);
    control.experiments.take_feedback(&id, &clicks(0..3)).expect("it runs");
    control.experiments.flush().await.expect("the store answers");
    assert_eq!(control.experiments.pages_here(&id), [FIRST].into(), "it is the present one, however old");

    experiment.tick(ago(121));
    keep(&control, &experiment).await;
    // Of a request that began before the second slice and was counted late.
    count(&control, &id, FIRST, 1);
    count(&control, &id, SECOND, 7);
    control.experiments.take_feedback(&id, &clicks(3..5)).expect("it runs");
    assert_eq!(control.experiments.pages_here(&id), [FIRST, SECOND].into());
    assert_eq!(seen(&control, &id, 1..=2).await, (38, 5), "before it is put away");
    control.experiments.flush().await.expect("the store answers");
    assert_eq!(control.experiments.pages_here(&id), [SECOND].into(), "two minutes are over");
    assert!(control.registry().cohort_keys("experiment/").iter().all(|key| key.starts_with(&SECOND.scope(&id))));
    assert_eq!(control.experiments.book.pages(&id), [SECOND]);

    // Its final report is what every reader gets from now on, and nothing replaces it.
    control.experiments.flush().await.expect("the store answers");
    assert_eq!((seen(&control, &id, 1..=1).await, seen(&control, &id, 2..=2).await), ((31, 3), (7, 2)));
    assert_eq!(seen(&control, &id, 1..=2).await, (38, 5));
}

#[tokio::test]
async fn replicas_add_up_slice_by_slice() {
    let at = tempfile::tempdir().expect("a temporary directory");
    let (control, mut experiment, id) = house(at.path(), begun()).await;
    count(&control, &id, FIRST, 30);
    control.experiments.flush().await.expect("the store answers");
    let own = control.engine.store().observations(&FIRST.scope(&id)).await.expect("the store answers").remove(0);
    control.engine.store().put_observation(&FIRST.scope(&id), "replica_other", &own.body).await.expect("the store answers");
    assert_eq!(seen(&control, &id, 1..=1).await.0, 60);
    experiment.tick(ago(121));
    keep(&control, &experiment).await;
    control.experiments.flush().await.expect("the store answers");
    assert_eq!((seen(&control, &id, 1..=1).await.0, seen(&control, &id, 2..=2).await.0), (60, 0));
}

#[tokio::test]
async fn a_restart_keeps_what_was_written_and_counts_no_value_twice() {
    let at = tempfile::tempdir().expect("a temporary directory");
    let first = control(config_in(at.path())).await;
    let experiment = begun();
    let id = experiment.id().to_owned();
    keep(&first, &experiment).await;
    count(&first, &id, FIRST, 30);
    let taken = first.experiments.take_feedback(&id, &clicks(0..5)).expect("it runs");
    assert_eq!((taken.accepted, taken.duplicates), (5, 0));
    first.experiments.flush().await.expect("the store answers");
    // What comes now is lost with the process, the value and its key.
    first.experiments.take_feedback(&id, &clicks(5..6)).expect("it runs");
    drop(first);

    let again = control(config_in(at.path())).await;
    assert_eq!(seen(&again, &id, 1..=1).await, (30, 5));
    let taken = again.experiments.take_feedback(&id, &clicks(3..7)).expect("it runs");
    assert_eq!((taken.accepted, taken.duplicates), (2, 2), "what was written is known, what was lost is taken");
    assert_eq!(seen(&again, &id, 1..=1).await, (30, 7));
}

#[tokio::test]
async fn what_another_replica_was_told_is_known_when_it_was_heard_of() {
    let at = tempfile::tempdir().expect("a temporary directory");
    let (control, _, id) = house(at.path(), begun()).await;
    let mut theirs = Keys::default();
    assert!(theirs.take(&id, "key-1"));
    let chunk = theirs.unwritten(&id).expect("one key");
    control
        .engine
        .store()
        .put_observation(&format!("experiment/{id}/keys/0"), "replica_other", &chunk.body())
        .await
        .expect("the store answers");
    control.experiments.learn_keys().await.expect("the store answers");
    let taken = control.experiments.take_feedback(&id, &clicks(0..3)).expect("it runs");
    assert_eq!((taken.accepted, taken.duplicates), (2, 1));
}

#[tokio::test]
async fn an_ended_experiment_has_no_ranges_any_more() {
    let at = tempfile::tempdir().expect("a temporary directory");
    let (control, mut experiment, id) = house(at.path(), begun()).await;
    count(&control, &id, FIRST, 30);
    let morning = Part { from: Some(ago(900)), ..Part::default() };
    let live = control.experiments.analysis(&id, morning).await.expect("it runs");
    assert_eq!((&live["arms"][0]["requests"], live["range"]["slices"].as_u64()), (&json!(30), Some(1)));
    let reports = control.experiments.reports(&control.experiments.known(&id).expect("it is kept")).await.expect("the store answers");
    experiment.stop(clock::now(), None, "tester", "enough").expect("it runs");
    experiment.end(clock::now(), crate::control::documents::json(&reports));
    keep(&control, &experiment).await;
    let frozen = control.experiments.analysis(&id, Part::default()).await.expect("it is frozen");
    assert_eq!(frozen["arms"], live["arms"]);
    let refused = control.experiments.analysis(&id, morning).await.expect_err("what it was made of is gone");
    assert!(refused.to_string().contains("no ranges"), "{refused}");
}

/// An operator who looks every day may end a phase the moment it looks good.
#[tokio::test]
async fn only_a_phase_that_lasted_to_the_planned_end_is_judged_by_one_look() {
    let at = tempfile::tempdir().expect("a temporary directory");
    let control = control(config_in(at.path())).await;
    let mut experiment = begun_at(ago(4_000), &json!({"treatment": "docs_v2"}));
    let id = experiment.id().to_owned();
    experiment.reweigh(ago(3_900), (Some(vec![0.2, 0.8]), None), "tester", "it looks good").expect("it runs");
    keep(&control, &experiment).await;
    let at_the_end = async |phase| {
        let part = Part { phase: Some(phase), ..Part::default() };
        control.experiments.analysis(&id, part).await.expect("it is kept")["at_the_planned_end"].as_bool().expect("it says so")
    };
    assert!(at_the_end(2).await && !at_the_end(1).await, "an hour is over");
    experiment.tick(ago(300));
    keep(&control, &experiment).await;
    assert!(at_the_end(2).await && !at_the_end(1).await, "and it has stopped");
}

#[tokio::test]
async fn an_arm_on_another_upstream_is_promoted_by_a_canary_alone() {
    let at = tempfile::tempdir().expect("a temporary directory");
    let control = control(config_in(at.path())).await;
    let arms = json!({"arms": [
        {"name": "here", "weight": 0.5},
        {"name": "far", "collection": "docs_v2", "upstream": "there", "weight": 0.5},
    ]});
    let experiment = begun_at(ago(600), &arms);
    keep(&control, &experiment).await;
    let stop: StopRequest = serde_json::from_value(json!({"promote": "far", "by": "switch"})).expect("a request");
    let refused = control.handovers.stop(experiment.id(), stop, caller()).await.expect_err("the alias cannot point there");
    let ControlError::Invalid(faults) = refused else { panic!("{refused}") };
    assert_eq!(faults[0].field, "by");
    assert!(
        control.experiments.known(experiment.id()).expect("it is kept").experiment.holds_alias(),
        "it goes on as if nothing had been asked"
    );
}

/// A table takes its counters before the state that names them is there.
#[tokio::test]
async fn counters_of_a_table_under_way_are_left_alone() {
    let at = tempfile::tempdir().expect("a temporary directory");
    let control = control(config_in(at.path())).await;
    let writing = control.engine.still().await;
    drop(control.registry().cohort("experiment/new/1/1/0", NO_THRESHOLD));
    control.forget_counters();
    assert_eq!(control.registry().cohort_keys("experiment/").len(), 1);
    drop(writing);
    control.forget_counters();
    assert!(control.registry().cohort_keys("experiment/").is_empty(), "nothing names them");
}

#[tokio::test]
async fn without_an_experiment_every_value_needs_its_token() {
    let at = tempfile::tempdir().expect("a temporary directory");
    let control = control(config_in(at.path())).await;
    let click = |whose: &str| serde_json::from_value(json!({whose: "a", "metric": "click", "value": 1})).expect("the form of feedback");
    let refused = control.experiments.take_feedback_by_token(&[click("token"), click("unit")]).expect_err("one has none");
    let ControlError::Invalid(faults) = refused else { panic!("{refused}") };
    assert_eq!(faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), ["[1].token"]);
}
