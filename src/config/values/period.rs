//! Lengths of time: `250ms`, `90s`, `30m`, `1h`, `7d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time in whole milliseconds, written as a number and its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(Duration);

/// Why a text is not a [`Period`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a length of time: write a whole number and its unit (ms, s, m, h, d), such as 90s")]
pub struct PeriodFault(String);

/// The units by falling length, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Period {
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }

    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }

    /// As many milliseconds as a `u64` holds.
    #[must_use]
    pub fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }

    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// For keys where zero stands for "no limit".
    #[must_use]
    pub fn limit(self) -> Option<Duration> {
        (!self.is_zero()).then_some(self.0)
    }
}

impl FromStr for Period {
    type Err = PeriodFault;

    fn from_str(text: &str) -> Result<Self, PeriodFault> {
        let parse = || {
            let (number, unit) = super::split_unit(text)?;
            let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
            Some(Self::from_millis(number.checked_mul(factor)?))
        };
        parse().ok_or_else(|| PeriodFault(text.into()))
    }
}

impl fmt::Display for Period {
    /// In the largest unit that leaves no rest.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        let fits = |factor: u64| milliseconds.is_multiple_of(u128::from(factor));
        let (unit, factor) = UNITS.into_iter().find(|(_, factor)| milliseconds > 0 && fits(*factor)).unwrap_or(("s", 1_000));
        write!(formatter, "{}{unit}", milliseconds / u128::from(factor))
    }
}

super::as_text!(Period, "a length of time in quotes or with its unit, such as 90s, 250ms or 30m", "^[0-9]{1,11}(ms|s|m|h|d)$");
