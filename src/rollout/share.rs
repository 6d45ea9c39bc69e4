//! The canary's part of the slots, and the two cohorts that are compared.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::routing::{SLOTS, Salt};

/// How many slots the canary has, of a million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Share(u32);

/// The slots whose requests are compared with each other. Those between them are answered by stable and not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cohorts {
    pub canary: Range<u32>,
    pub control: Range<u32>,
}

impl Share {
    pub const ZERO: Self = Self(0);
    pub const FULL: Self = Self(SLOTS);

    /// The share nearest to a percentage; what lies outside 0..=100 is clamped, NaN is nothing.
    #[must_use]
    pub fn from_percentage(percentage: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=SLOTS; NaN becomes 0")]
        let slots = (percentage * f64::from(SLOTS) / 100.0).round().clamp(0.0, f64::from(SLOTS)) as u32;
        Self(slots)
    }

    #[must_use]
    pub const fn slots(self) -> u32 {
        self.0
    }

    #[must_use]
    pub fn percentage(self) -> f64 {
        f64::from(self.0) * 100.0 / f64::from(SLOTS)
    }

    /// Canary from the low end, control of the same size from the high end, so both only grow and no user flips. Above
    /// one half the control is what is left.
    #[must_use]
    pub fn cohorts(self) -> Cohorts {
        let slots = self.0.min(SLOTS);
        Cohorts { canary: 0..slots, control: SLOTS - slots.min(SLOTS - slots)..SLOTS }
    }
}

/// The cohorts at a percentage.
#[must_use]
pub fn cohorts(percentage: f64) -> Cohorts {
    Share::from_percentage(percentage).cohorts()
}

/// What deals the units of one canary: its own salt, so that no two canaries burden the same users.
#[must_use]
pub fn salt(id: &str) -> Salt {
    Salt::new(&format!("canary:{id}"))
}
