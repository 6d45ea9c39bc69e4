//! Where the counts of a rollout began.

use serde::{Deserialize, Serialize};

use super::counted::Since;
use super::{Bound, Counted, Loss, Mark, Tally};
use crate::rollout::Timestamp;

/// What one collection has that another one lacks, counted from these marks on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stake {
    /// Of the collections whose writes the other one does not get.
    pub marks: Vec<Mark>,
    /// Of the other collection: if it is written to as well, applications may write everything twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Mark>,
    /// How old the copy is was not known when the count began, so there may be more than was counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_unknown_age: bool,
}

impl Stake {
    /// What goes to `marks` is missing where `beside` counts.
    #[must_use]
    pub fn new(marks: Vec<Mark>, beside: Mark) -> Self {
        Self { marks, beside: Some(beside), of_unknown_age: false }
    }

    /// Whether writes to this collection count.
    #[must_use]
    pub fn counts(&self, collection: &str) -> bool {
        self.marks.iter().any(|mark| mark.collection == collection)
    }

    /// Whether anything was written, or may have been, that would be missing.
    #[must_use]
    pub fn has_grown(&self, counted: &Counted) -> bool {
        self.marks.iter().any(|mark| !counted.since(mark).tally.is_zero())
    }

    /// How many acknowledged writes the other collection got itself.
    #[must_use]
    pub fn written_beside(&self, counted: &Counted) -> u64 {
        self.beside.as_ref().map_or(0, |mark| counted.since(mark).tally.acknowledged)
    }

    /// The same, but what goes to `collection` counts from now on: all that was written before is known to be on both sides.
    #[must_use]
    pub fn equal_now(&self, collection: &str, counted: &Counted, now: Timestamp) -> Self {
        let again =
            |mark: &Mark| if mark.collection == collection { counted.mark(&mark.upstream, &mark.collection, now) } else { mark.clone() };
        Self { marks: self.marks.iter().map(again).collect(), ..self.clone() }
    }

    /// What would be lost; none where nothing is counted.
    #[must_use]
    pub fn loss(&self, counted: &Counted) -> Option<Loss> {
        let since = self.marks.iter().map(|mark| mark.at).min()?;
        let sinces: Vec<Since> = self.marks.iter().map(|mark| counted.since(mark)).collect();
        let Tally { acknowledged, unknown } = sinces.iter().fold(Tally::default(), |all, since| all.plus(since.tally));
        let beside = self.beside.as_ref();
        let both = acknowledged > 0 && beside.is_some_and(|mark| !counted.since(mark).tally.is_zero());
        let more = self.of_unknown_age || sinces.iter().any(|since| since.incomplete);
        let bound = match (both, more) {
            (false, false) => Bound::Exact,
            (true, false) => Bound::AtMost,
            (false, true) => Bound::AtLeast,
            (true, true) => Bound::Approximate,
        };
        Some(Loss {
            only_in: self.marks.iter().map(|mark| mark.collection.clone()).collect(),
            missing_in: beside.map_or_else(String::new, |mark| mark.collection.clone()),
            since,
            acknowledged,
            unknown,
            bound,
        })
    }
}
