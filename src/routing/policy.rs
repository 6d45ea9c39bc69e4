//! Which reads a split deals, and which stay on stable.
//!
//! Some requests belong together and must see one collection: the pages of a scroll, or "retrieve; if absent, upsert". They
//! are dealt only where the operator asks for it, and only for a unit, which stays on one variant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Reason, Unit};
use crate::protocol::Read;

/// Which reads are split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SplitReads {
    /// Searches alone; bookkeeping stays on stable.
    #[default]
    Searches,
    /// Bookkeeping of units too.
    All,
}

/// What happens to requests that carry no unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Anonymous {
    /// Each search draws its own slot, so shares hold but no client stays on one variant.
    Random,
    /// All of them are answered by the stable variant.
    #[default]
    Stable,
}

/// What one split deals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SplitPolicy {
    pub anonymous: Anonymous,
    pub reads: SplitReads,
}

impl SplitPolicy {
    /// What a spec says, and this where it says nothing.
    #[must_use]
    pub fn with(self, anonymous: Option<Anonymous>, reads: Option<SplitReads>) -> Self {
        Self { anonymous: anonymous.unwrap_or(self.anonymous), reads: reads.unwrap_or(self.reads) }
    }

    /// What this or the other deals.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            anonymous: if self.anonymous == Anonymous::Random { self.anonymous } else { other.anonymous },
            reads: if self.reads == SplitReads::All { self.reads } else { other.reads },
        }
    }

    /// Why a read stays on stable, if it does. Bookkeeping without a unit always does: dealt request by request, a scroll
    /// would mix the pages of two collections.
    #[must_use]
    pub fn keeps(self, read: Read, unit: Unit<'_>) -> Option<Reason> {
        match (read, unit) {
            (Read::Bookkeeping, Unit::Anonymous) => Some(Reason::AnonymousStable),
            (Read::Bookkeeping, Unit::Id(_)) => (self.reads == SplitReads::Searches).then_some(Reason::NotSplit),
            (Read::Search, Unit::Anonymous) => (self.anonymous == Anonymous::Stable).then_some(Reason::AnonymousStable),
            (Read::Search, Unit::Id(_)) => None,
        }
    }
}
