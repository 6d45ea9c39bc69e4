//! What a change owes to whom. Called with every change on its way to the store.

use serde_json::{Value, json};

use crate::config::EVENT_KINDS;
use crate::control::plan::Webhook;
use crate::store::{AuditEntry, Change, NewDelivery, NewEvent};

/// Where no one else is named.
const POINTSMAN: &str = "pointsman";

/// Writes into each event who did it and why, and owes it to every webhook that wants it.
pub(in crate::control) fn announce(change: &mut Change, webhooks: &[Webhook]) {
    for (place, event) in change.events.iter_mut().enumerate() {
        debug_assert!(EVENT_KINDS.contains(&event.kind.as_str()), "no webhook can name `{}`: add it to EVENT_KINDS", event.kind);
        credit(event, change.audit.as_ref());
        let wanted = webhooks.iter().filter(|webhook| webhook.wants(&event.kind));
        change.outbox.extend(wanted.map(|webhook| NewDelivery { destination: webhook.name.clone(), event: place }));
    }
}

/// What the event does not say itself is what the audit log says of the change.
fn credit(event: &mut NewEvent, audit: Option<&AuditEntry>) {
    let Value::Object(body) = &mut event.body else { return };
    let actor = audit.map_or(POINTSMAN, |audit| &audit.actor);
    body.entry("actor").or_insert_with(|| json!(actor));
    body.entry("reason").or_insert_with(|| json!(audit.and_then(|audit| audit.reason.as_ref())));
}
