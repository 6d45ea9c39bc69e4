//! I11: a promotion that would lose acknowledged writes waits, and the way back does not.

use super::bench::{Bench, INTERVAL, NEW, OLD, paused, secs, somebody, spec};
use crate::config::DEFAULT_UPSTREAM;
use crate::rollout::loss::{Counted, Stake, Tally};
use crate::rollout::{CanarySpec, Command, Effect, Evidence, PauseReason, State, Verdict, Way};

fn tally(acknowledged: u64) -> Tally {
    Tally { acknowledged, unknown: 0 }
}

/// What was written to the old collection and to the new one.
pub(super) fn counted(old: u64, new: u64) -> Counted {
    let mut counted = Counted::default();
    counted.add(DEFAULT_UPSTREAM, OLD, tally(old));
    counted.add(DEFAULT_UPSTREAM, NEW, tally(new));
    counted
}

/// In its first stage, counting from nothing on.
pub(super) fn counting(spec: CanarySpec) -> Bench {
    let mut bench = Bench::new(spec);
    let (nothing, now) = (Counted::default(), bench.now);
    bench.canary.count_from(Stake::new(vec![nothing.mark(DEFAULT_UPSTREAM, OLD, now)], nothing.mark(DEFAULT_UPSTREAM, NEW, now)));
    bench.run(3);
    bench
}

fn good(bench: &Bench, counted: &Counted) -> Evidence {
    Evidence { counted: counted.clone(), ..bench.good() }
}

/// With good evidence and these counts until it stands as wanted.
pub(super) fn run_to(bench: &mut Bench, counted: &Counted, state: State) {
    for _ in 0..100 {
        if bench.state() == state {
            return;
        }
        let evidence = good(bench, counted);
        bench.next(&evidence);
    }
    panic!("never came to {state:?}: {:#?}", bench.canary.status());
}

#[test]
fn the_last_stage_holds_and_stages_before_it_do_not() {
    let mut bench = counting(spec());
    run_to(&mut bench, &counted(3, 0), paused(PauseReason::LostWrites));
    assert_eq!((bench.canary.stage(), bench.world.alias.as_str()), (3, OLD));
    assert!(bench.last_reason().contains("3 acknowledged writes") && bench.last_reason().contains("canary approve canary_1"));
    for _ in 0..10 {
        let evidence = good(&bench, &counted(4, 0));
        bench.next(&evidence);
    }
    assert_eq!(bench.state(), paused(PauseReason::LostWrites), "it does not go on by itself");
    assert_eq!(bench.canary.status().lost_if_promoted.map(|loss| loss.acknowledged), Some(4), "the number follows");
    assert!(bench.order(Command::Resume).expect_err("nobody accepted it").why.contains("accept_lost_writes"));
}

#[test]
fn an_accepted_loss_holds_nothing_up_and_keeps_the_old_collection() {
    let mut by_plan = counting(CanarySpec { accept_lost_writes: true, ..spec() });
    run_to(&mut by_plan, &counted(3, 0), State::Completed);
    let mut by_command = counting(spec());
    run_to(&mut by_command, &counted(3, 0), paused(PauseReason::LostWrites));
    assert_eq!(by_command.canary.way_of(Command::Approve), Some(Way::Ahead));
    by_command.canary.accept_lost_writes();
    by_command.order(Command::Approve).expect("it waits for it");
    run_to(&mut by_command, &counted(3, 0), State::Completed);
    for bench in [by_plan, by_command] {
        assert_eq!((bench.world.alias.as_str(), bench.world.retired.len()), (NEW, 0));
        assert!(bench.last_reason().contains("so it is kept"), "{}", bench.last_reason());
    }
}

#[test]
fn without_writes_nothing_waits_and_the_old_collection_goes() {
    let mut bench = counting(spec());
    run_to(&mut bench, &counted(0, 7), State::Completed);
    assert_eq!(bench.world.retired, [OLD]);
}

/// A verification that finds both equal starts the count again.
#[test]
fn a_hold_clears_itself_when_nothing_is_lost_any_more() {
    let mut bench = counting(spec());
    run_to(&mut bench, &counted(3, 0), paused(PauseReason::LostWrites));
    let (now, all) = (bench.now, counted(3, 0));
    bench.canary.count_from(Stake::new(vec![all.mark(DEFAULT_UPSTREAM, OLD, now)], all.mark(DEFAULT_UPSTREAM, NEW, now)));
    run_to(&mut bench, &all, State::Completed);
}

/// What other replicas have counted cannot be read.
fn uncounted(evidence: Evidence) -> Evidence {
    Evidence { uncounted: Some("the store does not answer".to_owned()), ..evidence }
}

#[test]
fn without_new_counts_guards_are_heard_and_nothing_is_promoted() {
    let mut bench = counting(spec());
    bench.run_to_stage(3);
    for _ in 0..20 {
        let stale = uncounted(good(&bench, &counted(0, 0)));
        bench.next(&stale);
    }
    assert_eq!((bench.state(), bench.world.alias.as_str()), (paused(PauseReason::Error), OLD));
    assert!(bench.last_reason().contains("the writes could not be counted"), "{}", bench.last_reason());
    let failing = uncounted(bench.with(Verdict::Fail));
    bench.next(&failing);
    assert_eq!(bench.state(), State::RolledBack);
}

