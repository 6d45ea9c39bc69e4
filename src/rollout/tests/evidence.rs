//! What evidence leads to.

use super::bench::{Bench, measured, paused, secs, spec, unmeasured};
use crate::rollout::{
    AtDeadline, CanarySpec, CohortNumbers, Evidence, Guard, Level, Measurement, NoData, Notice, PauseReason, Rule, State, Statistic,
    Verdict,
};
use crate::routing::Anonymous;

fn two_signals() -> CanarySpec {
    let signal = |rule| Guard { level: Level::Signal, ..Guard::new(rule) };
    let score = signal(Rule::TopScore { min: 0.5, margin: None });
    let empty = signal(Rule::EmptyResults { max: 0.1, margin: None });
    CanarySpec { guards: vec![score, empty], ..spec() }
}

/// With good evidence until the stage's time is over but for one look.
fn nearly_over(spec: CanarySpec) -> Bench {
    let mut bench = Bench::stepping(spec);
    bench.run_until("ten seconds before the end", |bench| bench.time_left() == 10);
    bench
}

fn too_few(evidence: Evidence, change: impl FnOnce(&mut Measurement)) -> Evidence {
    measured(evidence, change)
}

/// Features 53 and 55.
#[test]
fn a_failing_guard_rolls_back_at_the_next_look_at_once_to_nothing() {
    for index in 0..2 {
        let mut bench = Bench::stepping(spec());
        bench.run_to_stage(2);
        bench.run(1);
        let failing = measured(bench.good(), |measured| measured.evaluations[index].verdict = Verdict::Fail);
        bench.next(&failing);
        assert_eq!((bench.state(), bench.share(), bench.world.route), (State::RolledBack, 0.0, None));
        assert!(bench.world.notices.contains(&Notice::RolledBack));
    }
}

/// How a canary comes to stand still.
type Way = fn(&mut Bench);

/// Flagger's gap: failing checks count also while an approval is waited for.
#[test]
fn guards_are_heard_in_every_pause() {
    let ways: [(&str, Way); 4] = [
        ("by a user", |bench| bench.order(crate::rollout::Command::Pause).expect("legal")),
        ("without data", |bench| bench.next(&too_few(bench.good(), |measured| measured.canary.units = 0))),
        ("inconclusive", |bench| bench.next(&bench.with(Verdict::Inconclusive))),
        ("without numbers", |bench| bench.next(&unmeasured())),
    ];
    for (way, pause) in ways {
        let mut bench = nearly_over(spec());
        pause(&mut bench);
        assert!(matches!(bench.state(), State::Paused { .. }), "{way}");
        let failing = bench.with(Verdict::Fail);
        bench.next(&failing);
        assert_eq!(bench.state(), State::RolledBack, "{way}");
    }
}

/// Features 55: the flag off means a pause, loudly, and no promotion.
#[test]
fn without_auto_rollback_a_failing_guard_pauses_and_says_so() {
    let mut bench = nearly_over(CanarySpec { auto_rollback: false, ..spec() });
    let failing = bench.with(Verdict::Fail);
    for _ in 0..10 {
        bench.next(&failing);
    }
    assert_eq!((bench.state(), bench.share()), (paused(PauseReason::Guard), 5.0));
    assert_eq!(bench.world.notices.iter().filter(|notice| **notice == Notice::GuardFailing).count(), 1);
    bench.run(10);
    assert_eq!(bench.state(), paused(PauseReason::Guard), "somebody has to look at it");
}

#[test]
fn a_failing_signal_pauses_and_does_not_roll_back() {
    let mut bench = Bench::stepping(two_signals());
    bench.run(1);
    let failing = bench.with(Verdict::Fail);
    bench.next(&failing);
    bench.run(10);
    assert_eq!((bench.state(), bench.share()), (paused(PauseReason::Signal), 5.0));
}

#[test]
fn a_dry_run_guard_changes_nothing_whatever_it_says() {
    let guards = vec![Guard { level: Level::DryRun, ..Guard::new(Rule::ErrorRate { max: 0.0, margin: None }) }];
    let mut bench = Bench::stepping(CanarySpec { guards, ..spec() });
    for _ in 0..100 {
        let failing = bench.with(Verdict::Fail);
        bench.next(&failing);
    }
    assert_eq!(bench.state(), State::Completed);
}

