//! Which slots belong to which variant, and how that changes when weights do.
//!
//! An allocation is a list of intervals over `0..SLOTS`. A change of weights moves exactly half the sum of |change| and
//! nobody else: whoever grows only gains slots, whoever shrinks only loses some. The stable variant gives up its lowest
//! slots and every other variant its highest, so that a plain canary always owns `[0, r)`, whatever path it took there.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SLOTS;

/// `start..end` belongs to the variant with this index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SlotInterval")]
pub struct Interval {
    pub start: u32,
    pub end: u32,
    pub variant: usize,
}

impl Interval {
    fn len(&self) -> u32 {
        self.end - self.start
    }
}

/// Ordered, gapless intervals over all slots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Interval>", into = "Vec<Interval>")]
pub struct Allocation {
    intervals: Vec<Interval>,
}

/// Why a list of intervals is not an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the intervals must follow each other from 0 to {SLOTS} without gap or overlap; at {at} they do not")]
pub struct BrokenAllocation {
    at: u32,
}

impl TryFrom<Vec<Interval>> for Allocation {
    type Error = BrokenAllocation;

    fn try_from(intervals: Vec<Interval>) -> Result<Self, BrokenAllocation> {
        let mut at = 0;
        for interval in &intervals {
            if interval.start != at || interval.end <= at {
                return Err(BrokenAllocation { at });
            }
            at = interval.end;
        }
        if at == SLOTS { Ok(Self { intervals }) } else { Err(BrokenAllocation { at }) }
    }
}

impl From<Allocation> for Vec<Interval> {
    fn from(allocation: Allocation) -> Self {
        allocation.intervals
    }
}

impl Allocation {
    /// Everything on one variant.
    #[must_use]
    pub fn whole(variant: usize) -> Self {
        Self { intervals: vec![Interval { start: 0, end: SLOTS, variant }] }
    }

    /// One variant from 0 to `low_end`, one from `high_start` to the end, and `middle` between them.
    #[must_use]
    pub fn of_ends(middle: usize, (low_end, low): (u32, usize), (high_start, high): (u32, usize)) -> Self {
        let low_end = low_end.min(SLOTS);
        let high_start = high_start.clamp(low_end, SLOTS);
        let parts = [(0..low_end, low), (low_end..high_start, middle), (high_start..SLOTS, high)];
        let interval = |(range, variant): (Range<u32>, usize)| Interval { start: range.start, end: range.end, variant };
        Self { intervals: parts.into_iter().filter(|(range, _)| !range.is_empty()).map(interval).collect() }
    }

    /// The allocation of a route that starts with these weights.
    #[must_use]
    pub fn fresh(weights: &[f64], stable: usize) -> Self {
        Self::whole(stable).reweighted(weights, stable)
    }

    #[must_use]
    pub fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// The variant that owns `slot`.
    #[must_use]
    pub fn owner(&self, slot: u32) -> usize {
        let after = self.intervals.partition_point(|interval| interval.start <= slot);
        self.intervals[after.saturating_sub(1)].variant
    }

    /// How many slots a variant owns.
    #[must_use]
    pub fn size(&self, variant: usize) -> u32 {
        self.intervals.iter().filter(|interval| interval.variant == variant).map(Interval::len).sum()
    }

    /// The same units under new weights, moving as few of them as the weights allow.
    #[must_use]
    pub fn reweighted(&self, weights: &[f64], stable: usize) -> Self {
        let quotas = quotas(weights, stable);
        let mut kept = Vec::with_capacity(self.intervals.len() + quotas.len());
        let mut free = Vec::new();
        for variant in self.variants() {
            let quota = quotas.get(variant).copied().unwrap_or(0);
            self.split(variant, quota, variant == stable, &mut kept, &mut free);
        }
        free.sort_unstable_by_key(|interval: &Interval| interval.start);
        let missing = quotas.iter().enumerate().map(|(variant, &quota)| (variant, quota.saturating_sub(self.size(variant))));
        hand_out(&free, missing, &mut kept);
        kept.sort_unstable_by_key(|interval| interval.start);
        Self { intervals: merged(kept) }
    }

