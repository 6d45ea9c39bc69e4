//! The way back.

use super::bench::{Bench, OLD, secs, spec, unmeasured};
use crate::rollout::{CanarySpec, Effect, Notice, State, Verdict};

fn failing(state: State) -> Bench {
    let mut bench = Bench::stepping(spec());
    bench.run_to(state);
    let failing = bench.with(Verdict::Fail);
    bench.next(&failing);
    bench
}

#[test]
fn a_guard_failing_after_the_promotion_moves_the_alias_back() {
    let bench = failing(State::Watching);
    assert_eq!((bench.state(), bench.world.alias.as_str(), bench.world.route), (State::RolledBack, OLD, None));
    assert!(bench.world.retired.is_empty());
}

/// The route is off already; putting it on again would split traffic that has nothing to be split.
#[test]
fn a_rollback_after_the_promotion_does_nothing_but_move_the_alias() {
    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Watching);
    bench.now = bench.now.plus(secs(10));
    let failing = bench.with(Verdict::Fail);
    bench.canary.tick(bench.now, &failing);
    let wanted: Vec<_> = bench.canary.due(bench.now).filter(|pending| !matches!(pending.effect, Effect::Notify { .. })).collect();
    assert!(matches!(wanted.as_slice(), [only] if matches!(only.effect, Effect::RestoreAlias { .. })), "{wanted:?}");
}

/// Features 33: only what this run changed is undone, and nothing is deleted.
#[test]
fn a_rollback_before_the_promotion_does_not_touch_the_alias() {
    let mut bench = Bench::stepping(spec());
    bench.broken = Some("setting the share");
    let failing = bench.with(Verdict::Fail);
    bench.next(&failing);
    let wanted: Vec<_> = bench.canary.status().pending.iter().map(|pending| pending.effect.clone()).collect();
    assert!(!wanted.iter().any(|effect| matches!(effect, Effect::RestoreAlias { .. } | Effect::ScheduleRetirement { .. })), "{wanted:?}");
}

/// I8, and features 2C-28: a failed rollback is a state of its own that goes on trying and telling.
#[test]
fn a_failed_rollback_is_tried_for_ever_and_said_each_time() {
    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Watching);
    bench.broken = Some("restoring the alias");
    let failing = bench.with(Verdict::Fail);
    bench.next(&failing);
    for _ in 0..300 {
        bench.next(&unmeasured());
    }
    assert!(matches!(bench.state(), State::RollbackFailed { .. }));
    let status = bench.canary.status();
    let attempts = status.pending.iter().map(|pending| pending.attempts).max().expect("still wanted");
    let told = bench.world.notices.iter().filter(|notice| **notice == Notice::RollbackFailed).count();
    assert!(attempts > 15, "{attempts} attempts in 3 000 s");
    assert_eq!(u32::try_from(told).expect("few"), attempts);

    bench.broken = None;
    for _ in 0..40 {
        bench.next(&unmeasured());
    }
    assert_eq!((bench.state(), bench.world.alias.as_str()), (State::RolledBack, OLD));
}

#[test]
fn the_way_back_needs_no_evidence() {
    let mut bench = Bench::stepping(spec());
    bench.broken = Some("taking the route off");
    let failing = bench.with(Verdict::Fail);
    bench.next(&failing);
    assert!(matches!(bench.state(), State::RollbackFailed { .. }));
    bench.broken = None;
    bench.next(&unmeasured());
    assert_eq!((bench.state(), bench.world.route), (State::RolledBack, None));
}

/// The collection it points to may be gone: the operator must hear of that; it does not count as done.
#[test]
fn a_refused_step_of_the_way_back_is_a_failed_rollback() {
    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Watching);
    bench.now = bench.now.plus(secs(10));
    let failing = bench.with(Verdict::Fail);
    bench.canary.tick(bench.now, &failing);
    let restore = bench.canary.due(bench.now).find(|pending| matches!(pending.effect, Effect::RestoreAlias { .. })).expect("wanted").number;
    bench.canary.effect_refused(bench.now, restore, "no such collection");
    assert!(matches!(bench.state(), State::RollbackFailed { .. }));
    bench.now = bench.now.plus(secs(10));
    bench.execute();
    assert_eq!((bench.state(), bench.world.alias.as_str()), (State::RolledBack, OLD));
}

/// Setting the share late would put back the route that has been taken off meanwhile.
#[test]
fn a_share_that_could_not_be_set_is_forgotten_once_the_route_is_off() {
    let mut bench = Bench::stepping(spec());
    bench.broken = Some("setting the share");
    let failing = bench.with(Verdict::Fail);
    bench.next(&failing);
    bench.broken = None;
    bench.next(&unmeasured());
    assert_eq!((bench.state(), bench.world.route), (State::RolledBack, None));
}

/// One step that fails must not keep the others from being made.
#[test]
fn the_route_is_taken_off_even_if_the_alias_cannot_be_restored() {
    let mut bench = Bench::stepping(CanarySpec { upstream: None, ..spec() });
    bench.broken = Some("taking the route off");
    bench.run_until("the alias has moved", |bench| bench.world.alias != OLD);
    assert_eq!(bench.state(), State::Promoting);
    bench.broken = Some("restoring the alias");
    let failing = bench.with(Verdict::Fail);
    bench.next(&failing);
    assert!(matches!(bench.state(), State::RollbackFailed { .. }));
    assert_eq!(bench.world.route, None);
}

/// How far a dead executor came is unknown: the alias is restored even if the switch was never reported.
#[test]
fn a_switch_that_was_made_but_not_reported_is_undone() {
    let mut bench = Bench::stepping(spec());
    bench.broken = Some("switching the alias");
    bench.run_until("the alias has moved", |bench| bench.world.alias != OLD);
    assert_eq!(bench.state(), State::Promoting);
    let failing = bench.with(Verdict::Fail);
    bench.next(&failing);
    assert_eq!((bench.state(), bench.world.alias.as_str(), bench.world.route), (State::RolledBack, OLD, None));
}

#[test]
fn the_kill_switch_during_the_promotion_leads_back() {
    let mut bench = Bench::stepping(spec());
    bench.broken = Some("switching the alias");
    bench.run_to(State::Promoting);
    bench.kill(true);
    assert_eq!((bench.state(), bench.world.alias.as_str(), bench.world.route), (State::RolledBack, OLD, None));
}

#[test]
fn a_watch_without_auto_rollback_does_not_end_while_a_guard_fails() {
    let mut bench = Bench::stepping(CanarySpec { auto_rollback: false, ..spec() });
    bench.run_to(State::Watching);
    for _ in 0..100 {
        let failing = bench.with(Verdict::Fail);
        bench.next(&failing);
    }
    assert_eq!(bench.state(), State::Watching);
    assert_eq!(bench.world.notices.iter().filter(|notice| **notice == Notice::GuardFailing).count(), 1);
}
