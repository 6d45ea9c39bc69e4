//! How alike a shadow's answers are to those that users got, and how well it serves.
//!
//! No user is on the shadow yet, so nothing is counted by cohort: each question is answered by both, and what is judged
//! is a mean over questions, with a variance that knows units.

use super::evaluation::{Evaluation, Numbers, Shown};
use super::harm::Harm;
use super::question::Question;
use super::rule::Rule;
use crate::stats::ratio::Contrast;
use crate::stats::shadow::{Count, Measure, Summary};

/// The mean overlap of the lists must not be below `minimum`.
#[must_use]
pub fn overlap(summary: &Summary, rule: &Rule, minimum: f64) -> Evaluation {
    let mean = summary.mean(Measure::Overlap);
    let harm = mean.map(|mean| Contrast { estimate: 1.0 - mean.estimate, ..mean });
    judge(
        summary,
        rule,
        &Question { subject: "the part of the hits that is lost", shown: Shown::Share, harm: harm.map(Harm::from), limit: 1.0 - minimum },
    )
}

/// No more overlap than `maximum` may be lost beyond what the reference loses against itself.
#[must_use]
pub fn lost_overlap(summary: &Summary, rule: &Rule, maximum: f64) -> Evaluation {
    let harm = summary.excess(Measure::Overlap);
    let subject = "the overlap that is lost beyond the noise floor";
    judge(summary, rule, &Question { subject, shown: Shown::Points, harm: harm.map(Harm::from), limit: maximum })
}

/// Of answers with or without hits, at most this share may lose all of them.
#[must_use]
pub fn emptied(summary: &Summary, rule: &Rule, maximum: f64) -> Evaluation {
    let harm = summary.share(Count::Emptied);
    judge(
        summary,
        rule,
        &Question { subject: "the share of emptied answers", shown: Shown::Share, harm: harm.map(Harm::from), limit: maximum },
    )
}

/// At most this share of the questions may fail.
#[must_use]
pub fn failed(summary: &Summary, rule: &Rule, maximum: f64) -> Evaluation {
    let harm = summary.share(Count::Failed);
    judge(summary, rule, &Question { subject: "the shadow's error rate", shown: Shown::Share, harm: harm.map(Harm::from), limit: maximum })
}

/// The shadow may take at most so many times as long: in the geometric mean, so that no single answer decides.
#[must_use]
pub fn latency_ratio(summary: &Summary, rule: &Rule, maximum: f64) -> Evaluation {
    let harm = summary.mean(Measure::LogLatencyRatio);
    judge(
        summary,
        rule,
        &Question { subject: "the shadow's latency by stable's", shown: Shown::Times, harm: harm.map(Harm::from), limit: maximum.ln() },
    )
}

fn judge(summary: &Summary, rule: &Rule, question: &Question<'_>) -> Evaluation {
    let mut numbers = Numbers::default();
    let compared = summary.shadow.totals().count(Count::Comparisons);
    numbers.put("alpha", rule.alpha);
    numbers.put("pass_alpha", rule.pass_alpha);
    numbers.put("compared", compared as f64);
    let least = rule.minimum.requests.max(1);
    let missing = (compared < least).then(|| format!("a pass needs {least} comparisons; there are {compared}"));
    question.decide(rule, missing, numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::guard::{Minimum, Verdict};
    use crate::stats::ranking::Likeness;
    use crate::stats::shadow::Paired;

    const SEED: u64 = 20_261_127;

    fn rule() -> Rule {
        Rule { minimum: Minimum { requests: 500, units: 0 }, ..Rule::sharing(0.01, 0.2, 5) }
    }

    /// So many answers, each by a unit of its own, made one after the other.
    fn seen(count: usize, mut each: impl FnMut(&mut fastrand::Rng, &mut Summary, u64)) -> Summary {
        let (mut random, mut summary) = (fastrand::Rng::with_seed(SEED), Summary::default());
        for _ in 0..count {
            let hash = random.u64(..);
            each(&mut random, &mut summary, hash);
        }
        summary
    }

    fn pair(overlap: f64) -> Paired {
        let likeness = Likeness {
            overlap,
            jaccard: overlap,
            top1: overlap >= 1.0,
            rbo: overlap,
            kendall: None,
            spearman: None,
            weighted_tau: None,
            average_precision: overlap,
            ndcg: overlap,
            score_drift: None,
        };
        Paired { reference_hits: 10, candidate_hits: 10, likeness: Some(likeness) }
    }

    /// `lost` of ten hits are others, give or take one.
    fn differing(lost: f64) -> Summary {
        seen(2_000, |random, summary, hash| {
            summary.shadow.compared(hash, &pair(1.0 - lost / 10.0 + 0.1 * (random.f64() - 0.5)));
            summary.noise.compared(hash, &pair(0.98 + 0.02 * (random.f64() - 0.5)));
            summary.shadow.timed(hash, 1_000, 1_000 + random.u64(..1_000));
        })
    }

    #[test]
    fn a_limit_is_broken_or_holds_where_that_is_certain() {
        let seen = differing(3.0);
        let verdicts = |limits: [f64; 3]| limits.map(|limit| overlap(&seen, &rule(), limit).verdict);
        assert_eq!(verdicts([0.6, 0.7, 0.8]), [Verdict::Pass, Verdict::Inconclusive, Verdict::Fail], "seed {SEED}");
        let verdicts = |limits: [f64; 3]| limits.map(|limit| lost_overlap(&seen, &rule(), limit).verdict);
        assert_eq!(verdicts([0.4, 0.28, 0.2]), [Verdict::Pass, Verdict::Inconclusive, Verdict::Fail], "seed {SEED}");
        let verdicts = |limits: [f64; 2]| limits.map(|limit| latency_ratio(&seen, &rule(), limit).verdict);
        assert_eq!(verdicts([2.0, 1.2]), [Verdict::Pass, Verdict::Fail], "seed {SEED}");
        assert_eq!(overlap(&differing(0.0), &rule(), 0.9).verdict, Verdict::Pass, "seed {SEED}");
    }

    #[test]
    fn what_never_happened_is_certain_in_time() {
        let good = |count| {
            seen(count, |_, summary, hash| {
                summary.shadow.compared(hash, &pair(1.0));
                summary.shadow.timed(hash, 1_000, 1_000);
            })
        };
        for (count, verdict) in [(0, Verdict::Inconclusive), (499, Verdict::Inconclusive), (1_000, Verdict::Pass)] {
            let seen = good(count);
            assert_eq!((emptied(&seen, &rule(), 0.01).verdict, failed(&seen, &rule(), 0.05).verdict), (verdict, verdict), "{count}");
        }
        assert_eq!(overlap(&good(1_000), &rule(), 0.98).verdict, Verdict::Pass);
    }

    #[test]
    fn failures_are_heard_before_there_is_enough_to_pass() {
        let failing = seen(100, |_, summary, hash| summary.shadow.failed(hash));
        assert_eq!(failed(&failing, &rule(), 0.05).verdict, Verdict::Fail);
        let empty = seen(100, |_, summary, hash| {
            summary.shadow.compared(hash, &Paired { reference_hits: 10, candidate_hits: 0, likeness: None });
        });
        assert_eq!(emptied(&empty, &rule(), 0.01).verdict, Verdict::Fail);
    }

    #[test]
    fn without_a_noise_floor_nothing_is_said_of_what_lies_beyond_it() {
        let seen = seen(1_000, |_, summary, hash| summary.shadow.compared(hash, &pair(0.1)));
        assert_eq!(lost_overlap(&seen, &rule(), 0.1).verdict, Verdict::Inconclusive);
    }
}
