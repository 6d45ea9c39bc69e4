//! From the first stage to the last, and what the clock has to do with it.

use super::bench::{Bench, INTERVAL, NEW, OLD, START, evidence, judge, measured, paused, secs, spec, unmeasured};
use crate::rollout::{CanarySpec, Command, FreezeWindow, Notice, PauseReason, Phase, StageSpec, State, Timestamp, Verdict};

/// Features 51, 52 and 54: set traffic, monitor, check, continue; at 100 % the alias is moved and the run completes.
#[test]
fn a_healthy_canary_goes_through_every_stage_and_moves_the_alias() {
    let mut bench = Bench::stepping(spec());
    let mut seen = vec![(bench.state(), bench.canary.stage(), bench.share())];
    while !bench.state().is_terminal() {
        bench.run(1);
        let now = (bench.state(), bench.canary.stage(), bench.share());
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    let expected = [
        (State::Stepping, 0, 5.0),
        (State::Stepping, 1, 25.0),
        (State::Stepping, 2, 50.0),
        (State::Stepping, 3, 100.0),
        (State::Watching, 3, 0.0),
        (State::Completed, 3, 0.0),
    ];
    assert_eq!(seen, expected);
    assert_eq!((bench.world.alias.as_str(), bench.world.route), (NEW, None));
    assert_eq!(bench.world.retired, [OLD]);
    assert_eq!(bench.canary.status().current_percentage, 100.0);
    assert!(bench.world.notices.contains(&Notice::Completed));
}

/// Features 34: the old collection is spoken of only when the watch is over.
#[test]
fn the_old_collection_is_retired_after_the_watch_and_not_before() {
    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Watching);
    bench.run(5);
    assert_eq!((bench.state(), bench.world.retired.len()), (State::Watching, 0));
    bench.run_to(State::Completed);
    assert_eq!(bench.world.retired, [OLD]);
}

#[test]
fn an_old_collection_that_is_to_be_kept_is_not_retired() {
    let mut bench = Bench::stepping(CanarySpec { retire_old: None, ..spec() });
    bench.run_to(State::Completed);
    assert!(bench.world.retired.is_empty());
}

/// No alias can point at a collection of another upstream.
#[test]
fn a_canary_on_another_upstream_ends_with_its_route_at_100() {
    let mut bench = Bench::stepping(CanarySpec { upstream: Some("second".to_owned()), ..spec() });
    bench.run_to(State::Completed);
    assert_eq!((bench.world.alias.as_str(), bench.share()), (OLD, 100.0));
    assert!(bench.world.retired.is_empty(), "what the alias points at is not retired");
}

#[test]
fn a_scheduled_canary_waits_for_its_time_and_nothing_is_touched_before() {
    let start_at = Some(START.plus(secs(60)));
    let mut bench = Bench::new(CanarySpec { start_at, ..spec() });
    assert_eq!(bench.canary.due_at(), start_at);
    bench.run(5);
    assert_eq!((bench.state(), bench.world.route), (State::Scheduled, None));
    bench.run_to(State::Stepping);
    assert!(bench.now >= START.plus(secs(60)));
}

#[test]
fn the_clock_of_a_stage_runs_only_when_every_replica_has_applied_its_share() {
    let mut bench = Bench::stepping(spec());
    bench.run_to_stage(1);
    let mut lagging = bench.good();
    lagging.applied = false;
    lagging = measured(lagging, |measured| measured.window = bench.world.window);
    bench.next(&lagging);
    bench.next(&lagging);
    assert!(matches!(bench.canary.status().phase, Phase::Applying { .. }));
    assert_eq!((bench.time_left(), bench.canary.status().warnings.len()), (60, 0));
}

#[test]
fn a_replica_that_never_applies_a_share_delays_a_step_within_bounds_and_with_a_warning() {
    let mut bench = Bench::stepping(spec());
    bench.run_to_stage(1);
    for _ in 0..3 {
        let mut lagging = bench.good();
        lagging.applied = false;
        bench.next(&lagging);
    }
    assert_eq!(bench.canary.status().phase, Phase::Measuring);
    assert_eq!(bench.canary.status().warnings, ["a live replica has not applied the current share"]);
    assert!(bench.world.notices.contains(&Notice::ReplicaLagging));
    bench.run(1);
    assert!(bench.canary.status().warnings.is_empty(), "it has caught up");
}

