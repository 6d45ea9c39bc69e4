//! The different units that one worker has seen, without knowing who they are: a [`UnitSet`] that one writes and others read.

use std::collections::BTreeSet;

use super::cell::Cell;
use crate::stats::UnitSet;
use crate::stats::unit_set::{EXACT, LEVELS, WORDS};

/// Half of them stay free, so that a place is found within a few steps.
const PLACES: usize = 2 * EXACT;

/// The words of each level.
pub type UnitWords = [Vec<u64>; LEVELS];

/// A bit a unit, in every level that has it.
#[derive(Debug)]
pub(super) struct UnitBits([Box<[Cell]>; LEVELS]);

impl Default for UnitBits {
    fn default() -> Self {
        Self(std::array::from_fn(|_| std::iter::repeat_with(Cell::default).take(WORDS).collect()))
    }
}

impl UnitBits {
    pub(super) fn insert(&self, unit: u64) {
        let place = usize::from(UnitSet::cell(unit));
        self.0[..UnitSet::depth(unit)].iter().for_each(|level| level[place / 64].set(1 << (place % 64)));
    }

    pub(super) fn add_to(&self, levels: &mut UnitWords) {
        for (words, level) in levels.iter_mut().zip(&self.0) {
            words.iter_mut().zip(level).for_each(|(word, cell)| *word |= cell.get());
        }
    }
}

pub(super) fn no_units() -> UnitWords {
    std::array::from_fn(|_| vec![0; WORDS])
}

/// The hashes of the first units, in a table of open addressing: one writer, any number of readers, and no lock.
#[derive(Debug)]
pub(super) struct FirstUnits {
    /// Zero is a free place.
    places: Box<[Cell]>,
    /// How many are taken. More than [`EXACT`] says that there were more, and that this is not all of them.
    taken: Cell,
}

impl Default for FirstUnits {
    fn default() -> Self {
        Self { places: std::iter::repeat_with(Cell::default).take(PLACES).collect(), taken: Cell::default() }
    }
}

impl FirstUnits {
    pub(super) fn insert(&self, unit: u64) {
        if !self.all() {
            return;
        }
        // A hash of zero would look like a free place; one in 2^64 takes its neighbour's.
        let unit = unit.max(1);
        let begin = first_place(unit);
        let mut places = self.places[begin..].iter().chain(&self.places[..begin]);
        let Some(place) = places.find(|place| [0, unit].contains(&place.get())) else { return };
        if place.get() == 0 {
            self.taken.add(1);
            if self.all() {
                place.raise(unit);
            }
        }
    }

    /// Whether these are all.
    fn all(&self) -> bool {
        self.taken.get() <= EXACT as u64
    }

    /// Of nothing at all if a unit is missing.
    pub(super) fn add_to(&self, units: &mut Option<BTreeSet<u64>>) {
        if let Some(known) = units.as_mut().filter(|_| self.all()) {
            known.extend(self.places.iter().map(Cell::get).filter(|unit| *unit != 0));
        }
        units.take_if(|known| !self.all() || known.len() > EXACT);
    }
}

/// Where a unit is looked for first, by bits that have no other use.
fn first_place(unit: u64) -> usize {
    (unit >> 32) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(parts: &[&FirstUnits]) -> Option<BTreeSet<u64>> {
        let mut units = Some(BTreeSet::new());
        parts.iter().for_each(|part| part.add_to(&mut units));
        units
    }

    fn of(units: impl Iterator<Item = u64>) -> FirstUnits {
        let first = FirstUnits::default();
        units.for_each(|unit| first.insert(unit));
        first
    }

    #[test]
    fn the_first_units_are_known_however_they_crowd() {
        let exact = EXACT as u64;
        // All of them look for the same place, the last of all.
        let crowd = |count: u64| (1..=count).map(|unit| unit << 48 | 0x7ff << 32);
        let twice = of(crowd(exact).chain(crowd(exact)));
        assert_eq!(known(&[&twice]), Some(crowd(exact).collect()));
        assert_eq!(known(&[&of(crowd(exact + 1))]), None, "one more, and they are not all");
    }

    #[test]
    fn what_two_workers_know_is_exact_only_together() {
        let half = EXACT as u64 / 2;
        let [one, same, more] = [1..=half + 1, 1..=half + 1, half..=2 * half + 1].map(of);
        assert_eq!(known(&[&one, &same]).map(|units| units.len()), Some(EXACT / 2 + 1));
        assert_eq!(known(&[&one, &more]), None);
        assert_eq!(known(&[]), Some(BTreeSet::new()));
    }

    #[test]
    fn a_hash_of_zero_counts_too() {
        assert_eq!(known(&[&of(std::iter::repeat_n(0, 3))]).map(|units| units.len()), Some(1));
    }
}
