//! Statistics of rollouts: what was observed, in a form that adds up, and what may be concluded from it.
//!
//! PURE: no I/O, no clock, no async, no randomness. The formulas, their sources and what was measured are in
//! `docs/statistics.md`.
//!
//! ```text
//! guard         inference     shadow          verdicts on a canary; what an experiment is concluded from; how answers differ
//!   |   \________   |   ______/   \
//! event_split   sequence   trials   sample_ratio     tests that may be looked at any number of times
//!                  |
//!                ratio                      estimates with a variance that knows units
//!                  |
//! cohort   sums   unit_set   values         summaries, merged exactly over workers, replicas and windows
//! ranking                                   how alike two ranked lists are
//! ```
//!
//! Written by the data plane as it observes requests; merged, stored and judged by the control plane.

#![expect(clippy::cast_precision_loss, reason = "sums far below 2^53 in practice, and estimates beyond it")]

pub mod cohort;
pub mod event_split;
pub mod guard;
pub mod inference;
pub mod ranking;
pub mod ratio;
pub mod sample_ratio;
pub mod sequence;
pub mod shadow;
pub mod sums;
pub mod trials;
pub mod unit_set;
pub mod values;

#[cfg(test)]
mod tests;

pub use cohort::{BUCKETS, Cohort};
pub use event_split::EventSplit;
pub use guard::{Compared, Evaluation, Rule, Verdict};
pub use ratio::{Base, Contrast, Estimate, Ratio};
pub use sequence::Sequence;
pub use sums::{Found, Outcome, Refusal, Sums, Thresholds};
pub use trials::{Excess, Trials};
pub use unit_set::{UnitEstimate, UnitSet};
pub use values::Values;
