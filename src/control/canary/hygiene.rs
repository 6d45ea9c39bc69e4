//! What ended canaries leave behind, and when it goes.

use crate::control::author::{Author, Deed};
use crate::control::error::ControlError;
use crate::control::holdings::CANARY;
use crate::control::state::Control;
use crate::store::{self, Expected, Fence, Key, Write};

/// Ended canaries that are kept, the newest; what they did stays in the audit log and in the events.
const KEPT: usize = 200;

impl Control {
    /// Drops what was counted for canaries that have ended, and the oldest of these.
    pub(in crate::control) async fn clear_ended_canaries(&self, fence: &Fence) -> Result<(), ControlError> {
        let _writing = self.0.writer.lock().await;
        let state = self.0.state.load_full();
        let ended: Vec<&String> =
            state.held.canaries.iter().filter(|(_, running)| running.canary.state().is_terminal()).map(|(id, _)| id).collect();
        for id in &ended {
            self.0.store.drop_observations(&super::windows::scope_of_all(id)).await?;
        }
        // Ids begin with the time of creation, so the oldest come first.
        let writes: Vec<Write> = ended[..ended.len().saturating_sub(KEPT)]
            .iter()
            .map(|id| Write::Delete { key: Key::new(CANARY, id.as_str()), expected: Expected::Any })
            .collect();
        if writes.is_empty() {
            return Ok(());
        }
        let author = Author::pointsman(format!("only the newest {KEPT} that have ended are kept"));
        let audit = author.did(Deed { action: "canary.forget", subject: "" }, None, None);
        let change = store::Change { fence: Some(fence.clone()), ..store::Change::new(audit, writes) };
        self.commit(change).await
    }
}
