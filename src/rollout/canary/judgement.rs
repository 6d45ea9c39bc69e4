//! What evidence can say.

use crate::rollout::{Evaluation, Measurement, Verdict};

/// The worst that can be said, with its reason.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Judgement {
    /// The numbers could not be had.
    Unmeasured(String),
    /// There are numbers, but not of this window yet.
    NotYet,
    /// A guard fails.
    Failing(String),
    /// A signal fails.
    Signalling(String),
    TooFew(String),
    Inconclusive(String),
    Pass(String),
}

/// The worst evaluation of a guard or limit, in case it was judged more than once.
pub(super) fn found<'m>(name: &str, measurement: &'m Measurement) -> Option<&'m Evaluation> {
    let severity = |verdict: Verdict| match verdict {
        Verdict::Pass => 0,
        Verdict::Inconclusive => 1,
        Verdict::Fail => 2,
    };
    measurement.evaluations.iter().filter(|found| found.guard == name).max_by_key(|found| severity(found.verdict))
}