/// Features 54 and 2C-7: warm-up is neither counted nor part of the stage's time.
#[test]
fn the_time_of_a_stage_begins_after_the_warm_up_with_a_window_of_its_own() {
    let mut bench = Bench::new(CanarySpec { warm_up: secs(30), ..spec() });
    bench.run_until("warming up", |bench| matches!(bench.canary.status().phase, Phase::WarmingUp { .. }));
    let window = bench.canary.window();
    bench.run(2);
    assert_eq!((bench.canary.window(), bench.time_left()), (window, 60));
    bench.run_until("measuring", |bench| bench.canary.status().phase == Phase::Measuring);
    assert_eq!((bench.canary.window(), bench.world.window, bench.time_left()), (window + 1, window + 1, 60));
}

#[test]
fn a_cold_cache_excuses_latency_but_not_errors() {
    let warming = || {
        let mut bench = Bench::new(CanarySpec { warm_up: secs(60), ..spec() });
        bench.run_until("warming up", |bench| matches!(bench.canary.status().phase, Phase::WarmingUp { .. }));
        bench
    };
    let mut bench = warming();
    let slow = measured(bench.good(), |measured| judge(measured, "latency_p95", Verdict::Fail));
    bench.next(&slow);
    assert_eq!(bench.state(), State::Stepping);

    let mut bench = warming();
    let failing = bench.with(Verdict::Fail);
    bench.next(&failing);
    assert_eq!(bench.state(), State::RolledBack);
}

/// Features 2C-21: pause holds, and resume goes on with the time that was left, not with stage 0.
#[test]
fn a_pause_longer_than_the_stage_keeps_share_stage_and_remaining_time() {
    let mut bench = Bench::stepping(spec());
    bench.run_to_stage(1);
    bench.run(3);
    let left = bench.time_left();
    bench.order(Command::Pause).expect("legal");
    bench.run(100);
    assert_eq!((bench.state(), bench.canary.stage(), bench.share()), (paused(PauseReason::User), 1, 25.0));
    bench.order(Command::Resume).expect("legal");
    assert_eq!((bench.canary.stage(), bench.time_left()), (1, left));
    let resumed = bench.now;
    bench.run_to_stage(2);
    assert_eq!(bench.now.since(resumed), left * 1_000);
}

#[test]
fn a_pause_between_two_looks_is_not_stage_time() {
    let mut bench = Bench::stepping(spec());
    let left = bench.time_left();
    bench.order(Command::Pause).expect("legal");
    bench.now = bench.now.plus(secs(8));
    bench.order(Command::Resume).expect("legal");
    bench.run(1);
    assert_eq!(left - bench.time_left(), INTERVAL);
}

/// I6: no replica watched during that time, so it is no evidence.
#[test]
fn a_downtime_neither_counts_as_stage_time_nor_skips_a_stage() {
    let mut bench = Bench::stepping(spec());
    let left = bench.time_left();
    bench.now = bench.now.plus(secs(100_000));
    bench.run(1);
    assert_eq!((bench.state(), bench.canary.stage()), (State::Stepping, 0));
    assert!(left - bench.time_left() <= 2 * INTERVAL);
}

#[test]
fn after_a_downtime_one_look_leads_at_most_one_stage_on() {
    let stages = vec![StageSpec::new(5.0, secs(1)), StageSpec::new(25.0, secs(1)), StageSpec::new(100.0, secs(1))];
    let mut bench = Bench::stepping(CanarySpec { stages, ..spec() });
    bench.now = bench.now.plus(secs(100_000));
    bench.run(1);
    assert_eq!(bench.canary.stage(), 1);
}

#[test]
fn a_clock_set_back_does_no_harm() {
    let mut bench = Bench::stepping(spec());
    bench.run(2);
    let left = bench.time_left();
    bench.now = Timestamp::from_millis(bench.now.millis() - 3_600_000);
    bench.run(1);
    assert_eq!((bench.time_left(), bench.state()), (left, State::Stepping));
    bench.run_to(State::Completed);
}

#[test]
fn a_stage_with_approval_waits_for_it_and_comes_no_further_by_itself() {
    let mut stages = spec().stages;
    stages[1].approval = true;
    let mut bench = Bench::stepping(CanarySpec { stages, ..spec() });
    bench.run_to(paused(PauseReason::Approval));
    bench.run(100);
    assert_eq!((bench.state(), bench.canary.stage(), bench.share()), (paused(PauseReason::Approval), 1, 25.0));
    bench.order(Command::Approve).expect("legal");
    bench.run(1);
    assert_eq!((bench.state(), bench.canary.stage()), (State::Stepping, 2));
}

