//! What happens to a retirement when something new is made to lead to its collection: it is cancelled in the same commit,
//! or, once the deletion has been announced, the new thing is refused.

use super::{Action, Caller, ControlError, Draft, Engine, Intent, State};
use crate::control::clock;
use crate::control::documents::Resource;
use crate::rollout::retirement;

impl Draft {
    /// Ends the retirements of a collection that `who` leads to from now on.
    ///
    /// # Errors
    /// When it is being deleted.
    pub(in crate::control) fn claim(&mut self, state: &State, place: (&str, &str), who: &str) -> Result<(), ControlError> {
        let (upstream, collection) = place;
        let claimed = state.documents.retirements.values().filter(|one| one.is_live() && one.is_of(upstream, collection));
        for before in claimed {
            if before.is_irrevocable() {
                return Err(ControlError::BeingDeleted { collection: before.collection.clone(), id: before.id.clone() });
            }
            let mut after = before.clone();
            after.end(clock::now(), retirement::State::Cancelled, vec![format!("{who} leads to it")]);
            self.writes.push(after.write());
            self.events.push(after.event());
        }
        Ok(())
    }
}

impl Engine {
    /// For what is about to lead to a collection without being a document itself: ends that one's retirements first.
    ///
    /// # Errors
    /// When it is being deleted, or the end cannot be kept.
    pub(in crate::control) async fn claim_now(&self, place: (&str, &str), who: &str, caller: &Caller) -> Result<(), ControlError> {
        let writing = self.begin(Intent::new(Action::RetirementCancel, place.1, caller.clone())).await?;
        writing.commit(|state, draft| draft.claim(state, place, who)).await
    }
}
