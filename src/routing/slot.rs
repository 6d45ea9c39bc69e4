//! Assignment, version 1: where a unit stands among a million slots.
//!
//! The function is a published contract (docs/assignment.md holds golden vectors), so that any language can reproduce a
//! decision offline. It must never change; a different function gets a new version number.

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

/// The number of slots a population is cut into: shares have a grain of 0.0001 %.
pub const SLOTS: u32 = 1_000_000;

/// The version of the assignment function, mixed into the hash.
pub const VERSION: u32 = 1;

/// Units up to this length are hashed from the stack; longer ones take the slower streaming form, with the same result.
const INLINE: usize = 320;

/// What makes one split independent of every other split of the same units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salt {
    text: Box<str>,
    /// `u32le(version) || u32le(len(salt)) || salt`, the part of the hashed bytes that does not depend on the unit.
    prefix: Box<[u8]>,
}

impl Salt {
    /// # Panics
    /// Never for salts that passed [`crate::routing::RouteSpec::check`]; a salt longer than `u32::MAX` is clamped by it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let mut prefix = Vec::with_capacity(8 + text.len());
        prefix.extend_from_slice(&VERSION.to_le_bytes());
        prefix.extend_from_slice(&length.to_le_bytes());
        prefix.extend_from_slice(text.as_bytes());
        Self { text: text.into(), prefix: prefix.into() }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The unit's slot under this salt, in `0..SLOTS`.
    #[must_use]
    pub fn slot(&self, unit: &[u8]) -> u32 {
        scale(self.hash(unit))
    }

    /// The hash of the unit under this salt, all 64 bits of it.
    #[must_use]
    pub fn hash(&self, unit: &[u8]) -> u64 {
        let total = self.prefix.len() + unit.len();
        if total <= INLINE {
            let mut bytes = [0_u8; INLINE];
            bytes[..self.prefix.len()].copy_from_slice(&self.prefix);
            bytes[self.prefix.len()..total].copy_from_slice(unit);
            return xxh3_64(&bytes[..total]);
        }
        let mut hasher = Xxh3Default::new();
        hasher.update(&self.prefix);
        hasher.update(unit);
        hasher.digest()
    }
}

/// Maps a hash to a slot by multiplication: without the bias of a remainder, and without a division.
pub(crate) fn scale(hash: u64) -> u32 {
    let wide = (u128::from(hash) * u128::from(SLOTS)) >> 64;
    u32::try_from(wide).unwrap_or(SLOTS - 1)
}