/// I7, and features 1P: no data holds.
#[test]
fn an_inconclusive_guard_holds_until_new_evidence_passes() {
    let mut bench = nearly_over(spec());
    for _ in 0..100 {
        let unsure = bench.with(Verdict::Inconclusive);
        bench.next(&unsure);
    }
    assert_eq!((bench.state(), bench.canary.stage(), bench.share()), (paused(PauseReason::Inconclusive), 0, 5.0));
    bench.run(1);
    assert_eq!((bench.state(), bench.canary.stage()), (State::Stepping, 1));
}

#[test]
fn evidence_of_another_window_ends_no_hold() {
    let mut bench = nearly_over(spec());
    let unsure = bench.with(Verdict::Inconclusive);
    bench.next(&unsure);
    let recorded = bench.canary.status().history.total();
    for _ in 0..10 {
        let other = measured(bench.good(), |measured| measured.window += 1);
        bench.next(&other);
    }
    assert_eq!((bench.state(), bench.canary.status().history.total()), (paused(PauseReason::Inconclusive), recorded));
}

#[test]
fn a_guard_that_was_not_judged_has_not_passed() {
    let mut bench = nearly_over(spec());
    let silent = measured(bench.good(), |measured| {
        measured.evaluations.pop();
    });
    bench.next(&silent);
    assert_eq!(bench.state(), paused(PauseReason::Inconclusive));
    assert!(bench.last_reason().contains("`latency_p95` was not judged"), "{}", bench.last_reason());
}

/// Features 54 and 2C-7: the minimum holds for requests and for units, in both cohorts.
#[test]
fn too_few_requests_or_units_in_either_cohort_hold() {
    let ways: [fn(&mut Measurement); 4] = [
        |measured| measured.canary.requests = 499,
        |measured| measured.canary.units = 99,
        |measured| measured.control.requests = 499,
        |measured| measured.control.units = 99,
    ];
    for way in ways {
        let mut bench = nearly_over(spec());
        for _ in 0..100 {
            let few = too_few(bench.good(), way);
            bench.next(&few);
        }
        assert_eq!((bench.state(), bench.canary.stage(), bench.share()), (paused(PauseReason::NoData), 0, 5.0));
        bench.run(1);
        assert_eq!(bench.canary.stage(), 1);
    }
}

/// An alias whose applications send no user ids would wait for ever.
#[test]
fn who_waits_for_requests_that_do_not_count_is_told_which_do() {
    let why = |spec: CanarySpec, requests: u64| {
        let mut bench = nearly_over(spec);
        for _ in 0..100 {
            let few = too_few(bench.good(), |measured| measured.canary.requests = requests);
            bench.next(&few);
        }
        assert_eq!(bench.state(), paused(PauseReason::NoData));
        bench.canary.status().history.last_transition().expect("it was paused").reason.clone()
    };
    let only_users = || CanarySpec { anonymous: Some(Anonymous::Stable), ..spec() };
    let hint = "only searches with a user id count, unless the plan says `anonymous: random`";
    assert!(why(only_users(), 0).contains(hint), "{}", why(only_users(), 0));
    assert!(!why(only_users(), 1).contains(hint));
    assert!(!why(CanarySpec { anonymous: Some(Anonymous::Random), ..spec() }, 0).contains(hint));
}

/// What is refused is not among the requests, and may be all there is.
#[test]
fn too_few_requests_are_told_with_what_was_refused() {
    for (requests, said) in
        [(0, "units: all its 612 answers were refused with 401 or 403"), (7, "units; 612 more answers were refused with 401 or 403")]
    {
        let mut bench = nearly_over(spec());
        let refused = too_few(bench.good(), |measured| {
            measured.canary.requests = requests;
            measured.canary.client_errors = 612;
            measured.canary.client_error_statuses = Some("401 or 403".to_owned());
        });
        bench.next(&refused);
        assert_eq!(bench.state(), paused(PauseReason::NoData));
        assert!(bench.last_reason().ends_with(said), "{}", bench.last_reason());
    }
}

