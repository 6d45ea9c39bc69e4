//! What happens to a retirement when something new is made to refer to its collection: it is cancelled in the same commit,
//! or, once the deletion has been announced, the new thing is refused.

use super::documents::{event, put};
use crate::control::author::{Author, Deed};
use crate::control::clock;
use crate::control::error::ControlError;
use crate::control::state::{Control, State};
use crate::rollout::retirement;
use crate::store::Change;

/// Adds to `change`, which makes `who` refer to a collection, the end of that one's retirements.
///
/// # Errors
/// When it is being deleted.
pub(in crate::control) fn claim(state: &State, place: (&str, &str), who: &str, change: &mut Change) -> Result<(), ControlError> {
    let (upstream, collection) = place;
    let claimed = state.held.retirements.values().filter(|one| !one.state.is_terminal() && one.is_of(upstream, collection));
    for before in claimed {
        if before.is_irrevocable() {
            return Err(ControlError::BeingDeleted { collection: before.collection.clone(), id: before.id.clone() });
        }
        let mut after = before.clone();
        after.end(clock::now(), retirement::State::Cancelled, vec![format!("{who} leads to it")]);
        change.writes.push(put(&after));
        change.events.push(event(&after));
    }
    Ok(())
}

impl Control {
    /// For what is about to refer to a collection without being a document itself: ends that one's retirements first.
    ///
    /// # Errors
    /// When it is being deleted, or the end cannot be kept.
    pub(in crate::control) async fn claim_now(&self, place: (&str, &str), who: &str, author: &Author) -> Result<(), ControlError> {
        let _writing = self.writing().await?;
        self.commit_newest(|state| {
            let mut change = Change::new(author.did(Deed { action: "retirement.cancel", subject: place.1 }, None, None), Vec::new());
            claim(state, place, who, &mut change)?;
            Ok((Some(change).filter(|change| !change.writes.is_empty()), ()))
        })
        .await
    }
}