#[test]
fn without_new_counts_a_watch_rolls_back_and_does_not_complete() {
    let mut bench = counting(spec());
    run_to(&mut bench, &counted(0, 0), State::Watching);
    for _ in 0..20 {
        let stale = uncounted(good(&bench, &counted(0, 0)));
        bench.next(&stale);
    }
    assert_eq!(bench.state(), State::Watching);
    let failing = uncounted(bench.with(Verdict::Fail));
    bench.next(&failing);
    assert_eq!((bench.state(), bench.world.alias.as_str()), (State::RolledBack, OLD));
}

#[test]
fn guards_are_heard_while_it_holds() {
    let mut bench = counting(spec());
    run_to(&mut bench, &counted(3, 0), paused(PauseReason::LostWrites));
    let failing = Evidence { counted: counted(3, 0), ..bench.with(Verdict::Fail) };
    bench.next(&failing);
    assert_eq!((bench.state(), bench.world.alias.as_str()), (State::RolledBack, OLD));
}

/// Writes that come between the look and the switch.
#[test]
fn a_switch_that_comes_too_late_is_not_made() {
    let mut bench = counting(spec());
    bench.broken = Some("switching the alias");
    run_to(&mut bench, &counted(0, 0), State::Promoting);
    bench.world.alias = OLD.to_owned();
    let loss = bench.canary.loss(Way::Ahead, &counted(1, 0)).expect("it is counted");
    let status = bench.canary.status();
    let number = status.pending.iter().find(|pending| matches!(pending.effect, Effect::SwitchAlias { .. })).expect("due").number;
    bench.canary.effect_held(bench.now, number, &loss);
    assert_eq!(bench.state(), paused(PauseReason::LostWrites));
    bench.broken = None;
    bench.restart();
    bench.canary.accept_lost_writes();
    bench.order(Command::Approve).expect("it waits for it");
    run_to(&mut bench, &counted(1, 0), State::Completed);
    assert_eq!(bench.world.alias, NEW);
}

/// A switch that was never sent leaves nothing to restore: an operator who moves the alias there by hand is obeyed.
#[test]
fn a_switch_that_was_held_before_it_was_sent_is_not_undone() {
    let mut bench = counting(spec());
    for _ in 0..100 {
        let evidence = good(&bench, &counted(0, 0));
        bench.now = bench.now.plus(secs(INTERVAL));
        bench.canary.tick(bench.now, &evidence);
        if bench.state() == State::Promoting {
            break;
        }
        bench.execute();
    }
    let status = bench.canary.status();
    let number = status.pending.iter().find(|pending| matches!(pending.effect, Effect::SwitchAlias { .. })).expect("due").number;
    let loss = bench.canary.loss(Way::Ahead, &counted(1, 0)).expect("it is counted");
    bench.canary.effect_held(bench.now, number, &loss);
    assert_eq!((bench.state(), bench.canary.stake_back()), (paused(PauseReason::LostWrites), None));
    assert_eq!(bench.canary.way_of(Command::Abort), None, "nothing has moved");
    bench.world.alias = NEW.to_owned();
    bench.order(Command::Abort).expect("at any point");
    assert_eq!((bench.state(), bench.world.alias.as_str()), (State::Aborted, NEW));
}

#[test]
fn an_automatic_rollback_goes_on_and_says_what_it_leaves() {
    let mut bench = counting(spec());
    run_to(&mut bench, &counted(0, 0), State::Watching);
    assert_eq!(bench.canary.way_of(Command::Abort), Some(Way::Back));
    let failing = Evidence { counted: counted(0, 5), ..bench.with(Verdict::Fail) };
    bench.next(&failing);
    assert_eq!((bench.state(), bench.world.alias.as_str()), (State::RolledBack, OLD));
    let said: Vec<String> = bench.canary.status().history.iter().map(|step| step.reason.clone()).collect();
    let told = said.iter().filter(|reason| reason.contains("5 acknowledged writes") && reason.contains("`docs_v2` is kept")).count();
    assert_eq!(told, 2, "on its way and at its end: {said:#?}");
    assert!(bench.canary.status().warnings.iter().any(|warning| warning.contains("5 acknowledged writes")));
}

#[test]
fn what_was_written_before_the_switch_is_not_lost_by_going_back() {
    let mut bench = counting(spec());
    run_to(&mut bench, &counted(0, 9), State::Watching);
    assert_eq!(bench.canary.loss(Way::Back, &counted(0, 9)).map(|loss| loss.acknowledged), Some(0));
    assert_eq!(bench.canary.loss(Way::Back, &counted(0, 12)).map(|loss| loss.acknowledged), Some(3));
}

#[test]
fn where_commands_lead() {
    let mut bench = counting(spec());
    for (command, way) in [(Command::Promote, Some(Way::Ahead)), (Command::Skip, None), (Command::Abort, None), (Command::Pause, None)] {
        assert_eq!(bench.canary.way_of(command), way, "{command} in the first stage");
    }
    run_to(&mut bench, &counted(1, 0), paused(PauseReason::LostWrites));
    for (command, way) in [(Command::Skip, Some(Way::Ahead)), (Command::Approve, Some(Way::Ahead)), (Command::Abort, None)] {
        assert_eq!(bench.canary.way_of(command), way, "{command} in the last stage");
    }
    bench.canary.command(bench.now, Command::Abort, &somebody()).expect("it may be ended");
}
