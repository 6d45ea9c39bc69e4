//! Who leads to a collection, by what this process holds.

use super::State;
use crate::control::documents::Noun;
use crate::live::DEFAULT_UPSTREAM;

impl State {
    /// Routes and rollouts that lead to a collection, in words. Certain: whatever makes another one is a commit.
    pub(in crate::control) fn references_to(&self, upstream: &str, collection: &str) -> Vec<String> {
        let at = Some(upstream).filter(|upstream| !self.is_default(upstream));
        let leading = self.documents.all().filter(|resource| resource.needs(&self.documents, at, collection));
        let told = leading.map(|resource| match resource.noun() {
            Noun::Deployment => format!("{} needs it", resource.name()),
            _ => format!("{} leads to it", resource.name()),
        });
        told.collect()
    }

    /// Whether the last listing shows an alias that points at a collection: a reason to list afresh, and no more.
    pub(in crate::control) fn seems_aliased(&self, upstream: &str, collection: &str) -> bool {
        self.is_default(upstream) && self.listing.aliases.values().any(|target| target == collection)
    }

    fn is_default(&self, upstream: &str) -> bool {
        *self.plan.upstreams[DEFAULT_UPSTREAM].name == *upstream
    }
}
