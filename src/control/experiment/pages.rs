//! Under which names things are counted: one page for what belongs to a phase and was counted in a slice of time.
//!
//! Counters, reported values and observations in the store all bear these names, so each is found by its beginning.

use std::collections::BTreeSet;

use crate::control::error::ControlError;
use crate::control::state::Control;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Page {
    pub(super) phase: u32,
    pub(super) slice: u32,
}

/// What the names begin with under which idempotency keys are kept; none of them is a page's.
pub(super) fn scope_of_keys(id: &str) -> String {
    format!("{}keys/", scope_of_all(id))
}

/// What the names of an experiment's counters and observations begin with.
pub(in crate::control) fn scope_of_all(id: &str) -> String {
    format!("experiment/{id}/")
}

impl Page {
    /// What the names of its counters begin with, and the name of its observations.
    pub(super) fn scope(self, id: &str) -> String {
        format!("{}{}/{}/", scope_of_all(id), self.phase, self.slice)
    }

    /// The counters of one arm.
    pub(super) fn key(self, id: &str, arm: usize) -> String {
        format!("{}{arm}", self.scope(id))
    }

    /// The page that a name of this experiment is of.
    fn of(id: &str, name: &str) -> Option<Self> {
        let mut parts = name.strip_prefix(&scope_of_all(id))?.split('/');
        Some(Self { phase: parts.next()?.parse().ok()?, slice: parts.next()?.parse().ok()? })
    }
}

impl Control {
    /// What this process has counted or was told, and has not put away yet.
    pub(super) fn pages_here(&self, id: &str) -> BTreeSet<Page> {
        let counted = self.registry().cohort_keys(&scope_of_all(id));
        counted.iter().filter_map(|key| Page::of(id, key)).chain(self.0.book.pages(id)).collect()
    }

    /// What anybody has written.
    pub(super) async fn pages_stored(&self, id: &str) -> Result<BTreeSet<Page>, ControlError> {
        let scopes = self.0.store.observed_scopes(&scope_of_all(id)).await?;
        Ok(scopes.iter().filter_map(|scope| Page::of(id, scope)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_are_of() {
        let page = Page { phase: 2, slice: 17 };
        assert_eq!((page.scope("exp_a").as_str(), page.key("exp_a", 1).as_str()), ("experiment/exp_a/2/17/", "experiment/exp_a/2/17/1"));
        assert_eq!(Page::of("exp_a", &page.key("exp_a", 1)), Some(page));
        assert_eq!(Page::of("exp_a", &page.scope("exp_a")), Some(page));
        for foreign in ["experiment/exp_ab/2/17/1", "experiment/exp_a/2", "experiment/exp_a/keys/1", "canary/exp_a/2/17/"] {
            assert_eq!(Page::of("exp_a", foreign), None, "{foreign}");
        }
    }
}
