//! Turning the kill switch.

use super::author::{Author, Deed};
use super::canary::transitions;
use super::clock;
use super::document::{KILL_SWITCH, ONLY, json, write};
use super::error::ControlError;
use super::kill_switch::KillSwitch;
use super::state::Control;
use crate::rollout::By;
use crate::store::{self, Expected, NewEvent};

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
        let _writing = self.writing().await?;
        let now = clock::now();
        let next = KillSwitch { on, actor: Some(author.actor.clone()), reason: author.reason.clone(), since: Some(now) };
        let reason = author.reason.clone().unwrap_or_else(|| "the kill switch was turned".to_owned());
        let turned = self.commit_newest(|state| {
            let mut writes = vec![write(&KILL_SWITCH, ONLY, Some(&next), Expected::Any)];
            let mut events = vec![NewEvent { kind: deed.action.to_owned(), subject: String::new(), body: serde_json::json!({"on": on}) }];
            for before in state.held.canaries.values().filter(|running| running.is_live()) {
                let mut after = before.clone();
                after.canary.kill_switch(now, on, &By::new(&author.actor, &reason));
                writes.extend(self.canary_writes(before, &mut after));
                events.extend(transitions(before, &after));
            }
            let audit = author.did(deed, Some(json(state.held.kill.as_ref())), Some(json(&next)));
            Ok((Some(store::Change { events, ..store::Change::new(audit, writes) }), ()))
        });
        turned.await?;
        tracing::warn!(on, actor = author.actor, "the kill switch was turned");
        Ok(next)
    }
}
