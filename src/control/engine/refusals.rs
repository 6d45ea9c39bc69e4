//! What is refused leaves a trace: a counter, and a bounded number of log lines and audit rows.

use std::net::IpAddr;

use tokio::time::Instant;

use super::Engine;
use crate::metrics::Refusal;

impl Engine {
    /// A request to the admin API was turned away before it was looked at.
    pub(in crate::control) fn turned_away(&self, refusal: Refusal, from: Option<IpAddr>) {
        self.registry().refusals().count(refusal);
        if let Some(unlogged) = self.0.traces.lines.take(Instant::now()) {
            let (why, from) = (refusal.label(), from.map(tracing::field::display));
            tracing::warn!(why, from, unlogged, "a request to the admin API was refused; unlogged ones came since the last of these lines");
        }
    }

    /// Whether there is a row in the audit log for another refused change, and what the row says in addition.
    pub(super) fn room_for_refused_change(&self) -> Option<String> {
        let unrecorded = self.0.traces.rows.take(Instant::now())?;
        Some(if unrecorded == 0 {
            String::new()
        } else {
            format!(" ({unrecorded} more changes were refused since the refusal recorded before this one, too many to record each)")
        })
    }
}
