//! The kill switch: every alias on stable, at once, whatever routes and canaries say.

use serde::{Deserialize, Serialize};

use super::author::{Author, Deed};
use super::error::ControlError;
use super::holdings::KILL_SWITCH;
use super::state::Control;
use super::{clock, writes};
use crate::rollout::{By, Timestamp};
use crate::store::{self, Expected};

/// There is one.
pub(super) const ID: &str = "global";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillSwitch {
    pub on: bool,
    pub actor: Option<String>,
    pub reason: Option<String>,
    pub since: Option<Timestamp>,
}

impl Control {
    #[must_use]
    pub fn kill_switch(&self) -> KillSwitch {
        self.0.state.load().held.kill.as_ref().clone()
    }

    /// Turns it. Going on, the table takes every variant away in the same commit; going off, canaries stay at 0 % until
    /// somebody resumes each.
    ///
    /// # Errors
    /// When the change cannot be kept.
    pub async fn turn_kill_switch(&self, on: bool, author: Author) -> Result<KillSwitch, ControlError> {
        let (control, by, action) = (self.clone(), author.clone(), if on { "kill_switch.on" } else { "kill_switch.off" });
        let turning = async move { control.turn_now(on, Deed { action, subject: "" }, &by).await };
        self.to_its_end(action, String::new(), author, turning).await
    }

    async fn turn_now(&self, on: bool, deed: Deed<'_>, author: &Author) -> Result<KillSwitch, ControlError> {
        let _writing = self.0.writer.lock().await;
        let state = self.0.state.load_full();
        let now = clock::now();
        let next = KillSwitch { on, actor: Some(author.actor.clone()), reason: author.reason.clone(), since: Some(now) };
        let mut writes = vec![writes::write(&KILL_SWITCH, ID, Some(&next), Expected::Any)];
        let reason = author.reason.clone().unwrap_or_else(|| "the kill switch was turned".to_owned());
        for before in state.held.canaries.values().filter(|running| running.is_live()) {
            let mut after = before.clone();
            after.canary.kill_switch(now, on, &By::new(&author.actor, &reason));
            writes.extend(self.canary_writes(before, &mut after));
        }
        let audit = author.did(deed, Some(writes::json(state.held.kill.as_ref())), Some(writes::json(&next)));
        self.commit(store::Change::new(audit, writes)).await?;
        tracing::warn!(on, actor = author.actor, "the kill switch was turned");
        Ok(next)
    }
}
