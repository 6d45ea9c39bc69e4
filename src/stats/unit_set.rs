//! How many different units there were, in a fixed 8 KiB and exactly mergeable.
//!
//! Units are never stored: a set is a bitmap of 65 536 cells, and a unit occupies the cell that the first 16 bits of its
//! hash name. Merging is bitwise or, so any number of workers, replicas and time windows may see the same units in any
//! order. The count is read back by linear counting (Whang, Vander-Zanden and Taylor, 1990).
//!
//! Called by [`super::Cohort`]. The hash must be of the window's own statistics salt: one shared with the assignment would
//! put the units of a 1 % canary into 1 % of the cells.

mod encoding;

use serde::{Deserialize, Serialize};

pub use encoding::UnitSetFault;

/// How many cells a set has. Up to a tenth of it in units, the estimate is good to half a percent.
pub const CELLS: usize = 1 << 16;

/// How many words of 64 cells.
pub const WORDS: usize = CELLS / u64::BITS as usize;

/// A set of units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitSet {
    words: Box<[u64]>,
    /// Kept beside the bitmap so that reading it does not cost a walk over 8 KiB.
    occupied: u32,
}

/// How many units a set stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitEstimate {
    pub units: f64,
    /// Of `units`, from units sharing cells alone.
    pub standard_error: f64,
    /// The share of cells in use. While it is small the count is exact but for a few collisions.
    pub saturation: f64,
    /// No cell is free: `units` is no more than a lower bound.
    pub saturated: bool,
}

impl Default for UnitSet {
    fn default() -> Self {
        Self { words: vec![0; WORDS].into_boxed_slice(), occupied: 0 }
    }
}

impl UnitSet {
    /// The set with these cells, one bit each, lowest first.
    #[must_use]
    pub fn of_words(words: [u64; WORDS]) -> Self {
        let occupied = words.iter().map(|word| word.count_ones()).sum();
        Self { words: Box::new(words), occupied }
    }

    /// The cell of a unit with this hash.
    #[must_use]
    pub const fn cell(hash: u64) -> u16 {
        (hash >> 48) as u16
    }

    pub fn insert(&mut self, hash: u64) {
        self.insert_cell(Self::cell(hash));
    }

    pub fn insert_cell(&mut self, cell: u16) {
        let word = &mut self.words[usize::from(cell / 64)];
        let bit = 1 << (cell % 64);
        self.occupied += u32::from(*word & bit == 0);
        *word |= bit;
    }

    pub fn merge(&mut self, other: &Self) {
        self.combine(other, |mine, theirs| mine | theirs);
    }

    /// The cells of this set that `other` does not occupy.
    ///
    /// Evidence of a later segment of a window may be multiplied with that of an earlier one only if no unit is counted in
    /// both, because a unit stays on its side.
    #[must_use]
    pub fn without(mut self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine & !theirs);
        self
    }

    fn combine(&mut self, other: &Self, each: impl Fn(u64, u64) -> u64) {
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            *mine = each(*mine, *theirs);
        }
        self.occupied = self.words.iter().map(|word| word.count_ones()).sum();
    }

    /// How many cells are occupied: never more than there are units.
    #[must_use]
    pub const fn occupied(&self) -> u32 {
        self.occupied
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.occupied == 0
    }

    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "cells are counted to 65 536")]
    pub fn estimate(&self) -> UnitEstimate {
        let cells = CELLS as f64;
        let saturated = self.occupied as usize == CELLS;
        // A full set says only that there were at least as many as usually leave one cell free.
        let free = if saturated { 1.0 } else { cells - f64::from(self.occupied) };
        let load = (cells / free).ln();
        UnitEstimate {
            units: cells * load,
            standard_error: (cells * (load.exp() - load - 1.0)).max(0.0).sqrt(),
            saturation: f64::from(self.occupied) / cells,
            saturated,
        }
    }

    /// The occupied cells, ascending.
    fn cells(&self) -> impl Iterator<Item = u16> + '_ {
        let occupied = |cell: &u16| self.words[usize::from(cell / 64)] & (1 << (cell % 64)) != 0;
        (0..=u16::MAX).filter(occupied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(seed: u64, count: usize) -> impl Iterator<Item = u64> {
        let mut random = fastrand::Rng::with_seed(seed);
        std::iter::repeat_with(move || random.u64(..)).take(count)
    }

    #[test]
    fn few_units_are_counted_exactly_and_many_within_three_standard_errors() {
        for (seed, count) in [(1, 1), (2, 30), (3, 1_000), (4, 20_000), (5, 200_000)] {
            let mut set = UnitSet::default();
            hashes(seed, count).for_each(|hash| set.insert(hash));
            let estimate = set.estimate();
            let off = (estimate.units - f64::from(u32::try_from(count).expect("small"))).abs();
            assert!(off <= 3.0 * estimate.standard_error + 0.5, "seed {seed}: {count} units are estimated as {estimate:?}");
            assert!(!estimate.saturated);
        }
    }

    #[test]
    fn a_unit_counts_once() {
        let mut set = UnitSet::default();
        for hash in hashes(7, 50).chain(hashes(7, 50)) {
            set.insert(hash);
        }
        assert_eq!(set.estimate().units.round(), 50.0);
    }

    #[test]
    fn a_full_set_says_that_it_is_full() {
        let mut set = UnitSet::default();
        (0..=u16::MAX).for_each(|cell| set.insert_cell(cell));
        let estimate = set.estimate();
        assert!(estimate.saturated && estimate.saturation >= 1.0);
        assert!(estimate.units.is_finite() && estimate.standard_error.is_finite());
    }

    #[test]
    fn what_an_earlier_segment_has_seen_can_be_taken_out() {
        let [mut early, mut late] = [UnitSet::default(), UnitSet::default()];
        early.insert_cell(3);
        late.insert_cell(3);
        late.insert_cell(65_535);
        let fresh = late.without(&early);
        assert_eq!(fresh.cells().collect::<Vec<_>>(), [65_535]);
        assert_eq!(fresh.occupied(), 1);
    }
}
