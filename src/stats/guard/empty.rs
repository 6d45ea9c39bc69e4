//! Answers without a result: the usual sign of a collection that is not filled yet, or filtered wrongly. Of those that were
//! looked at, which are a sample drawn without regard to what is in them.

use super::Compared;
use super::evaluation::Evaluation;
use super::rule::Rule;
use super::shares::{Share, absolute, relative};

fn empty() -> Share {
    Share::of_requests(|sums| (sums.empty, sums.lists))
}

/// At most `limit` of the canary's answers may be empty.
#[must_use]
pub fn empty_share(compared: Compared<'_>, rule: &Rule, limit: f64) -> Evaluation {
    absolute(compared, rule, empty(), limit, "the canary's share of empty results")
}

/// The canary may have at most `margin` (0.02: two percentage points) more empty answers than control.
#[must_use]
pub fn empty_share_against_control(compared: Compared<'_>, rule: &Rule, margin: f64) -> Evaluation {
    relative(compared, rule, empty(), margin, "the canary's share of empty results less control's")
}
