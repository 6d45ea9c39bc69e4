//! The course of a deployment, what goes wrong on it, and the laws for arbitrary histories.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{
    Built, Deployment, DeploymentCommand, DeploymentSpec, DeploymentState as S, MOST_ATTEMPTS, Outcome, Release, Source, Verified, Work,
};
use crate::qdrant::{Checkpoint, CloneRecord, Created, Place, Undone, Validated, Validation, Verification};
use crate::rollout::loss::{Bound, Counted, Loss, Stake};
use crate::rollout::{By, Timestamp, Way};

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn spec(source: &str) -> DeploymentSpec {
    serde_json::from_value(serde_json::json!({"alias": "docs", "source": source})).expect("a spec")
}

fn begun(spec: DeploymentSpec) -> Deployment {
    Deployment::create("deployment_1", spec, "docs_2", START, &By::new("ada", "because"))
}

fn record() -> CloneRecord {
    CloneRecord { name: "docs_2".to_owned(), created: Created::Yes, done: Vec::new() }
}

fn verification(missing: u64) -> Verification {
    Verification {
        seed: 0,
        source_points: 10,
        target_points: 10,
        compared: 10,
        missing,
        extra: 0,
        differing: missing,
        differences: Vec::new(),
        suspects: BTreeSet::new(),
    }
}

fn verified(missing: u64, restless: bool) -> Outcome {
    Outcome::Verified(Verified { verification: verification(missing), stake: Stake::default(), restless, contested: 0 })
}

fn checkpoint() -> Checkpoint {
    let place = |collection: &str| Place { upstream: "default".to_owned(), collection: collection.to_owned() };
    Checkpoint { source: place("docs_1"), target: place("docs_2"), total: 10, ranges: Vec::new() }
}

/// What a work brings when all goes well.
fn good(work: Work) -> Outcome {
    match work {
        Work::Check => Outcome::Checked { previous: "docs_1".to_owned(), schema: None, differences: Vec::new(), warnings: Vec::new() },
        Work::Create => Outcome::Built(Built { record: record(), surprises: Vec::new() }),
        Work::Copy => Outcome::Copied(checkpoint()),
        Work::Verify => verified(0, false),
        Work::Finish => Outcome::Finished { record: Some(record()), differences: Vec::new(), warnings: Vec::new() },
        Work::Validate => Outcome::Validated(Validation { outcome: Validated::Passed, results: Vec::new() }),
        Work::Release => Outcome::Released("canary_1".to_owned()),
        Work::Watch => Outcome::Watched(Release::Completed(None)),
        Work::Undo => Outcome::Undone(Some(Undone::Removed)),
    }
}

/// Goes on well until it is in this state.
fn until(deployment: &mut Deployment, state: S) {
    for _ in 0..20 {
        if deployment.state() == state {
            return;
        }
        let now = deployment.due_at().unwrap_or(START).max(START);
        if let Some(work) = deployment.work(now) {
            deployment.report(now, good(work));
        }
    }
    panic!("it never came to {state}: {:#?}", deployment.history());
}

fn states(deployment: &Deployment) -> Vec<S> {
    deployment.history().iter().map(|step| step.to).collect()
}

#[test]
fn a_copy_goes_through_every_state_to_its_end() {
    let mut deployment = begun(spec("collection:docs_1"));
    until(&mut deployment, S::Completed);
    let course = [S::Checking, S::Creating, S::Copying, S::Verifying, S::Finishing, S::Validating, S::Releasing, S::Watching, S::Completed];
    assert_eq!(states(&deployment), course);
    assert_eq!(deployment.due_at(), None);
}

#[test]
fn a_snapshot_is_neither_copied_nor_verified() {
    let mut deployment = begun(spec("snapshot:file:///docs.snapshot"));
    until(&mut deployment, S::Completed);
    assert!(!states(&deployment).contains(&S::Copying) && !states(&deployment).contains(&S::Verifying));
}