#[test]
fn no_data_rolls_back_when_the_plan_says_so_and_not_before_the_time_is_over() {
    let mut bench = Bench::stepping(CanarySpec { no_data: NoData::Rollback, ..spec() });
    let few = |bench: &Bench| too_few(bench.good(), |measured| measured.canary.requests = 0);
    for _ in 0..5 {
        let few = few(&bench);
        bench.next(&few);
    }
    assert_eq!(bench.state(), State::Stepping);
    for _ in 0..3 {
        let few = few(&bench);
        bench.next(&few);
    }
    assert_eq!(bench.state(), State::RolledBack);
}

fn refused(bench: &Bench) -> Evidence {
    measured(bench.good(), |measured| {
        measured.canary = CohortNumbers { client_errors: 612, client_error_statuses: Some("404".to_owned()), ..CohortNumbers::default() };
    })
}

/// Of a deployment neither: the watch is the one judge of what its users are answered.
#[test]
fn a_watch_in_which_everything_is_refused_never_ends_well() {
    for deployment in [None, Some("dep_1".to_owned())] {
        let mut bench = Bench::stepping(CanarySpec { deployment, ..spec() });
        bench.run_to(State::Watching);
        for _ in 0..100 {
            let refused = refused(&bench);
            bench.next(&refused);
        }
        assert_eq!(bench.state(), State::Watching);
        assert_eq!(bench.world.notices.iter().filter(|notice| **notice == Notice::GuardFailing).count(), 1);
        bench.run(1);
        assert_eq!(bench.state(), State::Completed, "once a request is served");
    }
}

#[test]
fn a_watch_in_which_everything_is_refused_leads_back_when_the_plan_says_so() {
    let mut bench = Bench::stepping(CanarySpec { no_data: NoData::Rollback, ..spec() });
    bench.run_to(State::Watching);
    for _ in 0..10 {
        let refused = refused(&bench);
        bench.next(&refused);
    }
    assert_eq!(bench.state(), State::RolledBack);
    let history = bench.canary.status().history;
    let why = "all 612 answers after the promotion were refused with 404";
    assert!(history.iter().any(|step| step.reason == why), "{history:?}");
}

/// I6: an error in measuring is no evidence of harm, and none of health.
#[test]
fn losing_the_evidence_stops_the_clock_and_never_advances() {
    let mut bench = nearly_over(spec());
    for _ in 0..100 {
        bench.next(&unmeasured());
    }
    assert_eq!((bench.state(), bench.share(), bench.time_left()), (paused(PauseReason::Error), 5.0, 10));
    bench.run(1);
    assert_eq!((bench.state(), bench.time_left()), (State::Stepping, 10));
    bench.run(1);
    assert_eq!(bench.canary.stage(), 1);
}

/// Features 2C-9: windows are per stage.
#[test]
fn bad_samples_of_an_earlier_stage_do_not_fail_the_next() {
    let mut bench = Bench::stepping(spec());
    let old_window = bench.world.window;
    bench.run_to_stage(1);
    bench.run(1);
    let stale = measured(bench.with(Verdict::Fail), |measured| measured.window = old_window);
    for _ in 0..100 {
        bench.next(&stale);
    }
    assert_eq!((bench.state(), bench.canary.stage()), (State::Stepping, 1));
}

/// Features 2C-9, the other way round.
#[test]
fn good_samples_of_an_earlier_stage_do_not_pass_the_next() {
    let mut bench = Bench::stepping(spec());
    let old_window = bench.world.window;
    bench.run_to_stage(1);
    let stale = measured(bench.good(), |measured| measured.window = old_window);
    for _ in 0..100 {
        bench.next(&stale);
    }
    assert_eq!((bench.canary.stage(), bench.time_left()), (1, 60));
}

#[test]
fn a_stage_is_judged_by_its_own_guards_when_it_has_some() {
    let mut stages = spec().stages;
    stages[1].guards = Some(vec![Guard::new(Rule::Latency { statistic: Statistic::P99, max_ms: 500.0, relative_margin: None })]);
    let mut bench = Bench::stepping(CanarySpec { stages, ..spec() });
    bench.run_to_stage(1);
    bench.run(1);
    let others = measured(bench.good(), |measured| measured.evaluations[0].guard = "error_rate".to_owned());
    let others = measured(others, |measured| measured.evaluations[0].verdict = Verdict::Fail);
    bench.next(&others);
    assert_eq!(bench.state(), State::Stepping);
    let own = bench.with(Verdict::Fail);
    bench.next(&own);
    assert_eq!(bench.state(), State::RolledBack);
}

