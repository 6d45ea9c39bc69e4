//! Guards over the scores of best hits.

use super::traffic::THRESHOLDS;
use crate::stats::guard::{top_score, top_score_against_control};
use crate::stats::{Cohort, Compared, Evaluation, Found, Outcome, Rule, Verdict};

/// So many users with ten answers each, around `middle`, in millionths.
fn cohort(users: u64, middle: i64) -> Cohort {
    let mut cohort = Cohort::default();
    for request in 0..users * 10 {
        let unit = (request % users + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let spread = i64::try_from(request % 7).expect("small") * 1_000;
        cohort.record(unit, Outcome::Answered { latency_us: 1, bytes: 900, found: Some(Found::Best(middle + spread)) }, THRESHOLDS);
    }
    cohort
}

fn judged(canary: i64, control: i64) -> [Evaluation; 2] {
    let (canary, control) = (cohort(100, canary), cohort(100, control));
    let (compared, rule) = (Compared::with_control(&canary, &control), Rule::sharing(0.01, 0.5, 4));
    [top_score(compared, &rule, 0.5), top_score_against_control(compared, &rule, 0.1)]
}

fn verdicts(canary: i64, control: i64) -> [Verdict; 2] {
    judged(canary, control).map(|evaluation| evaluation.verdict)
}

#[test]
fn each_guard_asks_its_own_question() {
    assert_eq!(verdicts(800_000, 820_000), [Verdict::Pass; 2]);
    assert_eq!(verdicts(600_000, 820_000), [Verdict::Pass, Verdict::Fail], "good enough, and worse than control");
    assert_eq!(verdicts(400_000, 420_000), [Verdict::Fail, Verdict::Pass], "as bad as control");
    assert_eq!(verdicts(-900_000, 800_000), [Verdict::Fail; 2], "scores may be below zero");
}

#[test]
fn numbers_are_scores() {
    let [absolute, relative] = judged(600_000, 820_000);
    let near = |number: Option<f64>, expected: f64| number.is_some_and(|number| (number - expected).abs() < 0.005);
    assert!(near(absolute.number("canary"), 0.603) && near(absolute.number("control"), 0.823), "{absolute:?}");
    assert!(near(absolute.number("estimate"), -0.103) && near(relative.number("estimate"), 0.22), "{absolute:?} {relative:?}");
    assert!(relative.reason.contains("below control's"), "{}", relative.reason);
}

#[test]
fn a_handful_of_answers_says_nothing() {
    let (few, many) = (cohort(4, 0), cohort(100, 900_000));
    let rule = Rule::sharing(0.01, 0.5, 4);
    for compared in [Compared::with_control(&few, &many), Compared::with_control(&many, &few)] {
        let relative = top_score_against_control(compared, &rule, 0.1);
        assert_eq!(relative.verdict, Verdict::Inconclusive, "{}", relative.reason);
    }
    let absolute = top_score(Compared::with_control(&few, &many), &rule, 0.5);
    assert_eq!(absolute.verdict, Verdict::Inconclusive, "{}", absolute.reason);
    assert!(absolute.reason.contains("40 answers"), "{}", absolute.reason);
}
