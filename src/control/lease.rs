//! Events about who steers. Each is told once by the replica that gained or lost the lease.

use serde_json::json;

use super::state::Control;
use crate::store::{Change, Lease, NewEvent};

impl Control {
    /// Compares the lease with what was told last, which is the epoch this replica held it under. What cannot be told now
    /// is told at the next round, since `told` stays.
    pub(super) async fn tell_of_lease(&self, told: &mut Option<u64>, lease: &Lease) {
        let now = lease.held.then_some(lease.epoch);
        if *told == now {
            return;
        }
        let (kind, reason) = match now {
            Some(_) => ("lease.taken", "nobody else had it"),
            None => ("lease.lost", "it was not renewed in time"),
        };
        let body = json!({"epoch": lease.epoch, "holder": lease.holder, "reason": reason});
        let mut change = Change::unaudited(Vec::new());
        change.events = vec![NewEvent { kind: kind.to_owned(), subject: self.0.replica.clone(), body }];
        change.fence = lease.fence();
        let _writing = self.0.writer.lock().await;
        match self.commit(change).await {
            Ok(()) => *told = now,
            Err(error) => tracing::debug!(%error, kind, "it could not be told who steers; it is tried again"),
        }
    }
}
