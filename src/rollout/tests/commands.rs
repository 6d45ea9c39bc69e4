//! What people may ask for, and when.

use super::bench::{Bench, NEW, OLD, measured, paused, secs, somebody, spec};
use crate::rollout::{CanarySpec, Command, FreezeWindow, Guard, Level, PauseReason, Rule, State, Verdict};

const ALL: [Command; 6] = [Command::Pause, Command::Resume, Command::Skip, Command::Promote, Command::Approve, Command::Abort];

/// Which commands a canary would obey; it is left as it is.
fn legal(bench: &Bench) -> Vec<Command> {
    let obeys = |command: &Command| bench.canary.clone().command(bench.now, *command, &somebody()).is_ok();
    ALL.into_iter().filter(obeys).collect()
}

fn in_approval() -> Bench {
    let mut stages = spec().stages;
    stages[0].approval = true;
    let mut bench = Bench::stepping(CanarySpec { stages, ..spec() });
    bench.run_to(paused(PauseReason::Approval));
    bench
}

fn signalled() -> Bench {
    let guards = vec![Guard { level: Level::Signal, ..Guard::new(Rule::ErrorRate { max: 0.1, margin: None }) }];
    let mut bench = Bench::stepping(CanarySpec { guards, ..spec() });
    let failing = bench.with(Verdict::Fail);
    bench.next(&failing);
    assert_eq!(bench.state(), paused(PauseReason::Signal));
    bench
}

#[test]
fn each_state_obeys_exactly_the_commands_that_make_sense_in_it() {
    use Command::{Abort, Approve, Pause, Promote, Resume, Skip};
    assert_eq!(legal(&Bench::new(spec())), [Abort]);

    let mut bench = Bench::stepping(spec());
    assert_eq!(legal(&bench), [Pause, Skip, Promote, Abort]);
    bench.order(Pause).expect("legal");
    assert_eq!(legal(&bench), [Resume, Skip, Promote, Abort]);
    bench.kill(true);
    assert_eq!(legal(&bench), [Abort]);
    bench.kill(false);
    assert_eq!(legal(&bench), [Resume, Skip, Promote, Abort]);

    assert_eq!(legal(&in_approval()), [Pause, Skip, Promote, Approve, Abort]);
    assert_eq!(legal(&signalled()), [Resume, Skip, Promote, Abort]);

    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Watching);
    assert_eq!(legal(&bench), [Skip, Abort]);
    bench.run_to(State::Completed);
    assert_eq!(legal(&bench), []);
}

#[test]
fn an_illegal_command_says_why_and_changes_nothing() {
    let mut bench = Bench::stepping(spec());
    let before = bench.canary.clone();
    let refused = bench.order(Command::Resume).expect_err("illegal");
    assert_eq!(refused.to_string(), "cannot resume a canary that is stepping: it is not paused");
    assert_eq!(bench.canary, before);
}

#[test]
fn skip_leads_one_stage_on_without_waiting() {
    let mut bench = Bench::stepping(spec());
    bench.order(Command::Skip).expect("legal");
    assert_eq!((bench.state(), bench.canary.stage(), bench.share()), (State::Stepping, 1, 25.0));
}

/// Features 25 and 56: force completion of what is stuck.
#[test]
fn promote_leads_to_the_end_whatever_the_evidence_says() {
    let mut bench = Bench::stepping(spec());
    bench.order(Command::Promote).expect("legal");
    assert_eq!(bench.share(), 100.0, "everything is on the canary before the alias moves");
    let quiet = measured(bench.good(), |measured| measured.canary.requests = 0);
    bench.next(&quiet);
    assert_eq!((bench.state(), bench.world.alias.as_str()), (State::Watching, NEW));
}

#[test]
fn a_hurry_does_not_silence_the_guards() {
    let mut bench = Bench::stepping(spec());
    bench.order(Command::Promote).expect("legal");
    let failing = bench.with(Verdict::Fail);
    bench.next(&failing);
    assert_eq!((bench.state(), bench.world.alias.as_str(), bench.world.route), (State::RolledBack, OLD, None));
}

#[test]
fn skip_in_the_last_stage_promotes() {
    let mut stages = spec().stages;
    stages[3].duration = Some(secs(6_000));
    let mut bench = Bench::stepping(CanarySpec { stages, ..spec() });
    bench.run_to_stage(3);
    bench.run(2);
    bench.order(Command::Skip).expect("legal");
    bench.run(1);
    assert_eq!(bench.state(), State::Watching);
}

#[test]
fn skip_ends_a_watch_nobody_wants_to_wait_for() {
    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Watching);
    bench.order(Command::Skip).expect("legal");
    assert_eq!((bench.state(), bench.world.retired.as_slice()), (State::Completed, [OLD.to_owned()].as_slice()));
}

