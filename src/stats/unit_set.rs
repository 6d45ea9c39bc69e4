//! How many different units there were, in bounded memory and exactly mergeable.
//!
//! While there are few units their hashes are kept, and so the count is exact. After that it is read back from bitmaps of
//! 65 536 cells by linear counting (Whang, Vander-Zanden and Taylor, 1990), with its error. One bitmap would be full at half a
//! million units, so there are three: of all units, of one in sixteen and of one in 256, as their hashes choose (a
//! multiresolution bitmap, Estan, Varghese and Fisk, 2003), and the first with room left is asked.
//!
//! Merging is union, and the hashes of a union are kept or dropped by how many it has, so any number of workers, replicas and
//! time windows may see the same units in any order.
//!
//! Called by [`super::Cohort`]. The hash must be of the window's own statistics salt: one shared with the assignment would
//! put the units of a 1 % canary into 1 % of the cells.

mod bitmap;
mod encoding;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use bitmap::Bitmap;
pub use bitmap::{CELLS, WORDS};
pub use encoding::UnitSetFault;

/// How many bitmaps.
pub const LEVELS: usize = 3;
/// Each has one in so many of the units of the one before it.
const THINNER: u32 = 16;

/// So many units are counted exactly. Their hashes take as much as a bitmap does.
pub const EXACT: usize = 1 << 10;

/// A set of units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitSet {
    levels: [Bitmap; LEVELS],
    units: Known,
}

/// Whether all units are known by their hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    All(BTreeSet<u64>),
    NotAll,
}

impl Default for Known {
    fn default() -> Self {
        Self::All(BTreeSet::new())
    }
}

/// How many units a set stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitEstimate {
    pub units: f64,
    /// Of `units`, from units that share cells and from units that were left out; zero while they are counted exactly.
    pub standard_error: f64,
    /// No cell is free: `units` is no more than a lower bound.
    pub saturated: bool,
}

impl UnitEstimate {
    /// So many, and no doubt about it.
    #[must_use]
    pub const fn exactly(units: f64) -> Self {
        Self { units, standard_error: 0.0, saturated: false }
    }
}

impl FromIterator<u64> for UnitSet {
    fn from_iter<T: IntoIterator<Item = u64>>(hashes: T) -> Self {
        let mut set = Self::default();
        hashes.into_iter().for_each(|hash| set.insert(hash));
        set
    }
}

impl UnitSet {
    /// The set with these cells in each level, one bit each, lowest first. Of its units no more is known.
    #[must_use]
    pub fn of_words(levels: [Box<[u64; WORDS]>; LEVELS]) -> Self {
        Self::of_levels(levels.map(Bitmap::of_words))
    }

    fn of_levels(levels: [Bitmap; LEVELS]) -> Self {
        let units = if levels[0].occupied() == 0 { Known::default() } else { Known::NotAll };
        Self { levels, units }
    }

    /// The cell of a unit with this hash, in every level that has it.
    #[must_use]
    pub const fn cell(hash: u64) -> u16 {
        (hash >> 48) as u16
    }

    /// How many levels have a unit with this hash, by bits that neither its cell nor its bucket is named by.
    #[must_use]
    pub const fn depth(hash: u64) -> usize {
        let depth = 1 + ((hash >> 16) as u32).trailing_zeros() / THINNER.ilog2();
        if depth as usize > LEVELS { LEVELS } else { depth as usize }
    }

    pub fn insert(&mut self, hash: u64) {
        let depth = Self::depth(hash);
        self.levels[..depth].iter_mut().for_each(|level| level.insert(Self::cell(hash)));
        if let Known::All(units) = &mut self.units {
            units.insert(hash);
        }
        self.forget_many();
    }

    pub fn merge(&mut self, other: &Self) {
        self.levels.iter_mut().zip(&other.levels).for_each(|(mine, theirs)| mine.combine(theirs, |mine, theirs| mine | theirs));
        match (&mut self.units, &other.units) {
            (Known::All(mine), Known::All(theirs)) => mine.extend(theirs),
            (mine, _) => *mine = Known::NotAll,
        }
        self.forget_many();
    }

    fn forget_many(&mut self) {
        if matches!(&self.units, Known::All(units) if units.len() > EXACT) {
            self.units = Known::NotAll;
        }
    }