#[test]
fn the_promotion_itself_can_need_an_approval() {
    let mut stages = spec().stages;
    stages[3].approval = true;
    let mut bench = Bench::stepping(CanarySpec { stages, ..spec() });
    bench.run_to(paused(PauseReason::Approval));
    assert_eq!((bench.share(), bench.world.alias.as_str()), (100.0, OLD));
    bench.order(Command::Approve).expect("legal");
    bench.run_to(State::Completed);
}

#[test]
fn an_approval_does_not_replace_a_pass() {
    let mut stages = spec().stages;
    stages[0].approval = true;
    let mut bench = Bench::stepping(CanarySpec { stages, ..spec() });
    bench.run_to(paused(PauseReason::Approval));
    bench.order(Command::Approve).expect("legal");
    let unsure = bench.with(Verdict::Inconclusive);
    bench.next(&unsure);
    assert_eq!((bench.state(), bench.canary.stage()), (paused(PauseReason::Inconclusive), 0));
    bench.run(1);
    assert_eq!(bench.canary.stage(), 1, "and is not asked for twice");
}

#[test]
fn a_freeze_holds_a_promotion_and_lets_it_go_afterwards() {
    let from = START.plus(secs(60));
    let until = START.plus(secs(600));
    let mut bench = Bench::stepping(CanarySpec { freeze: vec![FreezeWindow::Once { from, until }], ..spec() });
    bench.run_to(paused(PauseReason::Freeze));
    assert_eq!(bench.canary.stage(), 0);
    bench.run_to_stage(1);
    assert!(bench.now >= until);
}

#[test]
fn a_freeze_does_not_hold_a_rollback() {
    let freeze = vec![FreezeWindow::Once { from: START.plus(secs(60)), until: START.plus(secs(6_000)) }];
    let mut bench = Bench::stepping(CanarySpec { freeze, ..spec() });
    bench.run_to(paused(PauseReason::Freeze));
    let failing = bench.with(Verdict::Fail);
    bench.next(&failing);
    assert_eq!((bench.state(), bench.world.route), (State::RolledBack, None));
}

#[test]
fn a_freeze_from_outside_the_plan_holds_as_well_and_the_start_too() {
    let mut bench = Bench::new(spec());
    let mut frozen = bench.good();
    frozen.frozen = Some("the release is frozen".to_owned());
    for _ in 0..10 {
        bench.next(&frozen);
    }
    assert_eq!((bench.state(), bench.world.route), (State::Scheduled, None));
    bench.run_to(State::Stepping);
}

#[test]
fn a_canary_without_evidence_does_not_even_begin() {
    let mut bench = Bench::new(spec());
    for _ in 0..10 {
        bench.next(&unmeasured());
    }
    assert_eq!((bench.state(), bench.world.route), (State::Initializing, None));
}

/// Features 57 and 22: zero-based stage, percentage, averages with their units.
#[test]
fn the_status_says_where_it_is_and_what_was_seen() {
    let mut bench = Bench::stepping(spec());
    bench.run_to_stage(1);
    bench.run(3);
    let status = serde_json::to_value(bench.canary.status()).expect("JSON");
    assert_eq!((status["current_stage"].as_u64(), status["current_percentage"].as_f64()), (Some(1), Some(25.0)));
    assert_eq!((status["state"].as_str(), status["paused_because"].is_null()), (Some("stepping"), true));
    assert_eq!((status["canary"]["avg_latency_ms"].as_f64(), status["canary"]["error_rate"].as_f64()), (Some(12.5), Some(0.01)));
    assert_eq!((status["control"]["requests"].as_u64(), status["control"]["units"].as_u64()), (Some(10_000), Some(1_000)));
    assert_eq!(status["verdicts"][0]["verdict"], "pass");
    assert_eq!(status["time_left_ms"].as_u64(), Some(40_000));
    assert_eq!(status["history"]["first"][0]["actor"], "ada");
}

/// Features 2C-9 and 2C-11: numbers of a stage are not shown as those of the next.
#[test]
fn the_status_of_a_new_stage_begins_with_nothing() {
    let mut bench = Bench::stepping(spec());
    bench.run_to_stage(1);
    let status = bench.canary.status();
    assert_eq!((status.canary.requests, status.verdicts.len()), (0, 0));
}

#[test]
fn looking_more_often_does_not_make_a_stage_shorter() {
    let mut bench = Bench::stepping(spec());
    let begun = bench.now;
    while bench.canary.stage() == 0 {
        bench.now = bench.now.plus(secs(1));
        let good = evidence(&bench.canary, bench.world.window, Verdict::Pass);
        bench.look(&good);
    }
    assert!(bench.now.since(begun) >= 50_000, "{} ms", bench.now.since(begun));
}