#[test]
fn what_somebody_else_fills_is_waited_for() {
    let mut deployment = begun(spec("external"));
    until(&mut deployment, S::AwaitingReady);
    assert_eq!(deployment.due_at(), None, "nothing happens by itself");
    deployment.command(START, DeploymentCommand::Ready, &By::new("ada", "filled")).expect("it waits");
    until(&mut deployment, S::Completed);
}

#[test]
fn a_refusal_before_anything_was_made_is_a_failure_and_nothing_else() {
    let mut deployment = begun(spec("external"));
    deployment.report(START, Outcome::Refused("there is no alias".to_owned()));
    assert_eq!(deployment.state(), S::Failed);
}

#[test]
fn what_fails_is_tried_again_later_and_given_up_in_the_end() {
    let mut deployment = begun(spec("external"));
    let mut now = START;
    for _ in 1..MOST_ATTEMPTS {
        deployment.report(now, Outcome::Failed("no answer".to_owned()));
        assert_eq!(deployment.state(), S::Checking);
        let due = deployment.due_at().expect("it is tried again");
        assert!(due > now && deployment.work(now).is_none(), "at once");
        now = due;
    }
    deployment.report(now, Outcome::Failed("no answer".to_owned()));
    assert_eq!(deployment.state(), S::Failed);
}

#[test]
fn validation_that_fails_leads_back_or_leaves_everything_for_people_to_see() {
    let failed = || Outcome::Validated(Validation { outcome: Validated::Failed, results: Vec::new() });
    for (rollback_on_failure, end) in [(true, S::RolledBack), (false, S::Failed)] {
        let mut deployment = begun(DeploymentSpec { rollback_on_failure, ..spec("external") });
        until(&mut deployment, S::AwaitingReady);
        deployment.command(START, DeploymentCommand::Ready, &By::new("ada", "filled")).expect("it waits");
        until(&mut deployment, S::Validating);
        deployment.report(START, failed());
        until(&mut deployment, end);
        assert_eq!(deployment.found().undone.is_some(), rollback_on_failure);
    }
}

#[test]
fn nothing_to_ask_is_said_to_be_not_validated() {
    let mut deployment = begun(spec("snapshot:x"));
    until(&mut deployment, S::Validating);
    deployment.report(START, Outcome::Validated(Validation { outcome: Validated::NotValidated, results: Vec::new() }));
    assert_eq!(deployment.state(), S::Releasing);
    assert!(deployment.found().warnings.iter().any(|warning| warning.contains("not validated")));
}

#[test]
fn a_copy_that_differs_more_than_it_may_is_none() {
    for (max_differences, goes_on) in [(0, false), (3, true)] {
        let mut deployment = begun(DeploymentSpec { max_differences, ..spec("collection:docs_1") });
        until(&mut deployment, S::Verifying);
        deployment.report(START, verified(3, false));
        assert_eq!(deployment.state() == S::Finishing, goes_on, "{:?}", deployment.state());
    }
}

fn loss() -> Loss {
    Loss {
        only_in: vec!["docs_1".to_owned()],
        missing_in: "docs_2".to_owned(),
        since: START,
        acknowledged: 3,
        unknown: 0,
        bound: Bound::Exact,
    }
}

#[test]
fn writes_after_the_verification_wait_for_an_operator_before_the_switch() {
    let held = || {
        let mut deployment = begun(spec("collection:docs_1"));
        until(&mut deployment, S::Releasing);
        deployment.report(START, Outcome::Late(loss()));
        assert_eq!((deployment.state(), deployment.due_at()), (S::AwaitingAcceptance, None));
        let why = &deployment.history().last().expect("a step").reason;
        assert!(why.contains("3 acknowledged writes") && why.contains("deployment verify deployment_1"), "{why}");
        deployment
    };
    let by = By::new("ada", "because");
    let mut again = held();
    assert!(again.command(START, DeploymentCommand::Ready, &by).expect_err("nobody accepted it").contains("accept_lost_writes"));
    again.command(START, DeploymentCommand::Verify, &by).expect("it may be verified");
    assert_eq!(again.state(), S::Verifying);
    until(&mut again, S::Completed);
    let mut accepted = held();
    assert_eq!(accepted.way_of(DeploymentCommand::Ready), Some(Way::Ahead));
    accepted.accept_lost_writes();
    accepted.command(START, DeploymentCommand::Ready, &by).expect("it is accepted");
    until(&mut accepted, S::Completed);
    let mut ended = held();
    assert_eq!(ended.way_of(DeploymentCommand::Cancel), None, "nothing has moved");
    ended.command(START, DeploymentCommand::Cancel, &by).expect("at any point");
    until(&mut ended, S::Cancelled);
}

