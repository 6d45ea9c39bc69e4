//! What a guard answers.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a guard says about a canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Surely not worse than allowed.
    Pass,
    /// Neither is sure, or there is too little to go by.
    Inconclusive,
    /// Surely worse than allowed.
    Fail,
}

impl Verdict {
    /// What several guards say together: the worst of them, and nothing is sure of none.
    #[must_use]
    pub fn of_all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().max().unwrap_or(Self::Inconclusive)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        })
    }
}

/// A verdict with the sentence and the numbers that support it; kept with the rollout's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    pub verdict: Verdict,
    pub reason: String,
    /// By name, shares as fractions, latencies in milliseconds. A number that could not be computed is not there.
    pub numbers: BTreeMap<String, f64>,
}

impl Evaluation {
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.numbers.get(name).copied()
    }
}

/// Numbers on their way into an [`Evaluation`].
#[derive(Debug, Default)]
pub(super) struct Numbers(BTreeMap<String, f64>);

impl Numbers {
    /// Leaves out what is infinite or not a number: JSON has no word for it.
    pub(super) fn put(&mut self, name: &str, value: f64) {
        if value.is_finite() {
            self.0.insert(name.to_owned(), value);
        }
    }

    pub(super) fn conclude(self, verdict: Verdict, reason: impl Into<String>) -> Evaluation {
        Evaluation { verdict, reason: reason.into(), numbers: self.0 }
    }
}

/// How a number is shown in a reason.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shown {
    /// A fraction, as a percentage.
    Share,
    /// A difference of fractions, in percentage points.
    Points,
    Milliseconds,
    /// Of a metric, without a unit.
    Score,
    /// A logarithm, as the number of times it stands for.
    Times,
}

impl Shown {
    /// What a value of this kind is held against.
    pub(super) const fn bound(self) -> &'static str {
        if matches!(self, Self::Points) { "margin" } else { "limit" }
    }

    /// A bound of a share is a share, and one of a difference of shares such a difference.
    pub(super) const fn within_range(self, bound: f64) -> f64 {
        match self {
            Self::Share => bound.clamp(0.0, 1.0),
            Self::Points => bound.clamp(-1.0, 1.0),
            Self::Milliseconds | Self::Score | Self::Times => bound,
        }
    }

    pub(super) fn show(self, value: f64) -> String {
        match self {
            Self::Share => format!("{} %", short(value * 100.0)),
            Self::Points => format!("{} points", short(value * 100.0)),
            Self::Milliseconds => format!("{} ms", short(value)),
            Self::Score => short(value),
            Self::Times => format!("{} times", short(value.exp())),
        }
    }
}

/// Three decimals at most, without trailing zeros.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_verdict_decides_and_none_is_no_pass() {
        use Verdict::{Fail, Inconclusive, Pass};
        assert_eq!(Verdict::of_all([Pass, Pass]), Pass);
        assert_eq!(Verdict::of_all([Pass, Inconclusive]), Inconclusive);
        assert_eq!(Verdict::of_all([Inconclusive, Fail, Pass]), Fail);
        assert_eq!(Verdict::of_all([]), Inconclusive);
    }

    #[test]
    fn numbers_that_are_none_stay_out() {
        let mut numbers = Numbers::default();
        for (name, value) in [("a", f64::NAN), ("b", f64::INFINITY), ("c", 1.5)] {
            numbers.put(name, value);
        }
        let evaluation = numbers.conclude(Verdict::Pass, "fine");
        let text = serde_json::to_string(&evaluation).expect("an evaluation is JSON");
        assert_eq!(text, r#"{"verdict":"pass","reason":"fine","numbers":{"c":1.5}}"#);
        assert_eq!(serde_json::from_str::<Evaluation>(&text).expect("and back"), evaluation);
    }

    #[test]
    fn numbers_are_shown_as_people_write_them() {
        assert_eq!(Shown::Share.show(0.05), "5 %");
        assert_eq!(Shown::Share.show(Shown::Share.within_range(1.35)), "100 %");
        assert_eq!(Shown::Points.show(-0.012_34), "-1.234 points");
        assert_eq!(Shown::Milliseconds.show(-0.000_01), "0 ms");
        assert_eq!(Shown::Times.show(2.0_f64.ln()), "2 times");
    }
}
