//! Collections that an alias has left, by a rollout or by an operator's switch.
//!
//! From then on the two collections get different writes. What the old one alone has keeps it from being deleted by itself,
//! and what the new one alone has is lost by going back: a request for either is answered with the number.

use serde::{Deserialize, Serialize};

use super::{Stored, any_revision, remove};
use crate::config::DEFAULT_UPSTREAM;
use crate::rollout::Timestamp;
use crate::rollout::loss::{Counted, Stake};
use crate::store::{Expected, Kind, Write};

/// One move of an alias, under [`Departure::id`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::control) struct Departure {
    pub(in crate::control) alias: String,
    /// What the alias pointed at before.
    pub(in crate::control) left: String,
    /// And after.
    pub(in crate::control) taken: String,
    /// What `left` has and `taken` lacks.
    pub(in crate::control) behind: Stake,
    /// What `taken` has and `left` lacks.
    pub(in crate::control) ahead: Stake,
}

impl Departure {
    /// An alias leaves a collection once: coming back ends it.
    pub(in crate::control) fn id(alias: &str, left: &str) -> String {
        format!("{alias}/{left}")
    }

    /// The same with both counts beginning now, for a move of which nothing else is known.
    pub(in crate::control) fn now(alias: &str, left: &str, taken: &str, counted: &Counted, now: Timestamp) -> Self {
        let mark = |collection: &str| counted.mark(DEFAULT_UPSTREAM, collection, now);
        let (behind, ahead) = (Stake::new(vec![mark(left)], mark(taken)), Stake::new(vec![mark(taken)], mark(left)));
        Self { alias: alias.to_owned(), left: left.to_owned(), taken: taken.to_owned(), behind, ahead }
    }

    /// With counts that began earlier, as far as they did.
    pub(in crate::control) fn since(self, behind: Option<&Stake>, ahead: Option<&Stake>) -> Self {
        let begun = |stake: Option<&Stake>, otherwise: Stake| stake.filter(|stake| !stake.marks.is_empty()).cloned().unwrap_or(otherwise);
        Self { behind: begun(behind, self.behind), ahead: begun(ahead, self.ahead), ..self }
    }

    /// Whether it is about a collection, whose counts it needs.
    pub(in crate::control) fn names(&self, collection: &str) -> bool {
        self.left == collection || self.taken == collection
    }

    /// The document of this move, and the end of the one that it takes back.
    pub(in crate::control) fn writes(&self) -> Vec<Write> {
        vec![any_revision(&Self::id(&self.alias, &self.left), self), remove::<Self>(&Self::id(&self.alias, &self.taken), Expected::Any)]
    }
}

impl Stored for Departure {
    const KIND: Kind = Kind::new("departure");

    fn stored_at(self, _: &str, _: u64) -> Self {
        self
    }
}
