//! A controller that dies at any moment: another one reads what was stored, repeats what may not have been done, and goes on.

use super::bench::{Bench, NEW, OLD, paused, secs, spec, unmeasured};
use crate::rollout::{CanarySpec, Command, Ending, Guard, Level, PauseReason, Rule, ShadowStage, State, Verdict};

/// A plan that comes through every state there is.
fn eventful() -> CanarySpec {
    let mut stages = spec().stages;
    stages[0].approval = true;
    let signal =
        Guard { level: Level::Signal, name: Some("signal".to_owned()), ..Guard::new(Rule::EmptyResults { max: 0.1, margin: None }) };
    let mut guards = spec().guards;
    guards.push(signal);
    CanarySpec { stages, guards, ..spec() }
}

fn look(bench: &mut Bench, guard: &str, verdict: Verdict) {
    let evidence = super::bench::measured(bench.good(), |measured| super::bench::judge(measured, guard, verdict));
    bench.next(&evidence);
}

fn frozen(bench: &mut Bench) {
    let mut evidence = bench.good();
    evidence.frozen = Some("holiday".to_owned());
    bench.next(&evidence);
}

fn at_the_end_of_a_stage() -> Bench {
    let mut bench = Bench::stepping(spec());
    bench.run_until("the end of the stage", |bench| bench.time_left() == 10);
    bench
}

fn with_a_broken(effect: &'static str, to: State) -> Bench {
    let mut bench = at_the_end_of_a_stage();
    bench.broken = Some(effect);
    bench.run_to(to);
    bench
}

/// A canary in this state; an exhaustive match, so that a new state cannot be forgotten here.
fn reach(state: State) -> Bench {
    let mut bench = at_the_end_of_a_stage();
    match state {
        State::Scheduled => return Bench::new(spec()),
        State::Initializing => {
            bench = Bench::new(spec());
            bench.broken = Some("running the pre-checks");
            bench.run(1);
        }
        State::Shadowing => {
            bench = Bench::new(CanarySpec { shadow: Some(ShadowStage::new(secs(60))), ..spec() });
            bench.run_to(state);
        }
        State::Stepping => {}
        State::Paused { because } => match because {
            PauseReason::User => bench.order(Command::Pause).expect("legal"),
            PauseReason::KillSwitch => {
                bench.kill(true);
                bench.kill(false);
            }
            PauseReason::Error => bench.next(&unmeasured()),
            PauseReason::Freeze => frozen(&mut bench),
            PauseReason::Inconclusive => look(&mut bench, "error_rate", Verdict::Inconclusive),
            PauseReason::NoData => {
                let none = super::bench::measured(bench.good(), |measured| measured.canary.requests = 0);
                bench.next(&none);
            }
            PauseReason::LostWrites => {
                bench = super::lost_writes::counting(spec());
                super::lost_writes::run_to(&mut bench, &super::lost_writes::counted(1, 0), state);
            }
            PauseReason::Approval => {
                bench = Bench::stepping(eventful());
                bench.run_to(state);
            }
            PauseReason::Signal => {
                bench = Bench::stepping(eventful());
                look(&mut bench, "signal", Verdict::Fail);
            }
            PauseReason::Guard => {
                bench = Bench::stepping(CanarySpec { auto_rollback: false, ..spec() });
                look(&mut bench, "error_rate", Verdict::Fail);
            }
        },
        State::Promoting => bench = with_a_broken("switching the alias", state),
        State::Watching | State::Completed => bench.run_to(state),
        State::RollingBack { towards } => {
            end(&mut bench, towards);
            return bench;
        }
        State::RollbackFailed { towards } => {
            bench.broken = Some("taking the route off");
            end(&mut bench, towards);
            bench.execute();
        }
        State::RolledBack => look(&mut bench, "error_rate", Verdict::Fail),
        State::Aborted => bench.order(Command::Abort).expect("legal"),
        State::Superseded => {
            end(&mut bench, Ending::Superseded);
            bench.execute();
        }
        State::Failed => {
            bench = Bench::new(spec());
            let good = bench.good();
            bench.canary.tick(bench.now, &good);
            let number = bench.canary.due(bench.now).next().expect("the checks").number;
            bench.canary.effect_refused(bench.now, number, "empty");
        }
    }
    bench
}

/// On its way to an ending, with nothing of it done yet.
fn end(bench: &mut Bench, towards: Ending) {
    let by = super::bench::somebody();
    match towards {
        Ending::RolledBack => bench.canary.tick(bench.now, &bench.with(Verdict::Fail)),
        Ending::Aborted => bench.canary.command(bench.now, Command::Abort, &by).expect("legal"),
        Ending::Superseded => bench.canary.supersede(bench.now, &by, "docs_v3").expect("legal"),
    }
}

