//! Where the requests of a canary's cohorts are counted, and what statistics read of such counters.

use std::sync::Arc;

use crate::control::documents::{CanaryDocument, Threshold};
use crate::metrics::{Cohort, CohortTotals, Latencies, Registry, UnitWords};
use crate::stats::unit_set::WORDS;
use crate::stats::{self, BUCKETS, Sums, UnitSet};

/// The cohorts whose requests are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::control) enum Watched {
    Canary,
    /// As large as the canary as long as there is room.
    Control,
    /// The rest of stable: rare errors are compared with all there is.
    Rest,
}

impl Watched {
    fn name(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::Control => "control",
            Self::Rest => "rest",
        }
    }
}

/// The counters of one cohort of the current window, one for each pair of thresholds.
pub(in crate::control) fn watched(registry: &Registry, document: &CanaryDocument, cohort: Watched) -> Vec<Arc<Cohort>> {
    let count = if cohort == Watched::Rest { 1 } else { document.frozen.latencies.len() };
    let counter = |(slot, threshold): (usize, &Threshold)| {
        registry.cohort(&format!("{}{slot}/{}", document.scope(), cohort.name()), Latencies::from(*threshold))
    };
    document.frozen.latencies.iter().take(count).enumerate().map(counter).collect()
}

/// From counters to what statistics are made of.
pub(in crate::control) fn summary(totals: &CohortTotals) -> stats::Cohort {
    let sums = |bucket: usize| {
        let group = totals.groups[bucket];
        Sums {
            requests: group.requests,
            errors: group.errors,
            over_limit: group.over_limit,
            over_reference: group.over_reference,
            latency_us: group.latency_us,
            bytes: group.bytes,
            lists: group.found.lists,
            empty: group.found.empty,
            hits: group.found.hits,
            scored: group.found.scored,
            top_score: group.found.top_score,
            refused: group.refused,
            clients_fault: group.clients_fault,
            unauthorized: group.unauthorized,
            missing: group.missing,
        }
    };
    let of_bits = |levels: &UnitWords| {
        UnitSet::of_words(levels.each_ref().map(|words| {
            let mut set = Box::new([0; WORDS]);
            set.copy_from_slice(words);
            set
        }))
    };
    let units = totals.first.as_ref().map_or_else(|| of_bits(&totals.seen), |first| first.iter().copied().collect());
    stats::Cohort::of_counts(std::array::from_fn::<_, BUCKETS, _>(sums), units, of_bits(&totals.hurt), of_bits(&totals.refused))
}
