//! Guards: rules over what canary and control did in one window, with three verdicts.
//!
//! | guard | harm | fails when | passes when |
//! |---|---|---|---|
//! | [`error_rate`] | share of requests that fail | surely above the limit | surely below it |
//! | [`errors_against_control`] | units with an error | the canary has too many of them ([`super::EventSplit`]) | its error rate is surely within a margin |
//! | [`latency_tail`] | share of answers slower than a limit | surely above `1 - quantile` | surely below it |
//! | [`latency_tail_against_control`] | share slower than what is usual | surely above control's by the margin | surely not |
//! | [`latency_mean`] | mean latency | surely above the limit | surely below it |
//! | [`latency_mean_against_control`] | mean latency | surely above control's by the margin | surely not |
//! | [`empty_share`], [`empty_share_against_control`] | share of answers without a result | as for errors and tails | |
//! | [`top_score`], [`top_score_against_control`] | how far the mean score of best hits falls short | surely by more than the margin | surely not |
//! | [`failed`], [`emptied`], [`overlap`], [`lost_overlap`], [`latency_ratio`] | a shadow that serves worse, or answers otherwise | surely beyond the limit | surely within it |
//!
//! Called by the controller at every check interval; which guards a stage has, and what follows from a verdict, is the
//! rollout's business. Invariants:
//! - "Surely" holds at every look at once, so a guard may be asked as often as anybody likes.
//! - No data is never a pass: a pass takes the minimum of requests and of units in both cohorts, and a bound below the limit.
//! - Being better than control is no reason for anything. A pass says "not worse than allowed".
//! - No number that leaves this module is infinite or not a number; what cannot be computed is left out.

mod empty;
mod errors;
mod evaluation;
mod latency;
mod likeness;
mod rule;
mod scores;
mod shares;

pub use empty::{empty_share, empty_share_against_control};
pub use errors::{ErrorsAgainstControl, error_rate, errors_against_control};
pub use evaluation::{Evaluation, Verdict};
pub use latency::{latency_mean, latency_mean_against_control, latency_tail, latency_tail_against_control};
pub use likeness::{emptied, failed, latency_ratio, lost_overlap, overlap};
pub use rule::{Minimum, Rule};
pub use scores::{top_score, top_score_against_control};

use super::cohort::Cohort;

/// The two cohorts of one window.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    pub canary: &'a Cohort,
    /// Concurrent, and for all guards but [`errors_against_control`] of the same size: standard errors of a small cohort
    /// against a large one cannot be trusted while events are rare.
    pub control: &'a Cohort,
}
