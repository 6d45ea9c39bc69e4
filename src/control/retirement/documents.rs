//! A retirement's document, from one state to the next.

use crate::control::author::{Author, Deed};
use crate::control::document::RETIREMENT;
use crate::control::error::ControlError;
use crate::control::state::Control;
use crate::control::{clock, document};
use crate::rollout::retirement::Retirement;
use crate::store::{self, CommitError, Expected, Fence, Key, NewEvent, Write};

impl Control {
    pub(super) fn retirement_document(&self, id: &str) -> Option<Retirement> {
        self.0.state.load().held.retirements.get(id).cloned()
    }

    /// Makes `before` into `after`, if it still is what was looked at. False when it is not: then nothing of what was
    /// decided holds any more.
    pub(super) async fn replace_retirement(&self, before: &Retirement, after: &Retirement, fence: &Fence) -> Result<bool, ControlError> {
        let _writing = self.0.writer.lock().await;
        let mut change = store::Change::unaudited(vec![put(after)]);
        change.fence = Some(fence.clone());
        if (before.state, &before.reasons) != (after.state, &after.reasons) {
            change.events.push(event(after));
        }
        if before.state != after.state {
            let author = Author { actor: "pointsman".to_owned(), reason: (!after.reasons.is_empty()).then(|| after.reasons.join("; ")) };
            let deed = Deed { action: "retirement.step", subject: &after.collection };
            change.audit = Some(author.did(deed, Some(document::json(&before.state)), Some(document::json(&after.state))));
            tracing::info!(
                retirement = after.id,
                upstream = after.upstream,
                collection = after.collection,
                state = after.state.name(),
                reasons = after.reasons.join("; "),
                "retirement"
            );
        }
        match self.commit(change).await {
            Ok(()) => Ok(true),
            Err(ControlError::Commit(CommitError::Conflict { .. })) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// One that has no revision yet is a new one.
pub(in crate::control) fn put(retirement: &Retirement) -> Write {
    let expected = if retirement.revision == 0 { Expected::Absent } else { Expected::Revision(retirement.revision) };
    let due_at = retirement.look_at().map(clock::stored);
    Write::Put { key: Key::new(RETIREMENT, &retirement.id), body: document::json(retirement), due_at, expected }
}

/// What followers are told of the state a retirement has come to.
pub(in crate::control) fn event(retirement: &Retirement) -> NewEvent {
    let mut body = serde_json::json!({
        "retirement": retirement.id,
        "upstream": retirement.upstream,
        "collection": retirement.collection,
        "reasons": retirement.reasons,
        "snapshot": retirement.snapshot_name,
    });
    // Otherwise the reason is that of the change.
    if !retirement.reasons.is_empty() {
        body["reason"] = retirement.reasons.join("; ").into();
    }
    NewEvent { kind: format!("retirement.{}", retirement.state.name()), subject: retirement.collection.clone(), body }
}
