//! What a canary rests on, and what follows when that is gone.

use super::{By, Canary, Ending, State};
use crate::config::DEFAULT_UPSTREAM;
use crate::rollout::{Basis, BasisFault, Timestamp};

impl Canary {
    /// What has to be there now; none where nothing rests on anything yet, or the canary is moving the alias itself.
    #[must_use]
    pub fn basis(&self) -> Option<Basis<'_>> {
        let spec = self.plan.spec();
        let stable = self.stable.as_deref()?;
        let target = match self.state {
            State::Initializing | State::Shadowing | State::Stepping | State::Paused { .. } => stable,
            State::Watching if self.plan.switches_alias() => &spec.collection,
            State::Watching => stable,
            _ => return None,
        };
        let here = spec.upstream.as_deref().is_none_or(|upstream| upstream == DEFAULT_UPSTREAM);
        let collections = here.then_some(spec.collection.as_str()).into_iter().collect();
        Some(Basis { alias: Some(&spec.alias), target: Some(target), collections })
    }

    /// Ends a canary that has lost for good what it rests on; true when it did. An alias that others have moved stays where they
    /// put it.
    pub(super) fn ends_without_basis(&mut self, now: Timestamp, basis: &Result<(), BasisFault>) -> bool {
        let Err(fault) = basis else { return false };
        // There is nothing to pause in the watch: without its alias it watches nothing.
        let over = fault.is_final() || (self.state == State::Watching && matches!(fault, BasisFault::AliasMissing(_)));
        if !over || self.basis().is_none() {
            return false;
        }
        let ending = if matches!(fault, BasisFault::CollectionMissing(_)) { Ending::RolledBack } else { Ending::Superseded };
        self.end(now, ending, &By::controller(fault.to_string())).is_some()
    }
}
