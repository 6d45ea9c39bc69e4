//! Who is not dealt by chance: lists of units, headers, and the share that is kept out of everything.

use std::collections::{HashMap, HashSet};

use super::{SLOTS, Salt};

/// Of one route.
#[derive(Clone, Debug, Default)]
pub struct Targeting {
    deny: HashSet<Box<[u8]>>,
    allow: HashMap<Box<[u8]>, usize>,
    headers: Vec<(Box<str>, Box<[u8]>)>,
}

impl Targeting {
    /// `deny` are units that stay on stable, `allow` units with the variant they have, `headers` what a request must have.
    pub fn new<'a>(
        deny: impl IntoIterator<Item = &'a str>,
        allow: impl IntoIterator<Item = (&'a str, usize)>,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        Self {
            deny: deny.into_iter().map(|unit| unit.as_bytes().into()).collect(),
            allow: allow.into_iter().map(|(unit, variant)| (unit.as_bytes().into(), variant)).collect(),
            headers: headers.into_iter().map(|(name, value)| (name.into(), value.as_bytes().into())).collect(),
        }
    }

    /// Whether a request with these headers is meant.
    pub fn admits<'r>(&self, header: impl Fn(&str) -> Option<&'r [u8]>) -> bool {
        self.headers.iter().all(|(name, value)| header(name).is_some_and(|found| found == &**value))
    }

    /// Whether there are units that were let in by name.
    pub(super) fn chooses(&self) -> bool {
        !self.allow.is_empty()
    }

    pub(super) fn denies(&self, unit: &[u8]) -> bool {
        !self.deny.is_empty() && self.deny.contains(unit)
    }

    pub(super) fn chosen(&self, unit: &[u8]) -> Option<usize> {
        if self.allow.is_empty() { None } else { self.allow.get(unit).copied() }
    }
}

/// The units that are kept out of every rollout, to compare all of them with.
#[derive(Clone, Debug)]
pub struct Holdout {
    salt: Salt,
    slots: u32,
}

impl Default for Holdout {
    fn default() -> Self {
        Self::of(0)
    }
}

impl Holdout {
    /// So many slots of a salt of their own; the first ones, so that a larger holdout holds whom a smaller one held.
    #[must_use]
    pub fn of(slots: u32) -> Self {
        Self { salt: Salt::new("holdout"), slots: slots.min(SLOTS) }
    }

    #[must_use]
    pub fn holds(&self, unit: &[u8]) -> bool {
        self.slots > 0 && self.salt.slot(unit) < self.slots
    }
}
