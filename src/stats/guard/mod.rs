//! Guards: rules over what canary and control did in one window, with three verdicts.
//!
//! | guard | harm | fails when | passes when |
//! |---|---|---|---|
//! | [`error_rate`] | share of requests that fail | surely above the limit | surely below it |
//! | [`errors_against_control`] | the same, less control's | units with an error fall on the canary more often than chance allows ([`super::EventSplit`]), and the rates surely differ by more than the margin | they surely differ by less |
//! | [`client_errors_against_control`] | units with a refused request (4xx), less control's | the same of those | surely within the margin |
//! | [`client_errors`] | share of requests that are refused | surely above the limit | surely below it |
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
//! - "Surely" holds at every look at once, so a guard may be evaluated at any time and any number of times.
//! - No data is never a pass: a pass takes the minimum of requests and of units in both cohorts, and a bound below the limit.
//! - What control exceeds as well is not the canary's failure: an absolute limit fails only where the canary is surely worse still.
//! - Being better than control is no reason for anything. A pass says "not worse than allowed".
//! - No number that leaves this module is infinite or not a number; what cannot be computed is left out.
//!
//! Of its files each knows those before it: `evaluation`, `rule`, `harm`, `question`; then `against` and `shares`, which the
//! guards over events and shares are made of.

mod against;
mod empty;
mod errors;
mod evaluation;
mod harm;
mod latency;
mod likeness;
mod question;
mod refusals;
mod rule;
mod scores;
mod shares;

pub use against::AgainstControl;
pub use empty::{empty_share, empty_share_against_control};
pub use errors::{error_rate, errors_against_control};
pub use evaluation::{Evaluation, Verdict};
pub use latency::{latency_mean, latency_mean_against_control, latency_tail, latency_tail_against_control};
pub use likeness::{emptied, failed, latency_ratio, lost_overlap, overlap};
pub use refusals::{client_errors, client_errors_against_control};
pub use rule::{Minimum, Rule};
pub use scores::{top_score, top_score_against_control};

use super::cohort::Cohort;

/// What is judged in one window, and beside what.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    pub(super) canary: &'a Cohort,
    /// Concurrent. None where everything is on the canary.
    pub(super) control: Option<Control<'a>>,
}

/// Whom the canary does not serve.
#[derive(Clone, Copy, Debug)]
pub(super) struct Control<'a> {
    pub(super) cohort: &'a Cohort,
    /// What sentences call it: one word for one cohort.
    pub(super) name: &'static str,
}

impl<'a> Compared<'a> {
    #[must_use]
    pub const fn alone(canary: &'a Cohort) -> Self {
        Self { canary, control: None }
    }

    /// With a concurrent cohort of the same size.
    #[must_use]
    pub const fn with_control(canary: &'a Cohort, control: &'a Cohort) -> Self {
        Self { canary, control: Some(Control { cohort: control, name: "control" }) }
    }

    /// With all that the canary does not serve: rare events are compared with all there is. For guards over errors and refusals
    /// alone; standard errors of a small cohort against a large one cannot be trusted while events are rare.
    #[must_use]
    pub const fn with_stable(canary: &'a Cohort, stable: &'a Cohort) -> Self {
        Self { canary, control: Some(Control { cohort: stable, name: "stable" }) }
    }

    pub(super) fn control_name(&self) -> &'static str {
        self.control.map_or("control", |control| control.name)
    }

    pub(super) fn control_cohort(&self) -> Option<&'a Cohort> {
        self.control.map(|control| control.cohort)
    }
}
