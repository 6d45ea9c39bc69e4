//! The kill switch: every alias on stable, at once, whatever routes and canaries say.

use super::canary::{Canaries, transitions};
use super::clock;
use super::documents::{KillSwitch, ONLY, Resource, any_revision};
use super::engine::{Action, Caller, ControlError, Engine, Intent};
use crate::store::NewEvent;

/// The one that all replicas follow. Clones are the same.
#[derive(Clone, Debug)]
pub struct KillSwitches {
    engine: Engine,
    canaries: Canaries,
}

impl KillSwitches {
    pub(super) fn new(engine: Engine, canaries: Canaries) -> Self {
        Self { engine, canaries }
    }

    #[must_use]
    pub fn show(&self) -> KillSwitch {
        self.engine.state().documents.kill_switch().clone()
    }

    /// Turns it on or off. When it is on, the table takes every variant away in the same commit; when it is off again, canaries
    /// stay at 0 % until an operator resumes each.
    ///
    /// # Errors
    /// When the change cannot be kept.
    pub async fn turn(&self, on: bool, caller: Caller) -> Result<KillSwitch, ControlError> {
        let action = if on { Action::KillSwitchOn } else { Action::KillSwitchOff };
        let (this, intent) = (self.clone(), Intent::new(action, "", caller));
        self.engine.run(intent.clone(), async move { this.turn_now(on, intent).await }).await
    }

    async fn turn_now(&self, on: bool, intent: Intent) -> Result<KillSwitch, ControlError> {
        let Intent { action, caller, .. } = intent.clone();
        let writing = self.engine.begin(intent).await?;
        let now = clock::now();
        let next = KillSwitch { on, actor: Some(caller.actor.clone()), reason: caller.reason.clone(), since: Some(now) };
        let turned = writing.commit(|state, draft| {
            draft.writes.push(any_revision(ONLY, &next));
            let body = serde_json::json!({"on": on});
            draft.events.push(NewEvent { kind: action.name().to_owned(), subject: String::new(), body });
            for before in state.documents.canaries.values().filter(|document| document.is_live()) {
                let mut after = before.clone();
                after.canary.kill_switch(now, on, &caller.by("the kill switch was turned"));
                draft.writes.extend(self.canaries.writes(Some(before), &mut after));
                draft.events.extend(transitions(Some(before), &after));
            }
            draft.record(Some(state.documents.kill_switch()), Some(&next));
            Ok(())
        });
        turned.await?;
        tracing::warn!(on, actor = caller.actor, "the kill switch was turned");
        Ok(next)
    }
}