#[test]
fn what_the_switch_left_behind_keeps_a_deployment_from_its_end() {
    let by = By::new("ada", "because");
    let mut deployment = begun(spec("collection:docs_1"));
    until(&mut deployment, S::Watching);
    deployment.report(START, Outcome::Watched(Release::Completed(Some(loss()))));
    assert_eq!(deployment.state(), S::AwaitingAcceptance);
    assert!(deployment.command(START, DeploymentCommand::Verify, &by).expect_err("it has the alias").contains("moved"));
    assert_eq!(deployment.way_of(DeploymentCommand::Rollback), Some(Way::Back));
    let mut back = deployment.clone();
    back.command(START, DeploymentCommand::Rollback, &by).expect("it has the alias");
    until(&mut back, S::RolledBack);
    deployment.accept_lost_writes();
    deployment.command(START, DeploymentCommand::Ready, &by).expect("it is accepted");
    assert_eq!(deployment.state(), S::Completed);
}

/// A trickle of writes: some point always differs, and that is no fault of the copy.
#[test]
fn differences_that_writes_explain_wait_and_others_fail() {
    for (restless, accepted, state) in [(true, false, S::AwaitingAcceptance), (true, true, S::Finishing), (false, true, S::RolledBack)] {
        let mut deployment = begun(DeploymentSpec { accept_lost_writes: accepted, ..spec("collection:docs_1") });
        until(&mut deployment, S::Verifying);
        deployment.report(START, verified(1, restless));
        if !restless {
            until(&mut deployment, state);
        }
        assert_eq!(deployment.state(), state);
    }
}

/// The copy has writes of its own, and would lose them by being made like its source.
#[test]
fn writes_of_the_copy_itself_wait_for_an_operator() {
    let contested = || {
        let verification = verification(1);
        Outcome::Verified(Verified { verification, stake: Stake::default(), restless: false, contested: 2 })
    };
    for (max_differences, state) in [(0, S::AwaitingAcceptance), (1, S::Finishing)] {
        let mut deployment = begun(DeploymentSpec { max_differences, ..spec("collection:docs_1") });
        until(&mut deployment, S::Verifying);
        deployment.report(START, contested());
        assert_eq!(deployment.state(), state);
    }
    let mut deployment = begun(spec("collection:docs_1"));
    until(&mut deployment, S::Verifying);
    deployment.report(START, contested());
    let why = &deployment.history().last().expect("a step").reason;
    assert!(why.contains("`docs_2` got 2 acknowledged writes by its own name"), "{why}");
    deployment.accept_lost_writes();
    deployment.command(START, DeploymentCommand::Ready, &By::new("ada", "because")).expect("it is accepted");
    until(&mut deployment, S::Completed);
}

/// A difference that is tolerated may be a write that only the source has.
#[test]
fn the_count_begins_again_only_where_both_are_equal() {
    let stake = |at: Timestamp| {
        let nothing = Counted::default();
        Stake::new(vec![nothing.mark("default", "docs_1", at)], nothing.mark("default", "docs_2", START))
    };
    let (before, later) = (stake(START), stake(Timestamp::from_millis(START.millis() + 1_000)));
    for (missing, counts_from) in [(0, &later), (1, &before)] {
        let mut deployment = begun(DeploymentSpec { max_differences: 3, ..spec("collection:docs_1") });
        deployment.count_from(before.clone());
        until(&mut deployment, S::Verifying);
        let verification = verification(missing);
        deployment.report(START, Outcome::Verified(Verified { verification, stake: later.clone(), restless: false, contested: 0 }));
        assert_eq!((deployment.state(), deployment.stake()), (S::Finishing, counts_from), "{missing} missing");
    }
}

