//! Events about who leads. Each is told once by the replica that gained or lost the lease.

use serde_json::json;

use super::Control;
use crate::store::{Lease, NewEvent};

impl Control {
    /// Compares the lease with what was told last, which is the epoch this replica held it under. What cannot be told now
    /// is told at the next round, since `told` stays.
    pub(super) async fn tell_of_lease(&self, told: &mut Option<u64>, lease: &Lease) {
        let now = lease.held.then_some(lease.epoch);
        if *told == now {
            return;
        }
        let (kind, reason) = match now {
            Some(_) => ("lease.taken", "no other replica had it"),
            None => ("lease.lost", "it was not renewed in time"),
        };
        let body = json!({"epoch": lease.epoch, "holder": lease.holder, "reason": reason});
        let event = NewEvent { kind: kind.to_owned(), subject: self.engine.replica().to_owned(), body };
        match self.engine.tell(event, lease.fence()).await {
            Ok(()) => *told = now,
            Err(error) => tracing::debug!(%error, kind, "the change of the leader could not be told; it is tried again"),
        }
    }
}
