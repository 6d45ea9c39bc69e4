//! Each thing is told once, by its transition or by its notice.

use super::*;
use crate::config::Period;
use crate::rollout::loss::Counted;
use crate::rollout::{
    By, Canary, CanarySpec, CohortNumbers, Command, Effect, Evidence, Measurement, Pending, Plan, ShadowStage, StageSpec, Timestamp,
};

const START: Timestamp = Timestamp::from_millis(1_795_424_400_000);

fn spec() -> CanarySpec {
    let stages = vec![StageSpec::new(5.0, Period::from_secs(60)), StageSpec::new(100.0, Period::from_secs(0))];
    CanarySpec { stages, warm_up: Period::from_secs(0), ..CanarySpec::new("docs", "docs_v2") }
}

fn created(spec: CanarySpec) -> CanaryDocument {
    let plan = Plan::try_from(spec).expect("a legal plan");
    CanaryDocument::new(Canary::create("canary_1", plan, START, &By::new("ann", "why not")))
}

fn due(document: &CanaryDocument, wanted: impl Fn(&Effect) -> bool) -> Pending {
    let far = Timestamp::from_millis(START.millis() * 2);
    document.canary.due(far).find(|pending| wanted(&pending.effect)).cloned().expect("it is wanted")
}

fn tick(document: &mut CanaryDocument) {
    let window = document.canary.window();
    let (canary, control) = (CohortNumbers::default(), CohortNumbers::default());
    let measured = Ok(Measurement { window, canary, control, evaluations: Vec::new(), comparison: None });
    document
        .canary
        .tick(START, &Evidence { applied: true, frozen: None, basis: Ok(()), measured, counted: Counted::default(), uncounted: None });
}

/// After its pre-checks.
fn checked(spec: CanarySpec) -> CanaryDocument {
    let mut document = created(spec);
    tick(&mut document);
    let checks = due(&document, |effect| matches!(effect, Effect::RunChecks { .. }));
    document.canary.checks_passed(checks.number, "docs_v1", None);
    tick(&mut document);
    document
}

/// In its first stage.
fn stepping() -> CanaryDocument {
    let document = checked(spec());
    assert_eq!(document.canary.state(), State::Stepping);
    document
}

/// The notice of this kind that waits to be executed.
fn waiting(document: &CanaryDocument, wanted: Notice) -> Option<NewEvent> {
    let pending = due(document, |effect| matches!(effect, Effect::Notify { event, .. } if *event == wanted));
    let Effect::Notify { event, text } = &pending.effect else { panic!("it is a notice") };
    notice(document, *event, text)
}

fn kinds(events: &[NewEvent]) -> Vec<&str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}

#[test]
fn a_stage_is_told_by_its_transition_alone() {
    let (before, after) = (created(spec()), stepping());
    assert_eq!(kinds(&transitions(Some(&before), &after)), ["canary.initializing", "canary.stage_changed"]);
    assert_eq!(waiting(&after, Notice::StageChanged), None);
}

#[test]
fn from_a_comparison_to_the_first_stage_is_a_new_stage_also_after_a_pause() {
    let comparing = checked(CanarySpec { shadow: Some(ShadowStage::new(Period::from_secs(60))), ..spec() });
    assert_eq!(comparing.canary.state(), State::Shadowing);
    let mut paused = comparing.clone();
    paused.canary.command(START, Command::Pause, &By::new("ann", "lunch")).expect("it runs");
    for before in [comparing, paused] {
        let mut after = before.clone();
        after.canary.command(START, Command::Skip, &By::new("ann", "it is alike")).expect("nothing forbids it");
        assert_eq!(kinds(&transitions(Some(&before), &after)), ["canary.stage_changed"]);
    }
}

#[test]
fn going_on_is_no_new_stage_and_says_who_wanted_it() {
    let mut paused = stepping();
    paused.canary.command(START, Command::Pause, &By::new("ann", "lunch")).expect("it runs");
    let mut after = paused.clone();
    after.canary.command(START, Command::Resume, &By::new("bob", "back")).expect("it is paused");
    let told = transitions(Some(&paused), &after);
    assert_eq!(kinds(&told), ["canary.stepping"]);
    assert_eq!((&told[0].body["actor"], &told[0].body["reason"], &told[0].subject), (&json!("bob"), &json!("back"), &"docs".to_owned()));
}

#[test]
fn a_rollback_that_fails_is_told_at_each_attempt_and_once() {
    let mut rolling = stepping();
    rolling.canary.command(START, Command::Abort, &By::new("ann", "no")).expect("it runs");
    let way_back = due(&rolling, |effect| matches!(effect, Effect::SetShare { .. }));
    let mut failed = rolling.clone();
    failed.canary.effect_failed(START, way_back.number, "no connection");
    assert_eq!(kinds(&transitions(Some(&rolling), &failed)), ["canary.rollback_failed"]);
    assert_eq!(waiting(&failed, Notice::RollbackFailed), None, "the transition has said it");
    let mut again = failed.clone();
    again.canary.effect_failed(START, way_back.number, "no connection");
    assert_eq!(transitions(Some(&failed), &again), []);
    let told = waiting(&again, Notice::RollbackFailed).expect("it is a second failure");
    assert_eq!(told.kind, "canary.rollback_failed");
    assert!(told.body["reason"].as_str().is_some_and(|reason| reason.contains("attempt 2")), "{told:?}");
}
