//! What is posted: the event as JSON, or as a sentence.

use serde::Serialize;
use serde_json::{Value, json};

use super::sentence;
use crate::config::WebhookFormat;
use crate::store::{Event, Timestamp};

/// The generic body.
#[derive(Debug, Serialize)]
struct Message<'a> {
    /// As in `GET /v1/events`.
    id: u64,
    /// RFC 3339, UTC.
    time: String,
    kind: &'a str,
    subject: &'a str,
    actor: Option<&'a Value>,
    reason: Option<&'a Value>,
    details: Value,
    /// The replica that sends it.
    instance: &'a str,
}

pub(super) fn body(format: WebhookFormat, event: &Event, instance: &str) -> Vec<u8> {
    let body = match format {
        WebhookFormat::Json => crate::control::documents::json(&message(event, instance)),
        WebhookFormat::Slack => json!({"text": sentence::escape(&sentence::of(event))}),
    };
    body.to_string().into_bytes()
}

fn message<'a>(event: &'a Event, instance: &'a str) -> Message<'a> {
    let mut details = event.body.clone();
    if let Value::Object(details) = &mut details {
        details.retain(|key, _| key != "actor" && key != "reason");
    }
    Message {
        id: event.id,
        time: rfc3339(event.at),
        kind: &event.kind,
        subject: &event.subject,
        actor: event.body.get("actor"),
        reason: event.body.get("reason"),
        details,
        instance,
    }
}

/// No event is older or younger than what can be written.
fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_millis()).map_or_else(|_| at.as_millis().to_string(), |at| format!("{at:.3}"))
}
