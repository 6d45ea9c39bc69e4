//! What is mirrored, by alias.

use prometheus::proto::MetricFamily;

use super::family::Family;
use crate::metrics::Registry;

pub(super) fn collect(registry: &Registry) -> Vec<MetricFamily> {
    let mut mirrored = Family::counter("shadow_mirrored_total", "Questions handed over to be asked of a shadow as well.");
    let mut dropped = Family::counter("shadow_dropped_total", "Questions that should have been compared and were not, by reason.");
    let mut comparisons = Family::counter("shadow_comparisons_total", "Lists of hits of a shadow that were compared.");
    let mut failed = Family::counter("shadow_failed_total", "Questions that a shadow answered with an error, or not in time.");
    for series in registry.shadows() {
        let labels = [("alias", &*series.alias)];
        let counters = series.counters();
        mirrored.add(&labels, counters.mirrored);
        comparisons.add(&labels, series.comparisons());
        failed.add(&labels, series.failed());
        for (why, times) in &counters.dropped {
            dropped.add(&[labels[0], ("reason", why.label())], *times);
        }
    }
    [mirrored, dropped, comparisons, failed].into_iter().map(Family::build).collect()
}
