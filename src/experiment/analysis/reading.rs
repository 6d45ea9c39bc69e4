//! One metric of one arm.

use super::Bounds;
use crate::experiment::metric::{Automatic, MetricKind, MetricSpec};
use crate::experiment::seen::ArmSeen;
use crate::stats::inference::cuped::Cell;
use crate::stats::inference::fixed::Sample;
use crate::stats::inference::quantile::{Grid, Quantile};
use crate::stats::{Ratio, Sums};

const US_PER_MS: f64 = 1_000.0;
const MILLIONTHS: f64 = 1e6;

/// What was seen of one metric in one arm.
#[derive(Clone, Debug)]
pub(super) enum Reading {
    Mean(Mean),
    Quantile(Quantile),
}

#[derive(Clone, Debug)]
pub(super) struct Mean {
    pub(super) ratio: Ratio,
    /// The sums of each statistics bucket.
    pub(super) cells: Vec<(f64, f64)>,
    /// How many values.
    pub(super) samples: u64,
    /// The spread of single values, where it is known.
    pub(super) values: Option<Sample>,
    /// What a value is, where that says more than that it is a number.
    pub(super) kind: Option<MetricKind>,
    pub(super) percentiles: Option<[f64; 3]>,
}

impl Mean {
    /// Every value is 0 or 1.
    pub(super) fn is_share(&self) -> bool {
        self.kind == Some(MetricKind::Binary)
    }

    pub(super) fn is_count(&self) -> bool {
        self.kind == Some(MetricKind::Count)
    }

    /// Of all values: of a share, how many are 1.
    pub(super) fn sum(&self) -> f64 {
        self.ratio.value * self.ratio.denominator
    }
}

/// None where nothing, or too little to say anything of, was seen.
pub(super) fn automatic(metric: Automatic, seen: &ArmSeen, bounds: Bounds<'_>) -> Option<Reading> {
    if let Some(q) = metric.quantile() {
        let mut groups = seen.latencies.clone();
        groups.iter_mut().for_each(|group| group.resize(bounds.len().saturating_sub(1), 0));
        return Grid { groups: &groups, bounds }.quantile(q).map(Reading::Quantile);
    }
    let cohort = if metric == Automatic::PairedErrorRate { seen.paired.as_ref()? } else { &seen.cohort };
    let sums = cohort.totals();
    let read = |cell: fn(&Sums) -> (f64, u64)| -> Vec<(f64, f64)> {
        cohort.buckets().iter().map(cell).map(|(above, below)| (above, below as f64)).collect()
    };
    let (cells, samples, share) = match metric {
        Automatic::LatencyMs => (read(|sums| (sums.latency_us as f64 / US_PER_MS, sums.answered())), sums.answered(), false),
        Automatic::ErrorRate | Automatic::PairedErrorRate => {
            // What an arm refuses is no service either, and where it is the client's fault both arms refuse as much.
            (read(|sums| ((sums.errors + sums.refused) as f64, sums.asked())), sums.asked(), true)
        }
        Automatic::EmptyRate => (read(|sums| (sums.empty as f64, sums.lists)), sums.lists, true),
        Automatic::ResultCount => (read(|sums| (sums.hits as f64, sums.lists)), sums.lists, false),
        Automatic::TopScore => (read(|sums| (sums.top_score as f64 / MILLIONTHS, sums.scored)), sums.scored, false),
        Automatic::Bytes => {
            let samples = seen.cohort.buckets().iter().map(weighed).sum();
            (read(|sums| (sums.bytes as f64, weighed(sums))), samples, false)
        }
        Automatic::LatencyP50Ms | Automatic::LatencyP95Ms | Automatic::LatencyP99Ms => return None,
    };
    let ratio = Ratio::of_sums(cells.iter().copied())?;
    let values = match metric {
        Automatic::LatencyMs => of_grid(&seen.latencies, bounds),
        _ if share => Some(of_share(ratio.value, samples)),
        _ => None,
    };
    mean(ratio, cells, (samples, values, share.then_some(MetricKind::Binary)), None, seen)
}

/// Answers whose bytes are known: they have bodies, so a bucket without a byte is of before bytes were counted.
const fn weighed(sums: &Sums) -> u64 {
    if sums.bytes > 0 { sums.answered() } else { 0 }
}

/// None where nothing was reported, or from one bucket only.
pub(super) fn reported(metric: &MetricSpec, seen: &ArmSeen) -> Option<Reading> {
    let values = seen.values.get(&metric.name)?;
    let cells: Vec<(f64, f64)> = values.buckets().iter().map(|moments| (moments.sum(), moments.below)).collect();
    let ratio = Ratio::of_sums(cells.iter().copied())?;
    let is = |kind| metric.kind == Some(kind);
    let single = values.sample().filter(|_| !is(MetricKind::Ratio));
    let percentiles = [0.5, 0.95, 0.99].map(|q| values.quantile(q));
    let percentiles = match percentiles {
        [Some(p50), Some(p95), Some(p99)] if !is(MetricKind::Binary) => Some([p50, p95, p99]),
        _ => None,
    };
    mean(ratio, cells, (values.total().count, single, metric.kind), percentiles, seen)
}

fn mean(
    ratio: Ratio,
    cells: Vec<(f64, f64)>,
    (samples, values, kind): (u64, Option<Sample>, Option<MetricKind>),
    percentiles: Option<[f64; 3]>,
    seen: &ArmSeen,
) -> Option<Reading> {
    let share = kind == Some(MetricKind::Binary);
    let ratio = if share { ratio.as_share(seen.units().units.max(1.0)) } else { ratio };
    Some(Reading::Mean(Mean { ratio, cells, samples, values, kind, percentiles }))
}

/// The buckets with what they were before the split, for taking that out.
pub(super) fn with_baseline(now: &Mean, before: &Mean) -> Vec<Cell> {
    let pairs = now.cells.iter().zip(&before.cells);
    pairs.map(|((above, below), before)| Cell { above: *above, below: *below, before: *before }).collect()
}

fn of_share(share: f64, samples: u64) -> Sample {
    Sample { count: samples as f64, mean: share, variance: share * (1.0 - share) }
}

/// From the middles of the cells, which are an eighth wide at most.
fn of_grid(groups: &[Vec<u64>], bounds: Bounds<'_>) -> Option<Sample> {
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for (cell, inside) in groups.iter().flat_map(|group| group.iter().enumerate()).filter(|(_, inside)| **inside > 0) {
        let (inside, middle) = (*inside as f64, f64::midpoint(*bounds.get(cell)?, *bounds.get(cell + 1)?));
        count += inside;
        sum += inside * middle;
        squares += inside * middle * middle;
    }
    (count > 1.0).then(|| Sample { count, mean: sum / count, variance: ((squares - sum * sum / count) / (count - 1.0)).max(0.0) })
}