#[test]
fn abort_takes_the_route_off_and_says_who_and_why() {
    let mut bench = Bench::stepping(spec());
    bench.order(Command::Abort).expect("legal");
    assert_eq!((bench.state(), bench.world.route, bench.world.alias.as_str()), (State::Aborted, None, OLD));
    let status = bench.canary.status();
    let abort = status.history.iter().find(|transition| matches!(transition.to, State::RollingBack { .. })).expect("recorded");
    assert_eq!((abort.actor.as_str(), abort.reason.as_str()), ("ada", "because"));
}

#[test]
fn abort_before_the_start_touches_nothing() {
    let mut bench = Bench::new(spec());
    bench.order(Command::Abort).expect("legal");
    assert_eq!((bench.state(), bench.world.route), (State::Aborted, None));
}

#[test]
fn abort_in_the_watch_moves_the_alias_back() {
    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Watching);
    bench.order(Command::Abort).expect("legal");
    assert_eq!((bench.state(), bench.world.alias.as_str()), (State::Aborted, OLD));
}

#[test]
fn nothing_is_hurried_during_a_freeze() {
    let freeze = vec![FreezeWindow::Once { from: super::bench::START.plus(secs(40)), until: super::bench::START.plus(secs(6_000)) }];
    let mut bench = Bench::stepping(CanarySpec { freeze, ..spec() });
    bench.run(2);
    assert_eq!(legal(&bench), [Command::Pause, Command::Abort]);
}

#[test]
fn resuming_after_a_signal_asks_new_evidence_and_keeps_the_time() {
    let mut bench = signalled();
    let (window, left) = (bench.canary.window(), bench.time_left());
    let old = bench.with(Verdict::Fail);
    bench.order(Command::Resume).expect("legal");
    assert_eq!((bench.canary.window(), bench.time_left()), (window + 1, left));
    bench.next(&old);
    assert_eq!(bench.state(), State::Stepping, "what has been looked at does not fail it again");
    let new = bench.with(Verdict::Fail);
    bench.next(&new);
    assert_eq!(bench.state(), paused(PauseReason::Signal));
}

#[test]
fn the_kill_switch_takes_the_share_to_nothing_and_pauses() {
    let mut bench = Bench::stepping(spec());
    bench.run_to_stage(1);
    bench.run(3);
    let left = bench.time_left();
    bench.kill(true);
    bench.run(100);
    assert_eq!((bench.state(), bench.share(), bench.time_left()), (paused(PauseReason::KillSwitch), 0.0, left));
}

#[test]
fn after_the_kill_switch_somebody_has_to_resume_and_the_stage_goes_on() {
    let mut bench = Bench::stepping(spec());
    bench.run_to_stage(1);
    bench.run(3);
    let left = bench.time_left();
    bench.kill(true);
    bench.kill(false);
    bench.run(100);
    assert_eq!(bench.share(), 0.0, "releasing the switch moves nobody");
    bench.order(Command::Resume).expect("legal");
    assert_eq!((bench.state(), bench.canary.stage(), bench.share(), bench.time_left()), (State::Stepping, 1, 25.0, left));
}

#[test]
fn the_watch_does_not_end_while_the_kill_switch_is_on() {
    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Watching);
    bench.kill(true);
    bench.run(100);
    assert_eq!((bench.state(), bench.world.retired.len()), (State::Watching, 0));
    bench.kill(false);
    bench.run_to(State::Completed);
}

#[test]
fn nothing_starts_while_the_kill_switch_is_on() {
    let mut bench = Bench::new(spec());
    bench.kill(true);
    bench.run(100);
    assert_eq!((bench.state(), bench.world.route), (State::Scheduled, None));
    bench.kill(false);
    bench.run_to(State::Completed);
}

#[test]
fn an_alias_moved_by_force_supersedes_the_canary_and_stays_where_it_was_put() {
    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Watching);
    bench.world.alias = "docs_v3".to_owned();
    bench.canary.supersede(bench.now, &somebody(), "docs_v3").expect("legal");
    bench.execute();
    assert_eq!((bench.state(), bench.world.alias.as_str(), bench.world.route), (State::Superseded, "docs_v3", None));
    assert!(bench.canary.supersede(bench.now, &somebody(), "docs_v3").is_err(), "terminal states are final");
}

/// To the canary's own collection: what it was about to do is what the operator does, so it must not be taken back.
#[test]
fn an_alias_forced_to_the_canarys_collection_stays_there() {
    let mut bench = Bench::stepping(spec());
    bench.broken = Some("switching the alias");
    bench.run_to(State::Promoting);
    bench.canary.supersede(bench.now, &somebody(), NEW).expect("legal");
    bench.world.alias = NEW.to_owned();
    bench.execute();
    assert_eq!((bench.state(), bench.world.alias.as_str(), bench.world.route), (State::Superseded, NEW, None));
}