#[test]
fn a_way_back_that_leaves_writes_says_how_many() {
    let mut deployment = begun(spec("collection:docs_1"));
    until(&mut deployment, S::Watching);
    let left = Loss { only_in: vec!["docs_2".to_owned()], missing_in: "docs_1".to_owned(), ..loss() };
    deployment.note_counted(&Counted::default(), Some(left));
    deployment.report(START, Outcome::Watched(Release::Back("a guard failed".to_owned())));
    assert!(deployment.state().is_back(), "nothing holds it up");
    let why = &deployment.history().last().expect("a step").reason;
    assert!(why.contains("a guard failed; 3 acknowledged writes") && why.contains("`docs_2` is kept"), "{why}");
}

#[test]
fn more_failed_looks_than_allowed_lead_back() {
    let mut deployment = begun(spec("snapshot:x"));
    until(&mut deployment, S::Watching);
    for look in 1..=6 {
        assert_eq!(deployment.state(), S::Watching, "after {} looks", look - 1);
        let now = deployment.due_at().expect("it is looked at").max(START);
        deployment.report(now, Outcome::Watched(Release::Goes(Some("it is red".to_owned()))));
        let now = deployment.due_at().expect("it is looked at").max(START);
        if deployment.state() == S::Watching {
            deployment.report(now, Outcome::Watched(Release::Goes(None)));
        }
    }
    assert!(deployment.state().is_back(), "{:?}", deployment.state());
}

#[test]
fn the_way_back_is_tried_for_ever_and_shouts() {
    let mut deployment = begun(spec("snapshot:x"));
    until(&mut deployment, S::Watching);
    deployment.command(START, DeploymentCommand::Rollback, &By::new("ada", "it is slow")).expect("it has the alias");
    let mut now = START;
    for _ in 0..100 {
        deployment.report(now, Outcome::Failed("no answer".to_owned()));
        assert_eq!(deployment.state().name(), "rollback_failed");
        now = deployment.due_at().expect("it is tried again");
    }
    until(&mut deployment, S::RolledBack);
}

#[test]
fn commands_that_do_not_fit_are_refused_with_the_reason() {
    let by = By::new("ada", "");
    let mut deployment = begun(spec("collection:docs_1"));
    assert!(deployment.command(START, DeploymentCommand::Ready, &by).is_err());
    assert!(deployment.command(START, DeploymentCommand::Rollback, &by).expect_err("no alias moved").contains("cancel"));
    deployment.command(START, DeploymentCommand::Cancel, &by).expect("at any point");
    assert!(deployment.command(START, DeploymentCommand::Cancel, &by).is_err(), "twice");
    until(&mut deployment, S::Cancelled);
    assert!(deployment.command(START, DeploymentCommand::Cancel, &by).expect_err("it has ended").contains("cancelled"));
}

#[test]
fn a_work_of_a_state_that_was_left_changes_nothing() {
    let mut deployment = begun(spec("collection:docs_1"));
    until(&mut deployment, S::Copying);
    deployment.command(START, DeploymentCommand::Cancel, &By::new("ada", "")).expect("at any point");
    let before = deployment.clone();
    deployment.report(START, Outcome::Copied(checkpoint()));
    assert_eq!(deployment, before);
}

#[test]
fn faults_name_their_fields() {
    let faulty = serde_json::json!({
        "alias": "docs", "collection": "docs", "source": "snapshot:x", "overrides": {}, "copy": {"parallel": 0}, "watch_every": "0s",
        "ready": {"min_points": 0}, "validation_queries": [{"query": {"text": "hello"}}],
    });
    let spec: DeploymentSpec = serde_json::from_value(faulty).expect("readable");
    let fields: Vec<String> = spec.check(false).into_iter().map(|fault| fault.field).collect();
    for field in ["collection", "overrides", "copy.parallel", "watch_every", "ready.min_points", "validation_queries[0].query.text"] {
        assert!(fields.iter().any(|found| found == field), "{field}: {fields:?}");
    }
    assert!("collection:".parse::<Source>().is_err() && "docs".parse::<Source>().is_err());
}

