//! The comparison of a bound with a limit.

use super::Compared;
use super::evaluation::{Evaluation, Numbers, Shown, Verdict};
use super::harm::Harm;
use super::rule::Rule;

/// A harm to be held against a limit.
pub(super) struct Question<'a> {
    /// What the estimate is of, as the beginning of a sentence.
    pub(super) subject: &'a str,
    pub(super) shown: Shown,
    /// None if one of the cohorts has too little traffic for an estimate.
    pub(super) harm: Option<Harm>,
    /// A finite number.
    pub(super) limit: f64,
}

impl Question<'_> {
    pub(super) fn judge(&self, compared: Compared<'_>, rule: &Rule, numbers: Numbers) -> Evaluation {
        self.decide(rule, rule.missing(compared), numbers)
    }

    /// `missing` is what is not there that a pass would take.
    pub(super) fn decide(&self, rule: &Rule, missing: Option<String>, mut numbers: Numbers) -> Evaluation {
        numbers.put("limit", self.limit);
        let Some(harm) = self.harm else {
            let missing = missing.unwrap_or_else(|| "there are answers from too few units to compare".to_owned());
            return numbers.conclude(Verdict::Inconclusive, missing);
        };
        let Some((lower, upper)) = harm.bounds(rule) else {
            return numbers.conclude(Verdict::Inconclusive, "the guard's levels or the spread of its data allow no bound");
        };
        let unknown = upper.is_infinite();
        let [lower, upper] = [lower, upper].map(|bound| self.shown.within_range(bound));
        numbers.put("estimate", harm.estimate());
        numbers.put("lower", lower);
        numbers.put("upper", upper);
        let [low, high, limit, estimate] = [lower, upper, self.limit, harm.estimate()].map(|value| self.shown.show(value));
        let (subject, bound) = (self.subject, self.shown.bound());
        if lower > self.limit {
            return numbers
                .conclude(Verdict::Fail, format!("{subject} is at least {low}, above the {bound} of {limit} (estimate {estimate})"));
        }
        if let Some(missing) = missing {
            return numbers.conclude(Verdict::Inconclusive, missing);
        }
        if upper < self.limit {
            return numbers
                .conclude(Verdict::Pass, format!("{subject} is at most {high}, within the {bound} of {limit} (estimate {estimate})"));
        }
        if unknown {
            return numbers
                .conclude(Verdict::Inconclusive, format!("{subject} is estimated as {estimate}, by too few units to say how surely"));
        }
        let needed = harm.clean_units_needed(rule, self.limit);
        let more = needed.map_or_else(String::new, |units| format!("; about {units} more clean users are needed"));
        if let Some(units) = needed {
            numbers.put("clean_units_needed", units as f64);
        }
        let reason = format!(
            "{subject} is estimated as {estimate} and may be as high as {high}: not yet sure to be within the {bound} of {limit}{more}"
        );
        numbers.conclude(Verdict::Inconclusive, reason)
    }
}

/// An absolute limit that control is beyond as well, with this value, is not the canary's failure unless the canary is surely
/// worse still: `worse` is above zero then.
pub(super) fn unless_shared(judged: Evaluation, (name, value): (&str, String), worse: Option<Harm>, rule: &Rule) -> Evaluation {
    let alone = worse.and_then(|worse| worse.bounds(rule)).is_some_and(|(lower, _)| lower > 0.0);
    if alone || judged.verdict != Verdict::Fail {
        return judged;
    }
    let reason = format!("{}; {name}'s is above it too ({value}), and what both have is not held against the canary", judged.reason);
    Evaluation { verdict: Verdict::Inconclusive, reason, ..judged }
}
