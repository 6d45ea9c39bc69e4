//! What a canary has to tell: its transitions, and what of its notices no transition has said.
//!
//! Most notices come with a transition; that one becomes the event, in its own commit, and the notice adds nothing. The
//! others become events in the commit that takes them out of the canary's outbox, so executing one twice tells it once.

use serde_json::json;

use crate::control::documents::{CanaryDocument, json as value};
use crate::rollout::{Notice, PauseReason, State, Transition};
use crate::store::NewEvent;

/// An event for each transition that `after` has and `before` has not.
pub(in crate::control) fn transitions(before: Option<&CanaryDocument>, after: &CanaryDocument) -> Vec<NewEvent> {
    let known = before.map_or(0, |before| before.canary.status().history.total());
    let history = after.canary.status().history;
    let fresh = usize::try_from(history.total().saturating_sub(known)).unwrap_or(usize::MAX);
    let all: Vec<&Transition> = history.iter().collect();
    let first = all.len().saturating_sub(fresh);
    let event = |place: usize| {
        let transition = all[place];
        let body = json!({"transition": value(transition), "actor": transition.actor, "reason": transition.reason});
        event(after, kind(place.checked_sub(1).map(|place| all[place]), transition), body)
    };
    (first..all.len()).map(event).collect()
}

/// The event a notice is worth; none when a transition has said the same.
pub(super) fn notice(document: &CanaryDocument, notice: Notice, text: &str) -> Option<NewEvent> {
    let history = document.canary.status().history;
    let said = || history.iter().any(|transition| transition.reason == text);
    let name = match notice {
        Notice::GuardFailing if !said() => "guard_failing",
        Notice::RollbackFailed if !said() => "rollback_failed",
        Notice::DeadlinePassed => "deadline_passed",
        Notice::ReplicaLagging => "replica_lagging",
        Notice::EffectFailing => "effect_failing",
        Notice::GuardFailing
        | Notice::RollbackFailed
        | Notice::StageChanged
        | Notice::Paused
        | Notice::ApprovalNeeded
        | Notice::Promoted
        | Notice::Completed
        | Notice::RollingBack
        | Notice::RolledBack
        | Notice::Ended => return None,
    };
    Some(event(document, name, json!({"reason": text})))
}

/// The canary has moved its alias, to its new collection or back.
pub(super) fn moved(document: &CanaryDocument, alias: &str, from: &str, to: &str) -> NewEvent {
    let (id, state) = (document.canary.id(), document.canary.state().name().replace('_', " "));
    let body = json!({"canary": id, "previous": from, "collection": to, "reason": format!("the canary {id} is {state}")});
    NewEvent { kind: "alias.switched".to_owned(), subject: alias.to_owned(), body }
}

fn event(document: &CanaryDocument, name: &str, mut body: serde_json::Value) -> NewEvent {
    body["canary"] = json!(document.canary.id());
    NewEvent { kind: format!("canary.{name}"), subject: document.alias().to_owned(), body }
}

/// What people call the step from one state to the next.
fn kind(previous: Option<&Transition>, transition: &Transition) -> &'static str {
    match transition.to {
        State::Stepping if transition.from == State::Initializing || previous.is_some_and(|last| another_stage(last, transition)) => {
            "stage_changed"
        }
        State::Paused { because: PauseReason::Approval | PauseReason::LostWrites } => "approval_needed",
        State::Paused { because: PauseReason::Guard | PauseReason::Signal } => "guard_failing",
        state => state.name(),
    }
}

/// The comparison before the first stage is no stage, but the step from it to the first one is one between stages.
fn another_stage(last: &Transition, now: &Transition) -> bool {
    (last.shadow, last.stage) != (now.shadow, now.stage)
}

#[cfg(test)]
mod tests;
