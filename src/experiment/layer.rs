//! Which of an alias's units an experiment may have, where several share the alias.

use std::fmt;
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::routing::{SLOTS, Salt, SpecFault};

/// Slots in one percent.
const PERCENT: f64 = SLOTS as f64 / 100.0;

/// What deals an alias's units to the experiments that share it; independent of what any of them deals by.
#[must_use]
pub fn layer_salt(alias: &str) -> Salt {
    Salt::new(&format!("layer:{alias}"))
}

/// A part of the layer, by default all of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerPart {
    /// Where the part begins, from 0 to 100 in steps of 0.0001.
    #[schemars(range(min = 0, max = 100))]
    pub from_percentage: f64,
    /// Where the part ends, above `from_percentage` and at most 100, in steps of 0.0001.
    #[schemars(range(min = 0, max = 100))]
    pub to_percentage: f64,
}

impl Default for LayerPart {
    fn default() -> Self {
        Self { from_percentage: 0.0, to_percentage: 100.0 }
    }
}

impl fmt::Display for LayerPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{} %", self.from_percentage, self.to_percentage)
    }
}

impl LayerPart {
    #[must_use]
    pub fn of(slots: &Range<u32>) -> Self {
        let percentage = |slot: u32| f64::from(slot) / PERCENT;
        Self { from_percentage: percentage(slots.start), to_percentage: percentage(slots.end) }
    }

    /// Of a part that was checked.
    #[must_use]
    pub fn slots(&self) -> Range<u32> {
        slot(self.from_percentage)..slot(self.to_percentage)
    }

    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.slots() == (0..SLOTS)
    }

    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let (one, other) = (self.slots(), other.slots());
        one.start < other.end && other.start < one.end
    }

    /// What `taken` leave of the layer.
    #[must_use]
    pub fn free(taken: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut taken: Vec<Range<u32>> = taken.into_iter().map(|part| part.slots()).collect();
        taken.sort_by_key(|slots| slots.start);
        let mut free = Vec::new();
        let mut at = 0;
        for slots in taken.into_iter().chain(std::iter::once(SLOTS..SLOTS)) {
            if at < slots.start {
                free.push(Self::of(&(at..slots.start)));
            }
            at = at.max(slots.end);
        }
        free
    }

    pub(super) fn check(&self, faults: &mut Vec<SpecFault>) {
        for (field, percentage) in [("from_percentage", self.from_percentage), ("to_percentage", self.to_percentage)] {
            let slots = percentage * PERCENT;
            if !(0.0..=100.0).contains(&percentage) || (slots - slots.round()).abs() > 1e-6 {
                faults
                    .push(SpecFault::new(format!("layer.{field}"), format!("must be from 0 to 100 in steps of 0.0001, not {percentage}")));
            }
        }
        if self.from_percentage >= self.to_percentage {
            faults.push(SpecFault::new("layer", format!("must end after it begins, not {self}")));
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to a million")]
fn slot(percentage: f64) -> u32 {
    (percentage.clamp(0.0, 100.0) * PERCENT).round() as u32
}