fn any_outcome() -> impl Strategy<Value = Option<Outcome>> {
    prop_oneof![
        6 => Just(None),
        2 => Just(Some(Outcome::Failed("no answer".to_owned()))),
        1 => Just(Some(Outcome::Refused("never".to_owned()))),
        1 => Just(Some(Outcome::NotYet)),
        1 => Just(Some(Outcome::Late(loss()))),
        1 => Just(Some(Outcome::Watched(Release::Completed(Some(loss()))))),
        1 => (0_u64..3, any::<bool>()).prop_map(|(missing, restless)| Some(verified(missing, restless))),
        1 => Just(Some(Outcome::Watched(Release::Back("a guard failed".to_owned())))),
        2 => Just(Some(Outcome::Watched(Release::Goes(Some("it is red".to_owned()))))),
    ]
}

fn any_command() -> impl Strategy<Value = Option<DeploymentCommand>> {
    let commands = [DeploymentCommand::Ready, DeploymentCommand::Verify, DeploymentCommand::Cancel, DeploymentCommand::Rollback];
    prop_oneof![20 => Just(None), 1 => prop::sample::select(commands.to_vec()).prop_map(Some)]
}

proptest! {
    /// `None` is whatever the work brings when all goes well.
    #[test]
    fn no_history_breaks_a_law_and_every_deployment_can_come_to_its_end(
        source in prop::sample::select(vec!["collection:docs_1", "snapshot:x", "external"]),
        rollback_on_failure in any::<bool>(),
        history in prop::collection::vec((any_outcome(), any_command()), 0..60),
    ) {
        let mut deployment = begun(DeploymentSpec { rollback_on_failure, ..spec(source) });
        let mut now = START;
        for (outcome, command) in history {
            let before = deployment.clone();
            if let Some(command) = command
                && deployment.command(now, command, &By::new("ada", "because")).is_err()
            {
                prop_assert_eq!(&deployment, &before, "a refused command changes nothing");
            }
            now = deployment.due_at().unwrap_or(now).max(now);
            if let Some(work) = deployment.work(now) {
                deployment.report(now, outcome.unwrap_or_else(|| good(work)));
            }
            let stored = serde_json::to_string(&deployment).expect("JSON");
            deployment = serde_json::from_str(&stored).expect("readable");
            prop_assert!(deployment.history().len() >= before.history().len());
            if before.state().is_terminal() {
                prop_assert_eq!(deployment.state(), before.state(), "terminal states are final");
            }
            if before.state().is_back() {
                prop_assert!(deployment.state().is_back() || deployment.state().is_terminal(), "there is no way back from the way back");
            }
            let waits = deployment.state().is_terminal() || matches!(deployment.state(), S::AwaitingReady | S::AwaitingAcceptance);
            prop_assert_eq!(deployment.due_at().is_none(), waits, "it would sleep for ever, or never rest");
            prop_assert!(deployment.found().undone.is_none() || deployment.state().is_terminal(), "undone too early");
        }
        for _ in 0..40 {
            if deployment.state() == S::AwaitingAcceptance {
                deployment.accept_lost_writes();
                deployment.command(now, DeploymentCommand::Ready, &By::new("ada", "so be it")).expect("it is accepted");
            }
            if deployment.state() == S::AwaitingReady {
                deployment.command(now, DeploymentCommand::Ready, &By::new("ada", "filled")).expect("it waits");
            }
            now = deployment.due_at().unwrap_or(now).max(now);
            if let Some(work) = deployment.work(now) {
                deployment.report(now, good(work));
            }
        }
        prop_assert!(deployment.state().is_terminal(), "stuck: {:?}", deployment.state());
    }
}
