//! The exact test of a share against a known one, such as of won comparisons against a half.

use super::outcomes::Outcomes;

/// The chance of `successes` in `trials`, or of anything no likelier, if each succeeds with probability `p`. None without
/// trials, with more successes than trials, or where `p` is certain.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between zero and the number of trials")]
pub fn two_sided(successes: u64, trials: u64, p: f64) -> Option<f64> {
    if trials == 0 || !(p > 0.0 && p < 1.0) {
        return None;
    }
    let (all, odds) = (trials as f64, p / (1.0 - p));
    let outcomes = Outcomes {
        least: 0,
        most: trials,
        mode: ((all + 1.0) * p) as u64,
        step: |successes: f64| (all - successes) / (successes + 1.0) * odds,
    };
    outcomes.no_likelier(successes)
}

/// Two rates of rare events, such as errors in a minute: given their sum, the events of `b` are binomial with its part of
/// the exposure (Przyborowski and Wilenski, 1940). Events are `(how many, over what exposure)`.
#[must_use]
pub fn rates(b: (u64, f64), a: (u64, f64)) -> Option<f64> {
    two_sided(b.0, b.0.checked_add(a.0)?, b.1 / (a.1 + b.1))
}
