//! Effects: their order, their numbers, and what becomes of them.

use super::bench::{Bench, OLD, START, plan, secs, somebody, spec, unmeasured};
use crate::rollout::{Canary, Command, Effect, Notice, Share, State, Verdict};

#[test]
fn failed_checks_end_a_canary_that_has_touched_nothing() {
    let mut canary = Canary::create("canary_1", plan(spec()), START, &somebody());
    let bench = Bench::new(spec());
    canary.tick(START, &bench.good());
    let number = canary.due(START).next().expect("the checks").number;
    canary.effect_refused(START, number, "the collection is empty");
    assert_eq!(canary.state(), State::Failed);
    let status = canary.status();
    let last = status.history.last_transition().expect("recorded");
    assert_eq!(last.reason, "running the pre-checks was refused: the collection is empty");
}

#[test]
fn checks_that_could_not_be_made_are_made_again() {
    let mut bench = Bench::new(spec());
    bench.broken = Some("running the pre-checks");
    bench.run(10);
    assert_eq!(bench.state(), State::Initializing);
    bench.broken = None;
    bench.run_to(State::Completed);
}

#[test]
fn an_effect_that_fails_is_put_off_for_longer_each_time() {
    let mut bench = Bench::new(spec());
    let good = bench.good();
    bench.canary.tick(START, &good);
    let mut waits = Vec::new();
    for _ in 0..12 {
        let number = bench.canary.due(bench.now).next().expect("due").number;
        bench.canary.effect_failed(bench.now, number, "no answer");
        let status = bench.canary.status();
        let due = status.pending.iter().find(|pending| pending.number == number).expect("still wanted").due;
        waits.push(due.since(bench.now) / 1_000);
        bench.now = due;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
}

/// Features 2C-14 and -16: one action that names what it expects, and a switch by another client is left alone.
#[test]
fn a_switch_refused_because_the_alias_moved_leads_back_and_leaves_the_alias() {
    let mut bench = Bench::stepping(spec());
    bench.world.alias = "docs_v3".to_owned();
    bench.run_to(State::RolledBack);
    assert_eq!((bench.world.alias.as_str(), bench.world.route), ("docs_v3", None));
}

#[test]
fn a_failed_switch_is_tried_again_with_everything_on_the_canary() {
    let mut bench = Bench::stepping(spec());
    bench.broken = Some("switching the alias");
    bench.run_to(State::Promoting);
    bench.world.alias = OLD.to_owned();
    bench.run(10);
    assert_eq!((bench.state(), bench.share()), (State::Promoting, 100.0));
    assert!(bench.world.notices.contains(&Notice::EffectFailing));
    bench.broken = None;
    bench.run_to(State::Completed);
}

#[test]
fn the_alias_is_moved_before_the_route_is_taken_off() {
    let mut bench = Bench::stepping(spec());
    bench.broken = Some("switching the alias");
    bench.run_to(State::Promoting);
    let status = bench.canary.status();
    assert!(!status.pending.iter().any(|pending| matches!(pending.effect, Effect::TakeRouteOff { .. })));
    assert_eq!(bench.world.route, Some(Share::FULL));
}

#[test]
fn what_is_reported_twice_or_too_late_changes_nothing() {
    let mut bench = Bench::stepping(spec());
    bench.run_to_stage(1);
    let before = bench.canary.clone();
    for number in 0..100 {
        bench.canary.effect_done(bench.now, number);
        bench.canary.effect_failed(bench.now, number, "late");
        bench.canary.effect_refused(bench.now, number, "late");
        bench.canary.checks_passed(number, "docs_v9", None);
    }
    assert_eq!(bench.canary, before);
}

#[test]
fn a_share_that_is_not_wanted_any_more_is_not_set() {
    let mut bench = Bench::stepping(spec());
    bench.broken = Some("setting the share");
    bench.run_to_stage(1);
    bench.broken = None;
    let failing = crate::rollout::Evidence { ..bench.with(Verdict::Fail) };
    let failing = super::bench::measured(failing, |measured| measured.window = bench.canary.window());
    bench.now = bench.now.plus(secs(1));
    bench.canary.tick(bench.now, &failing);
    let status = bench.canary.status();
    let shares: Vec<_> = status
        .pending
        .iter()
        .filter_map(|pending| if let Effect::SetShare { share, .. } = pending.effect { Some(share) } else { None })
        .collect();
    assert_eq!(shares, [Share::ZERO]);
}

#[test]
fn a_refused_share_ends_the_canary_instead_of_leaving_it_waiting() {
    let mut bench = Bench::stepping(spec());
    bench.broken = Some("setting the share");
    bench.run_to_stage(1);
    bench.broken = None;
    let number =
        bench.canary.status().pending.iter().find(|pending| matches!(pending.effect, Effect::SetShare { .. })).expect("wanted").number;
    bench.canary.effect_refused(bench.now, number, "somebody else owns the route");
    bench.execute();
    assert_eq!(bench.state(), State::RolledBack);
}

#[test]
fn notices_nobody_takes_stay_few() {
    let mut bench = Bench::stepping(spec());
    bench.broken = Some("notifying");
    for _ in 0..100 {
        bench.next(&unmeasured());
        bench.run(1);
        bench.order(Command::Pause).expect("legal");
        bench.order(Command::Resume).expect("legal");
    }
    let pending = bench.canary.status().pending.len();
    assert!((1..=14).contains(&pending), "{pending} notices");
}
