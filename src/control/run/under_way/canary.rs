//! A canary under way.

use super::{Around, Kind, UnderWay, fraction, seconds};
use crate::control::documents::CanaryDocument;
use crate::rollout::{Canary, CanaryStatus, CohortNumbers, PauseReason, Phase, State};

pub(super) fn entry(running: &CanaryDocument, around: &Around<'_>) -> UnderWay {
    let canary = &running.canary;
    let status = canary.status();
    let course = Course::of(canary, &status);
    UnderWay {
        kind: Kind::Canary,
        id: status.id.to_owned(),
        alias: Some(status.alias.to_owned()),
        from: status.stable.map(str::to_owned).or_else(|| around.target_of(status.alias)),
        to: vec![status.collection.to_owned()],
        state: status.state,
        share_percent: Some(status.current_percentage),
        progress: course.and_then(|course| fraction(course.done, course.whole)),
        time_left_seconds: course.filter(|_| runs(canary.state())).map(|course| seconds(course.whole.saturating_sub(course.done))),
        waits_for: around.or_store(waits_for(canary, &status, around)),
        since: status.created,
    }
}

/// Its clock runs.
fn runs(state: State) -> bool {
    matches!(state, State::Shadowing | State::Stepping | State::Promoting | State::Watching)
}

/// Planned time in milliseconds: comparison, stages and watch. Warm-ups and waiting come on top.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) done: u64,
    pub(super) whole: u64,
}

impl Course {
    /// None of one on its way back.
    pub(super) fn of(canary: &Canary, status: &CanaryStatus<'_>) -> Option<Self> {
        let (plan, spec) = (canary.plan(), canary.plan().spec());
        let comparison = spec.shadow.as_ref().map_or(0, |shadow| shadow.duration.millis());
        let stages: Vec<u64> = plan.stages().iter().map(|stage| stage.duration.millis()).collect();
        let ahead = comparison + stages.iter().sum::<u64>();
        let whole = ahead + spec.watch.millis();
        let left = status.time_left_ms.unwrap_or(0);
        let compares = status.shadow.is_some_and(|shadow| shadow.under_way);
        let done = match canary.state() {
            State::Scheduled | State::Initializing => 0,
            State::Shadowing | State::Stepping | State::Paused { .. } if compares => comparison.saturating_sub(left),
            State::Shadowing | State::Stepping | State::Paused { .. } => {
                let through = stages.iter().take(canary.stage() + 1).sum::<u64>();
                (comparison + through).saturating_sub(left)
            }
            State::Promoting => ahead,
            State::Watching => whole.saturating_sub(left),
            _ => return None,
        };
        Some(Self { done, whole })
    }
}

fn waits_for(canary: &Canary, status: &CanaryStatus<'_>, around: &Around<'_>) -> Option<String> {
    let freeze = canary.plan().frozen(around.now).or_else(|| around.frozen.map(str::to_owned));
    match canary.state() {
        State::Scheduled | State::Initializing if around.kill_switch => Some("the kill switch, which is on".to_owned()),
        State::Scheduled | State::Initializing if freeze.is_some() => freeze.map(|freeze| format!("the end of {freeze}")),
        State::Scheduled => {
            let start = canary.plan().spec().start_at.filter(|start| *start > around.now);
            Some(start.map_or_else(|| "its pre-checks".to_owned(), |start| format!("its start at {start}")))
        }
        State::Initializing => Some(tried("its pre-checks", status)),
        State::Shadowing | State::Stepping => of_stage(canary, status),
        State::Paused { because } => Some(of_pause(because, status)),
        State::Promoting => Some(tried("Qdrant to move the alias", status)),
        State::Watching => status.pending.iter().any(|pending| pending.last_error.is_some()).then(|| tried("an effect", status)),
        State::RollingBack { .. } | State::RollbackFailed { .. } => Some(tried("the rollback", status)),
        State::Completed | State::RolledBack | State::Aborted | State::Superseded | State::Failed => None,
    }
}

/// What is being done, and why it has not worked yet.
fn tried(what: &str, status: &CanaryStatus<'_>) -> String {
    let error = status.pending.iter().find_map(|pending| pending.last_error.as_deref());
    error.map_or_else(|| what.to_owned(), |error| format!("{what}, tried again after: {error}"))
}

fn of_stage(canary: &Canary, status: &CanaryStatus<'_>) -> Option<String> {
    let what = if canary.state() == State::Shadowing { "the mirroring".to_owned() } else { format!("{} %", status.current_percentage) };
    match status.phase {
        Phase::Setting => Some(tried(&format!("the store to take {what}"), status)),
        Phase::Applying { .. } => Some(format!("every live replica to apply {what}")),
        Phase::WarmingUp { .. } => Some(format!("the warm-up of {}", canary.plan().spec().warm_up)),
        Phase::Measuring if canary.state() == State::Stepping => too_few(canary, status),
        Phase::Measuring => None,
    }
}

/// The traffic that a stage lacks.
fn too_few(canary: &Canary, status: &CanaryStatus<'_>) -> Option<String> {
    let spec = canary.plan().spec();
    let lacks = |numbers: &CohortNumbers| numbers.requests < spec.minimum_requests || numbers.units < spec.minimum_units;
    let said = |cohort: &str, numbers: &CohortNumbers| {
        let (requests, units) = (numbers.requests, numbers.units);
        format!("traffic: the {cohort} has {requests} of {} requests, {units} of {} users", spec.minimum_requests, spec.minimum_units)
    };
    // With everything on the canary no other cohort is left to compare it with.
    let control = (status.current_percentage < 100.0 && lacks(&status.control)).then(|| said("control", &status.control));
    if lacks(&status.canary) { Some(said("canary", &status.canary)) } else { control }
}

fn of_pause(because: PauseReason, status: &CanaryStatus<'_>) -> String {
    let last = status.history.last_transition();
    let (actor, reason) = last.map_or(("", ""), |last| (last.actor.as_str(), last.reason.as_str()));
    match because {
        PauseReason::User => format!("the operator: {actor} has paused it, {reason}"),
        PauseReason::Signal | PauseReason::Guard => format!("the operator: {reason}"),
        PauseReason::Approval => format!("the operator, to approve stage {} of {}", status.current_stage + 1, status.stages),
        PauseReason::LostWrites => match status.lost_if_promoted {
            Some(loss) => format!("consent to lose writes: {loss}"),
            None => format!("consent to lose writes: {reason}"),
        },
        PauseReason::Inconclusive => format!("more evidence: {reason}"),
        PauseReason::NoData => format!("traffic: {reason}"),
        PauseReason::Freeze => format!("the end of the freeze: {reason}"),
        PauseReason::Error => format!("evidence that cannot be had: {reason}"),
        PauseReason::KillSwitch => "the kill switch, which is on".to_owned(),
    }
}
