//! How many different units there were, in bounded memory and exactly mergeable.
//!
//! A set is a bitmap of 65 536 cells, and a unit occupies the cell that the first 16 bits of its hash name. While there are
//! few units their hashes are kept beside it, and so the count is exact; after that it is read back from the bitmap by linear
//! counting (Whang, Vander-Zanden and Taylor, 1990), with its error. Merging is union, and the hashes of a union are kept
//! or dropped by how many it has, so any number of workers, replicas and time windows may see the same units in any order.
//!
//! Called by [`super::Cohort`]. The hash must be of the window's own statistics salt: one shared with the assignment would
//! put the units of a 1 % canary into 1 % of the cells.

mod encoding;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use encoding::UnitSetFault;

/// How many cells a set has. Up to a tenth of it in units, the estimate is good to half a percent.
pub const CELLS: usize = 1 << 16;

/// How many words of 64 cells.
pub const WORDS: usize = CELLS / u64::BITS as usize;

/// So many units are counted exactly. Their hashes take as much as the bitmap does.
pub const EXACT: usize = 1 << 10;

/// A set of units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitSet {
    words: Box<[u64]>,
    /// Kept beside the bitmap so that reading it does not cost a walk over 8 KiB.
    occupied: u32,
    /// Of all units, as long as there are few and all of them are known.
    hashes: Option<BTreeSet<u64>>,
}

/// How many units a set stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitEstimate {
    pub units: f64,
    /// Of `units`, from units sharing cells alone; zero while they are counted exactly.
    pub standard_error: f64,
    /// The share of cells in use.
    pub saturation: f64,
    /// No cell is free: `units` is no more than a lower bound.
    pub saturated: bool,
}

impl Default for UnitSet {
    fn default() -> Self {
        Self { words: vec![0; WORDS].into_boxed_slice(), occupied: 0, hashes: Some(BTreeSet::new()) }
    }
}

impl Extend<u64> for UnitSet {
    fn extend<T: IntoIterator<Item = u64>>(&mut self, hashes: T) {
        hashes.into_iter().for_each(|hash| self.insert(hash));
    }
}

impl FromIterator<u64> for UnitSet {
    fn from_iter<T: IntoIterator<Item = u64>>(hashes: T) -> Self {
        let mut set = Self::default();
        set.extend(hashes);
        set
    }
}

impl UnitSet {
    /// The set with these cells, one bit each, lowest first. Of its units no more is known.
    #[must_use]
    pub fn of_words(words: Box<[u64; WORDS]>) -> Self {
        Self::of_cells(words)
    }

    fn of_cells(words: Box<[u64]>) -> Self {
        let occupied = words.iter().map(|word| word.count_ones()).sum();
        Self { words, occupied, hashes: (occupied == 0).then(BTreeSet::new) }
    }

    /// The cell of a unit with this hash.
    #[must_use]
    pub const fn cell(hash: u64) -> u16 {
        (hash >> 48) as u16
    }

    pub fn insert(&mut self, hash: u64) {
        self.occupy(Self::cell(hash));
        if let Some(hashes) = &mut self.hashes {
            hashes.insert(hash);
        }
        self.forget_many();
    }

    /// A unit of which no more is known.
    #[cfg(test)]
    fn insert_cell(&mut self, cell: u16) {
        self.occupy(cell);
        self.hashes = None;
    }

    fn occupy(&mut self, cell: u16) {
        let word = &mut self.words[usize::from(cell / 64)];
        let bit = 1 << (cell % 64);
        self.occupied += u32::from(*word & bit == 0);
        *word |= bit;
    }

    pub fn merge(&mut self, other: &Self) {
        self.combine(other, |mine, theirs| mine | theirs);
        match (&mut self.hashes, &other.hashes) {
            (Some(mine), Some(theirs)) => mine.extend(theirs),
            (mine, _) => *mine = None,
        }
        self.forget_many();
    }

    fn forget_many(&mut self) {
        self.hashes.take_if(|hashes| hashes.len() > EXACT);
    }

    /// The cells of this set that `other` does not occupy.
    ///
    /// Evidence of a later segment of a window may be multiplied with that of an earlier one only if no unit is counted in
    /// both, because a unit stays on its side.
    #[must_use]
    pub fn without(mut self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine & !theirs);
        Self::of_cells(self.words)
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
        if let Some(hashes) = &self.hashes {
            let saturation = f64::from(self.occupied) / cells;
            return UnitEstimate { units: hashes.len() as f64, standard_error: 0.0, saturation, saturated: false };
        }
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

    fn of(seed: u64, count: usize) -> UnitSet {
        hashes(seed, count).collect()
    }

    #[test]
    fn few_units_are_counted_exactly_and_many_within_three_standard_errors() {
        for (seed, count) in [(1, 0), (2, 1), (3, 1_000), (4, EXACT), (5, EXACT + 1), (6, 20_000), (7, 200_000)] {
            let estimate = of(seed, count).estimate();
            let off = (estimate.units - count as f64).abs();
            assert!(off <= 3.0 * estimate.standard_error, "seed {seed}: {count} units are estimated as {estimate:?}");
            assert_eq!(estimate.standard_error == 0.0, count <= EXACT, "seed {seed}: {count} units are estimated as {estimate:?}");
            assert!(!estimate.saturated);
        }
    }

    #[test]
    fn units_that_share_a_cell_are_told_apart_while_there_are_few() {
        let set: UnitSet = [7 << 48, 7 << 48 | 1].into_iter().collect();
        assert_eq!((set.occupied(), set.estimate().units), (1, 2.0));
    }

    #[test]
    fn a_unit_counts_once() {
        let set: UnitSet = hashes(7, 50).chain(hashes(7, 50)).collect();
        assert_eq!(set.estimate().units, 50.0);
    }

    /// Whether a union is exact depends on how many it has, not on the order in which it came about.
    #[test]
    fn a_union_is_the_set_of_all_in_any_order() {
        for (seed, each) in [(11, EXACT / 4), (12, EXACT / 2)] {
            let parts = [0, 1, 2].map(|part| of(seed + 100 * part, each));
            let whole: UnitSet = [0, 1, 2].into_iter().flat_map(|part| hashes(seed + 100 * part, each)).collect();
            for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
                let mut union = UnitSet::default();
                order.iter().for_each(|part| union.merge(&parts[*part]));
                assert_eq!(union, whole, "seed {seed}, order {order:?}");
            }
            assert_eq!(whole.hashes.is_some(), 3 * each <= EXACT);
        }
    }

    #[test]
    fn with_one_that_is_known_by_its_cells_a_union_is_an_estimate() {
        let mut union = of(21, 10);
        union.merge(&UnitSet::default());
        assert_eq!(union.estimate().standard_error, 0.0, "nothing takes nothing away");
        let mut rough = UnitSet::default();
        rough.insert_cell(3);
        union.merge(&rough);
        assert!(union.estimate().standard_error > 0.0);
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
