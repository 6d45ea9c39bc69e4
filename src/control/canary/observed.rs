//! What one replica has counted in one window, and what all of them have together.
//!
//! Each replica writes its own under its own key; adding them up is exact, whatever the order and however often a replica
//! was restarted (a process that starts anew has a new key).

use serde::{Deserialize, Serialize};

use crate::control::documents::CanaryDocument;
use crate::control::table::{Watched, summary, watched};
use crate::metrics::{CohortTotals, Registry, Snapshot};
use crate::rollout::CohortNumbers;
use crate::stats::Cohort;

/// One cohort, for every pair of thresholds, and the latencies of its answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Side {
    pub(super) cohorts: Vec<Cohort>,
    latencies: Vec<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Observed {
    pub(super) canary: Side,
    pub(super) control: Side,
    pub(super) rest: Side,
}

impl Observed {
    /// What this process has counted.
    pub(super) fn here(registry: &Registry, document: &CanaryDocument) -> Self {
        let side = |cohort| {
            let totals: Vec<CohortTotals> = watched(registry, document, cohort).iter().map(|cohort| cohort.totals()).collect();
            Side::of(&totals)
        };
        Self { canary: side(Watched::Canary), control: side(Watched::Control), rest: side(Watched::Rest) }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.canary.add(&other.canary);
        self.control.add(&other.control);
        self.rest.add(&other.rest);
    }

    /// All of stable: whatever is not the canary.
    pub(super) fn stable(&self) -> Option<Cohort> {
        let mut all = self.control.cohorts.first()?.clone();
        self.rest.cohorts.first().into_iter().for_each(|rest| all.merge(rest));
        Some(all)
    }
}

impl Side {
    fn of(totals: &[CohortTotals]) -> Self {
        let latencies = totals.first().map(|first| first.total.buckets.clone()).unwrap_or_default();
        Self { cohorts: totals.iter().map(summary).collect(), latencies }
    }

    fn add(&mut self, other: &Self) {
        self.cohorts.resize_with(self.cohorts.len().max(other.cohorts.len()), Cohort::default);
        self.cohorts.iter_mut().zip(&other.cohorts).for_each(|(mine, theirs)| mine.merge(theirs));
        self.latencies.resize(self.latencies.len().max(other.latencies.len()), 0);
        self.latencies.iter_mut().zip(&other.latencies).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// What people are shown of it.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub(super) fn numbers(&self) -> CohortNumbers {
        let Some(cohort) = self.cohorts.first() else { return CohortNumbers::default() };
        let totals = cohort.totals();
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let quantile = |q: f64| self.quantile(q).map(|microseconds| microseconds / 1000.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate of a count is not negative")]
        let units = cohort.units().estimate().units.round() as u64;
        CohortNumbers {
            requests: totals.requests,
            units,
            error_rate: share(totals.errors, totals.requests),
            client_errors: totals.all_refused(),
            client_error_rate: share(totals.refused, totals.asked()),
            client_error_statuses: totals.refused_with(),
            avg_latency_ms: share(totals.latency_us, totals.answered()).map(|microseconds| microseconds / 1000.0),
            latency_p50_ms: quantile(0.50),
            latency_p95_ms: quantile(0.95),
            latency_p99_ms: quantile(0.99),
            empty_rate: share(totals.empty, totals.lists),
            avg_results: share(totals.hits, totals.lists),
            avg_top_score: (totals.scored > 0).then(|| totals.top_score as f64 / totals.scored as f64 / 1e6),
        }
    }

    /// A quantile of the latencies in microseconds.
    pub(super) fn quantile(&self, q: f64) -> Option<f64> {
        Snapshot { buckets: self.latencies.clone(), sum_us: 0 }.quantile(q)
    }
}
