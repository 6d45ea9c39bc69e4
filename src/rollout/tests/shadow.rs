//! The comparison before the first stage.

use super::bench::{Bench, measured, paused, secs, spec, unmeasured};
use crate::rollout::{
    AtDeadline, CanarySpec, Command, Evidence, NoData, Notice, PauseReason, Phase, ShadowStage, StageSpec, State, Verdict,
};

/// A minute of comparing, then the usual stages.
fn shadowed() -> CanarySpec {
    CanarySpec { shadow: Some(ShadowStage::new(secs(60))), warm_up: secs(30), ..spec() }
}

fn shadowing(spec: CanarySpec) -> Bench {
    let mut bench = Bench::new(spec);
    bench.run_to(State::Shadowing);
    untouched(&bench);
    bench
}

/// The canary serves no user, and no route was made.
fn untouched(bench: &Bench) {
    assert_eq!((bench.share(), bench.world.route, bench.canary.stage()), (0.0, None, 0));
}

/// For longer than it lasts, with one comparison less than a pass takes.
fn with_few(bench: &mut Bench) {
    for _ in 0..10 {
        if bench.canary.shadow().is_some() {
            let few = measured(bench.good(), |measured| measured.comparison.as_mut().expect("it is compared").compared = 499);
            bench.next(&few);
        }
    }
}

#[test]
fn a_comparison_that_holds_leads_to_the_first_stage_and_on_to_the_end() {
    let mut bench = shadowing(shadowed());
    let window = bench.canary.window();
    bench.run(1);
    assert_eq!((bench.canary.status().phase, bench.time_left()), (Phase::Measuring, 60), "the time runs once every replica mirrors");
    while bench.state() == State::Shadowing {
        untouched(&bench);
        assert!(bench.canary.mirrored().is_some() && bench.canary.will_mirror());
        bench.run(1);
    }
    assert_eq!((bench.state(), bench.canary.stage(), bench.share()), (State::Stepping, 0, 5.0));
    assert!(bench.canary.window() > window && !bench.canary.will_mirror(), "what was compared does not count for a stage");
    assert_eq!(bench.last_reason(), "every limit of the comparison holds");
    bench.run_to(State::Completed);
    let status = bench.canary.status();
    let shadow = status.shadow.expect("the plan has one");
    assert_eq!((shadow.under_way, shadow.numbers.compared), (false, 10_000), "it is still told");
    assert!(bench.canary.compared_in().is_some_and(|compared| compared < bench.canary.window()), "and which window it was");
    let steps: Vec<bool> = status.history.iter().filter(|step| step.shadow).map(|step| step.to == State::Shadowing).collect();
    assert_eq!(steps, [true]);
}

#[test]
fn a_broken_limit_ends_it_before_anybody_is_served() {
    let mut bench = shadowing(shadowed());
    bench.run(1);
    let broken = bench.with(Verdict::Fail);
    bench.next(&broken);
    untouched(&bench);
    assert_eq!(bench.state(), State::RolledBack);
    assert!(bench.world.notices.contains(&Notice::RolledBack));
}

#[test]
fn without_rolling_back_by_itself_it_stands_and_somebody_may_ask_again() {
    let mut bench = shadowing(CanarySpec { auto_rollback: false, ..shadowed() });
    bench.run(1);
    let (broken, window) = (bench.with(Verdict::Fail), bench.canary.window());
    bench.next(&broken);
    assert_eq!(bench.state(), paused(PauseReason::Guard));
    assert!(bench.world.notices.contains(&Notice::GuardFailing) && bench.canary.mirrored().is_some());
    bench.order(Command::Resume).expect("legal");
    assert_eq!((bench.state(), bench.canary.window()), (State::Shadowing, window + 1), "by new evidence");
    bench.run_to(State::Stepping);
}

#[test]
fn too_few_comparisons_hold_it_until_there_are_enough() {
    let mut bench = shadowing(shadowed());
    with_few(&mut bench);
    untouched(&bench);
    assert_eq!(bench.state(), paused(PauseReason::NoData));
    assert_eq!(bench.last_reason(), "499 of 500 answers have been compared");
    bench.run(1);
    assert_eq!((bench.state(), bench.share()), (State::Stepping, 5.0));

    let mut bench = shadowing(CanarySpec { no_data: NoData::Rollback, ..shadowed() });
    with_few(&mut bench);
    assert_eq!((bench.state(), bench.world.route), (State::RolledBack, None));
}

