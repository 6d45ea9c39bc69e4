//! What a replica has counted, as it is stored: one row for each replica, and one for all that have ended long ago.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metrics::Registry;
use crate::rollout::Timestamp;
use crate::rollout::loss::{Counted, Gap, Tally};

/// Where the rows are.
pub(super) const SCOPE: &str = "writes";
/// Instead of a replica's name, in the row of those that have ended.
pub(super) const ENDED: &str = "ended";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Report {
    /// By upstream and collection.
    writes: BTreeMap<String, BTreeMap<String, Tally>>,
    /// The replica ended in order: nothing is missing.
    #[serde(default)]
    pub(super) closed: bool,
    /// In the row of the ended: when the latest of them reported that did not end in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gap: Option<Timestamp>,
}

impl Report {
    /// What this process has counted.
    pub(super) fn here(registry: &Registry, closed: bool) -> Self {
        let mut report = Self { closed, ..Self::default() };
        for usage in registry.usage() {
            let (acknowledged, unknown) = usage.writes();
            let tally = Tally { acknowledged, unknown };
            if !tally.is_zero() {
                report.writes.entry(usage.upstream.to_string()).or_default().insert(usage.collection.to_string(), tally);
            }
        }
        report
    }

    /// Adds it to what all have counted. `lost_since` is when the replica reported last, if it is silent now.
    pub(super) fn add_to(&self, counted: &mut Counted, lost_since: Option<Timestamp>) {
        for (upstream, collections) in &self.writes {
            for (collection, tally) in collections {
                counted.add(upstream, collection, *tally);
            }
        }
        let silent = lost_since.filter(|_| !self.closed);
        silent.into_iter().chain(self.gap).for_each(|at| counted.gap(Gap { at }));
    }

    /// Takes in the row of a replica that has ended, whose last report was made at `at`.
    pub(super) fn fold(&mut self, ended: Self, at: Timestamp) {
        for (upstream, collections) in ended.writes {
            let into = self.writes.entry(upstream).or_default();
            for (collection, tally) in collections {
                let total = into.entry(collection).or_default();
                *total = total.plus(tally);
            }
        }
        self.gap = self.gap.into_iter().chain(ended.gap).chain((!ended.closed).then_some(at)).max();
        self.closed = true;
    }

    /// Forgets collections that are gone, so that names do not pile up.
    pub(super) fn retain(&mut self, keep: impl Fn(&str, &str) -> bool) {
        for (upstream, collections) in &mut self.writes {
            collections.retain(|collection, _| keep(upstream, collection));
        }
        self.writes.retain(|_, collections| !collections.is_empty());
    }
}