fn every_state() -> Vec<State> {
    let endings = [Ending::RolledBack, Ending::Aborted, Ending::Superseded];
    let reasons = [
        PauseReason::User,
        PauseReason::Signal,
        PauseReason::Guard,
        PauseReason::Inconclusive,
        PauseReason::NoData,
        PauseReason::Freeze,
        PauseReason::Error,
        PauseReason::Approval,
        PauseReason::LostWrites,
        PauseReason::KillSwitch,
    ];
    let mut states =
        vec![State::Scheduled, State::Initializing, State::Shadowing, State::Stepping, State::Promoting, State::Watching, State::Completed];
    states.extend([State::RolledBack, State::Aborted, State::Superseded, State::Failed]);
    states.extend(reasons.map(paused));
    states.extend(endings.map(|towards| State::RollingBack { towards }));
    states.extend(endings.map(|towards| State::RollbackFailed { towards }));
    states
}

/// What people would do about a canary that waits for them.
fn help(bench: &mut Bench) {
    match bench.state() {
        State::Paused { because: PauseReason::Approval } => bench.order(Command::Approve).expect("legal"),
        State::Paused { because } if !because.clears_itself() => bench.order(Command::Resume).expect("legal"),
        _ => {}
    }
}

/// Features 58, and 2C-19 and -20: nothing is lost with the process, and nothing sleeps in one.
#[test]
fn a_restart_in_any_state_goes_on_to_the_end_that_was_to_come() {
    for state in every_state() {
        let mut bench = reach(state);
        assert_eq!(bench.state(), state);
        let (stage, share) = (bench.canary.stage(), bench.canary.share());
        bench.restart();
        assert_eq!((bench.canary.stage(), bench.canary.share()), (stage, share), "{state:?}: same stage, same share");
        bench.broken = None;
        for _ in 0..60 {
            help(&mut bench);
            bench.run(1);
        }
        let expected = match state {
            State::RollingBack { towards } | State::RollbackFailed { towards } => towards.into(),
            terminal if terminal.is_terminal() => terminal,
            _ => State::Completed,
        };
        assert_eq!(bench.state(), expected, "from {state:?}");
        let alias = if expected == State::Completed { NEW } else { OLD };
        assert_eq!((bench.world.alias.as_str(), bench.world.route), (alias, None), "from {state:?}");
    }
}

#[test]
fn a_restart_keeps_the_remaining_time_of_stage_and_watch() {
    for state in [State::Stepping, paused(PauseReason::User), State::Watching] {
        let mut bench = reach(state);
        bench.run(1);
        let left = bench.time_left();
        bench.restart();
        assert_eq!(bench.time_left(), left, "{state:?}");
    }
}

/// Dead between doing and reporting: the next controller does it again, under the same number, to the same effect.
#[test]
fn effects_repeated_after_a_crash_do_no_harm() {
    let mut bench = Bench::new(spec());
    for _ in 0..100 {
        bench.now = bench.now.plus(secs(10));
        let good = bench.good();
        bench.canary.tick(bench.now, &good);
        let due: Vec<_> = bench.canary.due(bench.now).cloned().collect();
        for pending in due {
            bench.world.execute(&pending.effect).expect("nobody interferes");
        }
        bench.restart();
        bench.execute();
    }
    assert_eq!((bench.state(), bench.world.alias.as_str(), bench.world.route), (State::Completed, NEW, None));
    assert_eq!(bench.world.retired, [OLD]);
}

#[test]
fn a_canary_that_has_not_ended_always_says_when_to_look_at_it_next() {
    for state in every_state() {
        let bench = reach(state);
        let due = bench.canary.due_at();
        assert!(state.is_terminal() || due.is_some(), "{state:?} would sleep for ever");
        assert!(!state.is_terminal() || due.is_none() || !bench.canary.status().pending.is_empty(), "{state:?} has nothing to do");
    }
}

#[test]
fn the_history_keeps_its_beginning_and_its_end_within_bounds() {
    let mut bench = at_the_end_of_a_stage();
    for _ in 0..100 {
        bench.order(Command::Pause).expect("legal");
        bench.order(Command::Resume).expect("legal");
    }
    let status = bench.canary.status();
    let kept: Vec<_> = status.history.iter().collect();
    assert_eq!((kept.len(), status.history.first.len()), (50, 10));
    assert_eq!(kept[0].to, State::Scheduled);
    assert_eq!(status.history.total(), status.history.dropped + 50);
    assert!(status.history.dropped > 150);
}