#[test]
fn what_cannot_be_said_is_no_pass() {
    let mut bench = shadowing(shadowed());
    for _ in 0..10 {
        let unsure = bench.with(Verdict::Inconclusive);
        bench.next(&unsure);
    }
    untouched(&bench);
    assert_eq!(bench.state(), paused(PauseReason::Inconclusive));
    bench.next(&unmeasured());
    assert_eq!(bench.state(), paused(PauseReason::Error));
    let unjudged = measured(bench.good(), |measured| measured.evaluations.clear());
    bench.next(&unjudged);
    assert_eq!(bench.state(), paused(PauseReason::Inconclusive));

    let promoting = CanarySpec { deadline: Some(secs(30)), on_inconclusive_at_deadline: AtDeadline::Promote, ..shadowed() };
    let mut bench = shadowing(promoting);
    for _ in 0..10 {
        let unsure = bench.with(Verdict::Inconclusive);
        bench.next(&unsure);
    }
    assert_eq!(bench.state(), State::Stepping, "its deadline counts from the comparison");
}

#[test]
fn a_pause_stops_its_clock_and_goes_on_mirroring() {
    let mut bench = shadowing(shadowed());
    bench.run(3);
    let left = bench.time_left();
    bench.order(Command::Pause).expect("legal");
    bench.run(20);
    assert_eq!((bench.state(), bench.time_left()), (paused(PauseReason::User), left));
    assert!(bench.canary.mirrored().is_some());
    bench.order(Command::Resume).expect("legal");
    assert_eq!(bench.state(), State::Shadowing);
    bench.run_to(State::Stepping);
}

#[test]
fn it_is_skipped_promoted_and_aborted_as_a_stage_is() {
    let mut bench = shadowing(shadowed());
    bench.order(Command::Approve).expect_err("nobody is waited for");
    bench.order(Command::Skip).expect("legal");
    assert_eq!((bench.state(), bench.canary.stage(), bench.share()), (State::Stepping, 0, 5.0));

    for stages in [spec().stages, vec![StageSpec::new(100.0, secs(60))]] {
        let last = stages.len() - 1;
        let mut bench = shadowing(CanarySpec { stages, ..shadowed() });
        bench.order(Command::Promote).expect("legal");
        assert_eq!((bench.state(), bench.canary.stage(), bench.share()), (State::Stepping, last, 100.0));
        bench.run_to(State::Completed);
    }

    let mut bench = shadowing(shadowed());
    bench.order(Command::Abort).expect("legal");
    untouched(&bench);
    assert_eq!(bench.state(), State::Aborted);
}

#[test]
fn the_kill_switch_stops_mirroring_and_what_comes_after_is_looked_at_anew() {
    let mut bench = shadowing(shadowed());
    bench.run(2);
    let window = bench.canary.window();
    bench.kill(true);
    untouched(&bench);
    assert_eq!(bench.state(), paused(PauseReason::KillSwitch));
    assert!(bench.canary.mirrored().is_none() && bench.canary.will_mirror());
    for command in [Command::Resume, Command::Skip, Command::Promote] {
        bench.order(command).expect_err("the kill switch is on");
    }
    bench.kill(false);
    bench.run(20);
    assert_eq!(bench.state(), paused(PauseReason::KillSwitch), "until somebody resumes it");
    bench.order(Command::Resume).expect("legal");
    assert_eq!((bench.state(), bench.canary.window()), (State::Shadowing, window + 1));
    assert!(matches!(bench.canary.status().phase, Phase::Applying { .. }));
    bench.run_to(State::Stepping);
}

#[test]
fn a_freeze_keeps_it_from_beginning_and_from_the_first_stage() {
    let frozen = |bench: &mut Bench| {
        for _ in 0..10 {
            let evidence = Evidence { frozen: Some("the holidays".to_owned()), ..bench.good() };
            bench.next(&evidence);
        }
    };
    let mut bench = Bench::new(shadowed());
    bench.run_to(State::Initializing);
    frozen(&mut bench);
    assert_eq!(bench.state(), State::Initializing);
    let mut bench = shadowing(shadowed());
    frozen(&mut bench);
    untouched(&bench);
    assert_eq!((bench.state(), bench.last_reason()), (paused(PauseReason::Freeze), "the holidays"));
    bench.run(1);
    assert_eq!(bench.state(), State::Stepping);
}

#[test]
fn a_replica_that_does_not_mirror_delays_its_clock_within_bounds() {
    let mut bench = shadowing(shadowed());
    for _ in 0..2 {
        bench.next(&Evidence { applied: false, ..bench.good() });
        assert!(matches!(bench.canary.status().phase, Phase::Applying { .. }));
    }
    bench.next(&Evidence { applied: false, ..bench.good() });
    assert_eq!((bench.canary.status().phase, bench.time_left()), (Phase::Measuring, 60));
    assert!(bench.world.notices.contains(&Notice::ReplicaLagging));
}

#[test]
fn a_canary_stored_before_there_were_comparisons_can_be_read() {
    let bench = Bench::stepping(spec());
    let mut stored = serde_json::to_value(&bench.canary).expect("a canary is JSON");
    for field in ["compared", "compared_in"] {
        stored.as_object_mut().expect("an object").remove(field).expect("it is there");
    }
    stored["step"].as_object_mut().expect("an object").remove("shadow").expect("it is there");
    let read: crate::rollout::Canary = serde_json::from_value(stored).expect("readable");
    assert_eq!(read, bench.canary);
}
