//! Which replicas serve, as far as the store says.

use std::time::Duration;

use super::Engine;
use crate::store::Replica;

/// A replica that has said nothing for so long serves no requests any more, as far as the others can know.
const SILENCE: Duration = Duration::from_secs(10);

pub(in crate::control) fn is_live(replica: &Replica) -> bool {
    replica.age < SILENCE
}

impl Engine {
    /// Whether every live replica routes by the store's `revision` or a later one. Not knowing is not yes.
    pub(in crate::control) async fn is_applied(&self, revision: u64) -> bool {
        match self.store().replicas().await {
            Ok(replicas) => replicas
                .iter()
                .filter(|replica| is_live(replica))
                .all(|replica| replica.report.applied_revision >= revision || replica.report.id == self.replica()),
            Err(error) => {
                tracing::warn!(%error, "it is not known whether every replica has applied the share");
                false
            }
        }
    }
}