    /// The same slots with variants renumbered; those without a new number go to `fallback`.
    #[must_use]
    pub fn renumbered(&self, number: impl Fn(usize) -> Option<usize>, fallback: usize) -> Self {
        let renamed = self.intervals.iter().map(|interval| Interval { variant: number(interval.variant).unwrap_or(fallback), ..*interval });
        Self { intervals: merged(renamed.collect()) }
    }

    fn variants(&self) -> Vec<usize> {
        let mut variants: Vec<usize> = self.intervals.iter().map(|interval| interval.variant).collect();
        variants.sort_unstable();
        variants.dedup();
        variants
    }

    /// Keeps `quota` slots of `variant` and frees the rest: the lowest when `from_low`, else the highest.
    fn split(&self, variant: usize, quota: u32, from_low: bool, kept: &mut Vec<Interval>, free: &mut Vec<Interval>) {
        let own = self.intervals.iter().filter(|interval| interval.variant == variant).copied();
        let own: Vec<Interval> = if from_low { own.rev().collect() } else { own.collect() };
        let mut left = quota;
        for interval in own {
            let keep = left.min(interval.len());
            left -= keep;
            let (stay, go) = if from_low {
                let cut = interval.end - keep;
                (Interval { start: cut, ..interval }, Interval { end: cut, ..interval })
            } else {
                let cut = interval.start + keep;
                (Interval { end: cut, ..interval }, Interval { start: cut, ..interval })
            };
            kept.extend((stay.len() > 0).then_some(stay));
            free.extend((go.len() > 0).then_some(go));
        }
    }
}

/// Gives the freed slots, lowest first, to the variants that miss some, in their order.
fn hand_out(free: &[Interval], missing: impl Iterator<Item = (usize, u32)>, kept: &mut Vec<Interval>) {
    let mut free = free.iter().copied();
    let mut current = free.next();
    for (variant, mut wanted) in missing {
        while wanted > 0 {
            let Some(interval) = current else { return };
            let take = wanted.min(interval.len());
            let cut = interval.start + take;
            kept.push(Interval { start: interval.start, end: cut, variant });
            wanted -= take;
            current = if cut < interval.end { Some(Interval { start: cut, ..interval }) } else { free.next() };
        }
    }
}

/// Whole slots per variant: largest remainders, with what rounding leaves over going to the stable variant first.
fn quotas(weights: &[f64], stable: usize) -> Vec<u32> {
    let sum: f64 = weights.iter().sum();
    let mut quotas: Vec<u32> = weights.iter().map(|weight| whole_slots(*weight / sum)).collect();
    let others: u32 = quotas.iter().enumerate().filter(|(variant, _)| *variant != stable).map(|(_, quota)| *quota).sum();
    if weights.get(stable).is_some_and(|weight| *weight > 0.0) {
        quotas[stable] = SLOTS.saturating_sub(others);
        return quotas;
    }
    // Without a share for stable the remainder goes to the largest, so that a zero weight really means nobody.
    if let Some(largest) = (0..quotas.len()).max_by(|a, b| weights[*a].total_cmp(&weights[*b])) {
        quotas[largest] = quotas[largest].saturating_add(SLOTS.saturating_sub(others)).min(SLOTS);
    }
    quotas
}

/// A share in slots, rounded down so that the sum never exceeds the whole; a nonzero share keeps at least one slot.
fn whole_slots(share: f64) -> u32 {
    // The epsilon undoes the binary rounding of decimal shares: 5 of 100 is 50 000 slots, not 49 999.
    let exact = share * f64::from(SLOTS) + 1e-6;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares are checked to lie in 0..=1")]
    let slots = exact.clamp(0.0, f64::from(SLOTS)) as u32;
    if share > 0.0 { slots.max(1) } else { 0 }
}

fn merged(intervals: Vec<Interval>) -> Vec<Interval> {
    let mut merged: Vec<Interval> = Vec::with_capacity(intervals.len());
    for interval in intervals {
        match merged.last_mut() {
            Some(last) if last.variant == interval.variant && last.end == interval.start => last.end = interval.end,
            _ => merged.push(interval),
        }
    }
    merged
}
