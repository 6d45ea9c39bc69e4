//! Under which names things are counted: one page for what belongs to a phase and was counted in a slice of time.
//!
//! Counters, reported values and observations in the store all bear these names, so each is found by its beginning.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::control) struct Page {
    pub(in crate::control) phase: u32,
    pub(in crate::control) slice: u32,
}

/// What the names begin with under which idempotency keys are kept; none of them is a page's.
pub(in crate::control) fn scope_of_keys(id: &str) -> String {
    format!("{}keys/", scope_of_experiment(id))
}

/// What the names of an experiment's counters and observations begin with.
pub(in crate::control) fn scope_of_experiment(id: &str) -> String {
    format!("experiment/{id}/")
}

/// Where requests of an arm are counted that both arms were asked for.
pub(in crate::control) fn key_of_pairs(key: &str) -> String {
    format!("{key}/pairs")
}

impl Page {
    /// What the names of its counters begin with, and the name of its observations.
    pub(in crate::control) fn scope(self, id: &str) -> String {
        format!("{}{}/{}/", scope_of_experiment(id), self.phase, self.slice)
    }

    /// The counters of one arm.
    pub(in crate::control) fn key(self, id: &str, arm: usize) -> String {
        format!("{}{arm}", self.scope(id))
    }

    /// The page that a name of this experiment is of.
    pub(in crate::control) fn of(id: &str, name: &str) -> Option<Self> {
        let mut parts = name.strip_prefix(&scope_of_experiment(id))?.split('/');
        Some(Self { phase: parts.next()?.parse().ok()?, slice: parts.next()?.parse().ok()? })
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
