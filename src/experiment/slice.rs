//! Time, cut into slices. Sets of units and sketches add up and cannot be taken from each other, so what is to be asked for
//! by time is counted apart from the beginning.
//!
//! The slices stand in the experiment's document and nowhere else: every replica counts under the last one it knows of, and
//! whatever is asked for is served from whole ones.
//!
//! Laws: numbers grow by one over the whole experiment, a slice lies within one phase, and one begins where another ends.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Period, Timestamp};

/// After its end, requests that began in a slice have this long to end and be counted,
const LINGER: Period = Period::from_secs(120);
/// or so many lengths of a slice if that is less: counters take memory, and as many are held at a time.
const HELD: u64 = 8;

/// A stretch of time that is counted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TimeSlice")]
pub struct Slice {
    pub number: u32,
    /// The phase whose requests are counted in it; values reported for an earlier one are counted in it too, apart.
    pub phase: u32,
    pub since: Timestamp,
}

/// All of an experiment's slices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slices(Vec<Slice>);

/// Which part of an experiment a report is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Default: the last one that counted in the range, or at all.
    pub phase: Option<u32>,
    pub from: Option<Timestamp>,
    /// The first moment that is not in it.
    pub to: Option<Timestamp>,
}

impl Part {
    /// It is less than a phase.
    #[must_use]
    pub const fn is_range(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }
}

/// What is there of a part: whole slices, from the first that reaches into it to the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    pub phase: u32,
    pub slices: RangeInclusive<u32>,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// A range of time as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "AnalysisRange")]
pub struct Range {
    pub from: Timestamp,
    pub to: Timestamp,
    /// How many there are in it.
    pub slices: u32,
    /// It is larger than what was asked for: slices are not cut.
    pub widened: bool,
}

impl Covered {
    /// None where a whole phase was asked for.
    #[must_use]
    pub fn range(&self, part: &Part) -> Option<Range> {
        let widened = part.from.is_some_and(|from| self.from < from) || part.to.is_some_and(|to| to < self.to);
        let slices = self.slices.end() - self.slices.start() + 1;
        part.is_range().then_some(Range { from: self.from, to: self.to, slices, widened })
    }
}

impl Slices {
    /// Ends the present slice and begins the next one.
    pub(super) fn begin(&mut self, phase: u32, now: Timestamp) {
        // Controllers' clocks differ, and a slice that ended before it began would be in no range.
        let (number, since) = self.0.last().map_or((1, now), |last| (last.number + 1, now.max(last.since)));
        self.0.push(Slice { number, phase, since });
    }

    #[must_use]
    pub fn all(&self) -> &[Slice] {
        &self.0
    }

    /// The one that counts now. None before anything has begun.
    #[must_use]
    pub fn present(&self) -> Option<Slice> {
        self.0.last().copied()
    }

    /// Nothing more is counted in it: it may be written for the last time and forgotten. `length` is that of a slice.
    pub(super) fn is_closed(&self, number: u32, length: Period, now: Timestamp) -> bool {
        let linger = LINGER.min(Period::from_millis(length.millis().saturating_mul(HELD)));
        let next = self.0.iter().find(|slice| slice.number > number);
        next.is_some_and(|next| next.since.plus(linger) <= now)
    }

    /// None where nothing was counted.
    #[must_use]
    pub fn covering(&self, part: &Part, now: Timestamp) -> Option<Covered> {
        let reached = |place: &usize| self.reaches(*place, part, now);
        let last = (0..self.0.len()).rev().find(reached)?;
        let phase = part.phase.unwrap_or(self.0[last].phase);
        // Nothing is known of a phase before it began; what is reported for it comes also after its end.
        let begun = self.0.iter().position(|slice| slice.phase == phase)?;
        let first = (begun..=last).find(reached)?;
        Some(Covered { phase, slices: self.0[first].number..=self.0[last].number, from: self.0[first].since, to: self.end(last, now) })
    }

    /// One that began and ended in the same moment belongs to the range that begins with it, so that ranges that meet leave
    /// nothing out.
    fn reaches(&self, place: usize, part: &Part, now: Timestamp) -> bool {
        let (since, end) = (self.0[place].since, self.end(place, now));
        part.to.is_none_or(|to| since < to) && part.from.is_none_or(|from| from < end || from <= since)
    }

    fn end(&self, place: usize, now: Timestamp) -> Timestamp {
        self.0.get(place + 1).map_or_else(|| now.max(self.0[place].since), |next| next.since)
    }
}
