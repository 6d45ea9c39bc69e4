//! What applications may not take away through the data ports.

use super::TableInputs;
use crate::live::DEFAULT_UPSTREAM;
use crate::routing::Guards;

impl TableInputs<'_> {
    /// The aliases that belong to something under way, and the collections that it leads to, as far as they are where the data
    /// ports reach.
    pub(super) fn guards(&self) -> Guards {
        let mut guards = Guards::default();
        for resource in self.documents.all() {
            let owner = resource.name();
            resource.held_alias().into_iter().for_each(|alias| guards.guard_alias(alias, &owner));
            let places = resource.places(self.documents).into_iter();
            let here = places.filter(|(upstream, _)| self.plan.upstream(*upstream) == Some(DEFAULT_UPSTREAM));
            here.for_each(|(_, collection)| guards.guard_collection(collection, &owner));
            // A route may stand on a collection's own name.
            let stable =
                resource.stands_on().and_then(|name| self.listing.aliases.get(name).or_else(|| self.listing.collections.get(name)));
            stable.into_iter().for_each(|collection| guards.guard_collection(collection, &owner));
        }
        guards
    }
}
