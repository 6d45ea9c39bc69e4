//! Events in the words of people, for chats.

use serde_json::Value;

use crate::store::Event;

/// One sentence: what has happened, why, and who did it.
pub(super) fn of(event: &Event) -> String {
    let text = |key: &str| event.body.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let mut sentence = happening(event);
    if let Some(reason) = text("reason") {
        sentence.push_str(": ");
        sentence.push_str(reason);
    }
    if let Some(actor) = text("actor") {
        sentence.push_str(&format!(" (by {actor})"));
    }
    sentence
}

/// As Slack demands of text that is not markup: the three characters that could begin some.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn happening(event: &Event) -> String {
    let subject = &event.subject;
    let detail = |key: &str| event.body.get(key).and_then(Value::as_str).unwrap_or("nothing");
    match event.kind.as_str() {
        "alias.switched" => format!("The alias {subject} was switched from {} to {}", detail("previous"), detail("collection")),
        "alias.created" => format!("The alias {subject} was created for {}", detail("collection")),
        "alias.deleted" => format!("The alias {subject} was deleted; it pointed at {}", detail("previous")),
        "canary.initializing" => format!("The canary of {subject} is being checked"),
        "canary.stage_changed" => format!("The canary of {subject} is at {} % now", percentage(event)),
        "canary.stepping" => format!("The canary of {subject} goes on at {} %", percentage(event)),
        "canary.paused" => format!("The canary of {subject} stands still at {} %", percentage(event)),
        "canary.guard_failing" => format!("A guard of the canary of {subject} fails"),
        "canary.approval_needed" => format!("The canary of {subject} waits for approval"),
        "canary.promoting" => format!("The canary of {subject} has passed all its stages"),
        "canary.watching" => format!("{subject} was moved to its new collection and is being watched"),
        "canary.completed" => format!("The canary of {subject} is complete"),
        "canary.rolling_back" => format!("The canary of {subject} is being rolled back"),
        "canary.rolled_back" => format!("The canary of {subject} was rolled back"),
        "canary.rollback_failed" => format!("The canary of {subject} could NOT be rolled back; it is tried again, but have a look now"),
        "canary.aborted" => format!("The canary of {subject} was aborted"),
        "canary.superseded" => format!("The canary of {subject} has ended because the alias was moved by force"),
        "canary.failed" => format!("The canary of {subject} did not begin"),
        "canary.deadline_passed" => format!("The canary of {subject} is late"),
        "canary.replica_lagging" => format!("The canary of {subject} waits for a replica"),
        "canary.effect_failing" => format!("The canary of {subject} has trouble"),
        "kill_switch.on" => "The kill switch is on: every alias is served by its stable collection".to_owned(),
        "kill_switch.off" => "The kill switch is off".to_owned(),
        "lease.taken" => format!("{subject} steers the rollouts now"),
        "lease.lost" => format!("{subject} has lost the controller's lease"),
        "retirement.scheduled" => format!("The collection {subject} is to be deleted"),
        "retirement.blocked" => format!("The collection {subject} cannot be deleted yet"),
        "retirement.cancelled" => format!("The collection {subject} stays"),
        "retirement.refused" => format!("The collection {subject} was NOT deleted"),
        "retirement.done" => format!("The collection {subject} was deleted"),
        "webhook.test" => format!("Pointsman reaches the webhook {subject}"),
        kind => unknown(kind, subject),
    }
}

/// The share after the step a canary's event tells of.
fn percentage(event: &Event) -> String {
    let share = event.body.get("transition").and_then(|transition| transition.get("percentage")).and_then(Value::as_f64);
    share.map_or_else(|| "?".to_owned(), |share| share.to_string())
}

/// The words of the kind itself: `deployment.rolled_back` of docs is "Deployment rolled back: docs".
fn unknown(kind: &str, subject: &str) -> String {
    let words = kind.replace(['.', '_'], " ");
    let mut letters = words.chars();
    let capital = letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default();
    if subject.is_empty() { capital } else { format!("{capital}: {subject}") }
}