    /// The cells of this set that `other` does not occupy.
    ///
    /// Evidence of a later segment of a window may be multiplied with that of an earlier one only if no unit is counted in
    /// both, because a unit stays on its side.
    #[must_use]
    pub fn without(mut self, other: &Self) -> Self {
        self.levels.iter_mut().zip(&other.levels).for_each(|(mine, theirs)| mine.combine(theirs, |mine, theirs| mine & !theirs));
        Self::of_levels(self.levels)
    }

    /// How many ordered pairs of different units have hashes with the same remainder: counted while all hashes are known, else
    /// expected.
    #[must_use]
    pub fn pairs_by_remainder(&self, divisor: usize) -> f64 {
        let Known::All(units) = &self.units else {
            let units = self.estimate().units;
            return units * (units - 1.0).max(0.0) / divisor as f64;
        };
        let mut sizes = vec![0_u32; divisor];
        #[expect(clippy::cast_possible_truncation, reason = "a remainder is below the divisor")]
        units.iter().for_each(|unit| sizes[(unit % divisor as u64) as usize] += 1);
        sizes.into_iter().map(|size| f64::from(size) * f64::from(size.saturating_sub(1))).sum()
    }

    /// How many cells are occupied: never more than there are units.
    #[must_use]
    pub const fn occupied(&self) -> u32 {
        self.levels[0].occupied()
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.occupied() == 0
    }

    #[must_use]
    pub fn estimate(&self) -> UnitEstimate {
        if let Known::All(units) = &self.units {
            return UnitEstimate::exactly(units.len() as f64);
        }
        let level = self.levels.iter().position(Bitmap::has_room).unwrap_or(LEVELS - 1);
        self.levels[level].estimate(THINNER.pow(level as u32))
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
        let few = [(1, 0), (2, 1), (3, 1_000), (4, EXACT), (5, EXACT + 1)];
        let many = [(6, 20_000), (7, 200_000), (8, 350_000), (9, 600_000), (10, 3_000_000)];
        for (seed, count) in few.into_iter().chain(many) {
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
            assert_eq!(whole.estimate().standard_error == 0.0, 3 * each <= EXACT);
        }
    }

    /// Cells that units of no more than the first level occupy.
    fn rough(cells: impl IntoIterator<Item = u16>) -> UnitSet {
        let mut level = Bitmap::default();
        cells.into_iter().for_each(|cell| level.insert(cell));
        UnitSet::of_levels([level, Bitmap::default(), Bitmap::default()])
    }

    #[test]
    fn with_one_that_is_known_by_its_cells_a_union_is_an_estimate() {
        let mut union = of(21, 10);
        union.merge(&UnitSet::default());
        assert_eq!(union.estimate().standard_error, 0.0, "nothing takes nothing away");
        union.merge(&rough([3]));
        assert!(union.estimate().standard_error > 0.0);
    }

    #[test]
    fn the_error_it_admits_is_the_error_it_makes() {
        for count in [5_000, 300_000, 1_000_000] {
            let errors = (0..30).map(|seed| {
                let estimate = of(1_000 + seed, count).estimate();
                ((estimate.units - count as f64) / estimate.standard_error).powi(2)
            });
            let mean = errors.sum::<f64>() / 30.0;
            assert!((0.4..1.8).contains(&mean), "{count} units: squared errors are {mean} times what was admitted");
        }
    }

    #[test]
    fn one_in_sixteen_goes_deeper_and_one_in_sixteen_of_those() {
        let mut levels = [0_u32; LEVELS];
        hashes(31, 100_000).for_each(|hash| levels[..UnitSet::depth(hash)].iter_mut().for_each(|level| *level += 1));
        assert_eq!(levels[0], 100_000);
        assert!((6_000..6_500).contains(&levels[1]) && (330..450).contains(&levels[2]), "{levels:?}");
    }

    #[test]
    fn a_full_set_says_that_it_is_full() {
        let full = || {
            let mut level = Bitmap::default();
            (0..=u16::MAX).for_each(|cell| level.insert(cell));
            level
        };
        let estimate = UnitSet::of_levels([full(), full(), full()]).estimate();
        assert!(estimate.saturated && estimate.units.is_finite() && estimate.standard_error.is_finite());
        let estimate = UnitSet::of_levels([full(), full(), of(41, 10).levels[0].clone()]).estimate();
        assert!(!estimate.saturated, "one level knows");
    }

    #[test]
    fn what_an_earlier_segment_has_seen_can_be_taken_out() {
        let fresh = rough([3, 65_535]).without(&rough([3]));
        assert_eq!(fresh, rough([65_535]));
        assert_eq!(fresh.occupied(), 1);
    }
}
