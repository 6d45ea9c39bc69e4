//! What each guard says of canaries that are plainly fine, plainly bad, or unknown.

use super::traffic::THRESHOLDS;
use crate::stats::guard::{
    AgainstControl, Minimum, empty_share, empty_share_against_control, error_rate, errors_against_control, latency_mean_against_control,
    latency_tail, latency_tail_against_control, top_score, top_score_against_control,
};
use crate::stats::{Cohort, Compared, Evaluation, Found, Outcome, Rule, Verdict};

const GOOD: Option<Found> = Some(Found::Best(800_000));
const FAST: Outcome = Outcome::Answered { latency_us: 4_000, bytes: 900, found: GOOD };
/// Beyond the reference, within the limit.
const UNHURRIED: Outcome = Outcome::Answered { latency_us: 9_000, bytes: 900, found: GOOD };
const SLOW: Outcome = Outcome::Answered { latency_us: 900_000, bytes: 900, found: GOOD };
const EMPTY: Outcome = Outcome::Answered { latency_us: 4_000, bytes: 90, found: Some(Found::Nothing) };

fn rule() -> Rule {
    Rule::sharing(0.01, 0.5, 4)
}

/// Users with ten requests each, of which every `every`-th (over all of them) is `special` and the others fast.
fn cohort(users: u64, every: u64, special: Outcome) -> Cohort {
    let mut cohort = Cohort::default();
    for request in 0..users * 10 {
        let unit = (request % users + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let outcome = if request % every == 0 { special } else { FAST };
        cohort.record(unit, outcome, THRESHOLDS);
    }
    cohort
}

fn all(canary: &Cohort, control: &Cohort, rule: &Rule) -> Vec<Evaluation> {
    let compared = Compared::with_control(canary, control);
    vec![
        error_rate(compared, rule, 0.05),
        errors_against_control(compared, rule, AgainstControl::default(), 1.0),
        latency_tail(compared, rule, 0.95, THRESHOLDS),
        latency_tail_against_control(compared, rule, 0.05, THRESHOLDS),
        latency_mean_against_control(compared, rule, 0.2),
        empty_share(compared, rule, 0.2),
        empty_share_against_control(compared, rule, 0.05),
        top_score(compared, rule, 0.7),
        top_score_against_control(compared, rule, 0.05),
    ]
}

fn verdicts(evaluations: &[Evaluation]) -> Vec<Verdict> {
    evaluations.iter().map(|evaluation| evaluation.verdict).collect()
}

#[test]
fn equal_and_healthy_cohorts_pass_every_guard() {
    let fine = cohort(500, 50, UNHURRIED);
    for evaluation in all(&fine, &cohort(500, 40, UNHURRIED), &rule()) {
        assert_eq!(evaluation.verdict, Verdict::Pass, "{}", evaluation.reason);
        assert!(evaluation.number("upper") < evaluation.number("limit"));
        assert_eq!(evaluation.number("requests"), Some(5_000.0));
    }
}

#[test]
fn no_data_is_never_a_pass_nor_a_failure() {
    let (some, none) = (cohort(500, 7, FAST), Cohort::default());
    let careless = Rule { minimum: Minimum { requests: 0, units: 0 }, ..rule() };
    for (canary, control) in [(&none, &none), (&none, &some), (&some, &none)] {
        for evaluation in all(canary, control, &careless) {
            assert_eq!(evaluation.verdict, Verdict::Inconclusive, "{}", evaluation.reason);
            assert!(!evaluation.reason.is_empty());
        }
    }
}

#[test]
fn a_pass_takes_the_minimum_of_requests_and_of_units_in_both_cohorts() {
    let fine = cohort(500, 7, FAST);
    let few = cohort(29, 7, FAST);
    let strict = Rule { minimum: Minimum { requests: 5_001, units: 30 }, ..rule() };
    for (canary, control, rule) in [(&few, &fine, &rule()), (&fine, &few, &rule()), (&fine, &fine, &strict)] {
        for evaluation in all(canary, control, rule) {
            assert_eq!(evaluation.verdict, Verdict::Inconclusive, "{}", evaluation.reason);
            assert!(evaluation.reason.contains("a pass needs"), "{}", evaluation.reason);
        }
    }
}

#[test]
fn one_unit_proves_nothing_however_much_it_asks() {
    let mut busy = Cohort::default();
    (0..50_000).for_each(|_| busy.record(1, SLOW, THRESHOLDS));
    let careless = Rule { minimum: Minimum { requests: 1, units: 1 }, ..rule() };
    for evaluation in all(&busy, &cohort(500, 7, FAST), &careless) {
        assert_eq!(evaluation.verdict, Verdict::Inconclusive, "{}", evaluation.reason);
    }
}

#[test]
fn two_units_are_too_few_to_say_how_sure_one_is() {
    let mut busy = cohort(30, 7, FAST);
    (0..100_000).for_each(|_| busy.record(1, SLOW, THRESHOLDS));
    let slowness_and_scores = all(&busy, &busy, &rule()).into_iter().enumerate().filter(|(index, _)| [2, 3, 4, 7, 8].contains(index));
    for (_, evaluation) in slowness_and_scores {
        assert_eq!(evaluation.verdict, Verdict::Inconclusive, "{}", evaluation.reason);
        assert!(!evaluation.reason.contains("inf"), "{}", evaluation.reason);
    }
}

#[test]
fn a_canary_that_fails_every_request_is_found_with_a_handful_of_users() {
    let found = all(&cohort(20, 1, Outcome::Failed), &cohort(20, 7, FAST), &rule());
    assert_eq!(verdicts(&found)[..2], [Verdict::Fail, Verdict::Fail], "{found:#?}");
    assert!(found[0].reason.starts_with("the canary's error rate is at least"), "{}", found[0].reason);
    assert!(found[1].reason.starts_with("20 of the 20 units with an error are the canary's"), "{}", found[1].reason);
    assert_eq!(found[1].number("control_units_with_error"), Some(0.0));
}

#[test]
fn fast_failures_do_not_look_like_speed() {
    let failing = cohort(500, 2, Outcome::Failed);
    let fine = cohort(500, 7, FAST);
    let compared = Compared::with_control(&failing, &fine);
    assert_eq!(latency_mean_against_control(compared, &rule(), 0.2).number("canary"), Some(4.0));
}

#[test]
fn what_control_is_beyond_as_well_is_not_the_canarys_failure() {
    let slow = cohort(500, 3, SLOW);
    let found = all(&slow, &cohort(500, 3, SLOW), &rule());
    assert_eq!(verdicts(&found)[2], Verdict::Inconclusive);
    assert!(found[2].reason.contains("control's is above it too (33.34 %)"), "{}", found[2].reason);
    assert!(!verdicts(&found).contains(&Verdict::Fail), "{found:#?}");
    assert_eq!(latency_tail(Compared::alone(&slow), &rule(), 0.95, THRESHOLDS).verdict, Verdict::Fail, "there is no control to share it");
    let slower = cohort(500, 1, SLOW);
    let compared = Compared::with_control(&slower, &slow);
    assert_eq!(latency_tail(compared, &rule(), 0.95, THRESHOLDS).verdict, Verdict::Fail, "it is surely worse still");
}

#[test]
fn a_canary_that_is_slower_than_control_fails_every_latency_guard() {
    let found = all(&cohort(500, 3, SLOW), &cohort(500, 400, SLOW), &rule());
    assert_eq!(verdicts(&found)[2..5], [Verdict::Fail; 3], "{found:#?}");
    assert!(found[4].number("canary") > found[4].number("control"));
}

#[test]
fn a_canary_with_empty_answers_fails_both_guards_of_them() {
    let found = all(&cohort(500, 2, EMPTY), &cohort(500, 100, EMPTY), &rule());
    assert_eq!(verdicts(&found)[5..7], [Verdict::Fail; 2], "{found:#?}");
}

#[test]
fn being_better_than_control_is_not_a_pass_without_the_minimum() {
    for evaluation in all(&cohort(20, 50, FAST), &cohort(500, 2, Outcome::Failed), &rule()) {
        assert_ne!(evaluation.verdict, Verdict::Pass, "{}", evaluation.reason);
    }
}

#[test]
fn parameters_that_are_no_numbers_decide_nothing() {
    let (fine, odd) = (cohort(500, 7, FAST), f64::NAN);
    let compared = Compared::with_control(&fine, &fine);
    let broken = Rule { alpha: odd, planned_requests: 0.0, ..rule() };
    let mut evaluations = all(&fine, &fine, &broken);
    evaluations.extend([
        error_rate(compared, &rule(), odd),
        error_rate(compared, &rule(), 5.0),
        latency_tail(compared, &rule(), odd, THRESHOLDS),
        latency_tail_against_control(compared, &rule(), -1.0, THRESHOLDS),
        latency_mean_against_control(compared, &rule(), f64::INFINITY),
    ]);
    for share in [odd, 0.0, 1.0] {
        evaluations.push(errors_against_control(compared, &rule(), AgainstControl { canary_share: share, ..Default::default() }, 1.0));
    }
    for evaluation in evaluations {
        assert_eq!(evaluation.verdict, Verdict::Inconclusive, "{}", evaluation.reason);
        assert!(evaluation.numbers.values().all(|number| number.is_finite()));
    }
}

#[test]
fn constant_latencies_are_compared_without_a_variance() {
    let fine = cohort(500, 1, FAST);
    let compared = Compared::with_control(&fine, &fine);
    assert_eq!(latency_mean_against_control(compared, &rule(), 0.2).verdict, Verdict::Pass);
    assert_eq!(latency_mean_against_control(compared, &rule(), 0.0).verdict, Verdict::Inconclusive);
}
