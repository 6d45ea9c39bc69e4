//! Amounts of memory: `512B`, `64KiB`, `4MiB`, `1GiB`.

use std::fmt;
use std::str::FromStr;

/// A number of bytes, written with its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

/// Why a text is not a [`Size`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a size: write a whole number and its unit (B, KiB, MiB, GiB), such as 64KiB")]
pub struct SizeFault(String);

/// The units by falling size. Decimal ones are left out: nobody can tell whether `64KB` was meant as 64,000 bytes.
const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Size {
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn from_kib(kibibytes: u64) -> Self {
        Self(kibibytes << 10)
    }

    #[must_use]
    pub const fn from_mib(mebibytes: u64) -> Self {
        Self(mebibytes << 20)
    }

    /// In bytes, as the length of something in memory. More than this machine can address is as much as it can.
    #[must_use]
    pub fn bytes(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for Size {
    type Err = SizeFault;

    fn from_str(text: &str) -> Result<Self, SizeFault> {
        let parse = || {
            let (number, unit) = super::split_unit(text)?;
            let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
            number.checked_mul(factor).map(Self)
        };
        parse().ok_or_else(|| SizeFault(text.into()))
    }
}

impl fmt::Display for Size {
    /// In the largest unit that leaves no rest.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = UNITS.into_iter().find(|(_, factor)| self.0 > 0 && self.0.is_multiple_of(*factor)).unwrap_or(("B", 1));
        write!(formatter, "{}{unit}", self.0 / factor)
    }
}

super::as_text!(Size, "a size with its unit, such as 64KiB or 4MiB", "^[0-9]{1,10}(B|KiB|MiB|GiB)$");
