//! What happens to a retirement when something new is made to refer to its collection: it is cancelled in the same commit,
//! or, once the deletion has been announced, the new thing is refused.

use super::documents::{event, put};
use crate::control::clock;
use crate::control::error::ControlError;
use crate::control::state::State;
use crate::rollout::retirement;
use crate::routing::RouteSpec;
use crate::store::Change;

/// Adds to `change`, which makes `who` refer to the collections of `spec`, the end of their retirements.
///
/// # Errors
/// When one of them is being deleted.
pub(in crate::control) fn claim(state: &State, spec: &RouteSpec, who: &str, change: &mut Change) -> Result<(), ControlError> {
    let claimed = |retirement: &&retirement::Retirement| {
        let places = spec.variants.iter().filter_map(|variant| state.place(variant));
        !retirement.state.is_terminal() && places.into_iter().any(|(upstream, collection)| retirement.is_of(upstream, collection))
    };
    for before in state.held.retirements.values().filter(claimed) {
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