/// Both equally slow: only absolute guards fail, and the plan has none; the machine adds nothing of its own.
#[test]
fn numbers_alone_never_roll_back_without_a_verdict() {
    let mut bench = Bench::stepping(spec());
    let slow = measured(bench.good(), |measured| {
        measured.canary.avg_latency_ms = Some(30_000.0);
        measured.control.avg_latency_ms = Some(30_000.0);
    });
    bench.next(&slow);
    assert_eq!(bench.state(), State::Stepping);
}

/// A state with NaN in it could be written but not read: the bench reads it after each step.
#[test]
fn numbers_that_are_none_do_not_damage_the_state() {
    let mut bench = Bench::stepping(spec());
    let strange = measured(bench.good(), |measured| {
        measured.canary.error_rate = Some(f64::NAN);
        measured.canary.latency_p99_ms = Some(f64::INFINITY);
        measured.evaluations[0].numbers.insert("ratio".to_owned(), f64::NAN);
    });
    bench.next(&strange);
    assert_eq!((bench.canary.status().canary.error_rate, bench.canary.status().canary.latency_p99_ms), (None, None));
}

fn past_its_deadline(policy: AtDeadline) -> Bench {
    nearly_over(CanarySpec { deadline: Some(secs(100)), on_inconclusive_at_deadline: policy, ..spec() })
}

#[test]
fn at_the_deadline_an_inconclusive_canary_does_what_its_plan_says() {
    let expected = [
        (AtDeadline::Hold, paused(PauseReason::Inconclusive), 0),
        (AtDeadline::Promote, State::Stepping, 1),
        (AtDeadline::Rollback, State::RolledBack, 0),
    ];
    for (policy, state, stage) in expected {
        let mut bench = past_its_deadline(policy);
        for _ in 0..6 {
            let unsure = bench.with(Verdict::Inconclusive);
            bench.next(&unsure);
        }
        assert_eq!((bench.state(), bench.canary.stage()), (state, stage), "{policy:?}");
        assert_eq!(bench.world.notices.contains(&Notice::DeadlinePassed), state != State::RolledBack || stage == 0);
    }
}

/// I7: the deadline may decide what is uncertain, but not what was never seen.
#[test]
fn at_the_deadline_no_data_is_still_no_pass() {
    let mut bench = past_its_deadline(AtDeadline::Promote);
    for _ in 0..100 {
        let few = too_few(bench.good(), |measured| measured.control.units = 1);
        bench.next(&few);
    }
    assert_eq!((bench.state(), bench.canary.stage()), (paused(PauseReason::NoData), 0));
}

#[test]
fn a_promotion_by_deadline_skips_neither_stages_nor_approvals() {
    let mut stages = spec().stages;
    stages[1].approval = true;
    let deadline = Some(secs(10));
    let mut bench = nearly_over(CanarySpec { stages, deadline, on_inconclusive_at_deadline: AtDeadline::Promote, ..spec() });
    for _ in 0..100 {
        let unsure = bench.with(Verdict::Inconclusive);
        bench.next(&unsure);
    }
    assert_eq!((bench.state(), bench.canary.stage()), (paused(PauseReason::Approval), 1));
}

#[test]
fn the_watch_holds_for_an_alias_nobody_asks() {
    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Watching);
    for _ in 0..100 {
        let quiet = too_few(bench.good(), |measured| measured.canary.requests = 0);
        bench.next(&quiet);
    }
    assert_eq!((bench.state(), bench.world.retired.len()), (State::Watching, 0));
    bench.run(1);
    assert_eq!(bench.state(), State::Completed);
}

/// Comparing guards have nothing to compare with any more.
#[test]
fn an_inconclusive_guard_does_not_hold_the_watch() {
    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Watching);
    for _ in 0..7 {
        let unsure = bench.with(Verdict::Inconclusive);
        bench.next(&unsure);
    }
    assert_eq!(bench.state(), State::Completed);
}
