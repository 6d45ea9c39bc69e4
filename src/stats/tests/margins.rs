//! Limits and margins: what is tolerated is not failed, what is beyond is not passed, at any of a hundred looks; and what both
//! cohorts share is not held against one. Seeds are fixed.

use fastrand::Rng;

use super::traffic::{Habits, Population, USUAL};
use crate::stats::guard::{AgainstControl, Minimum, Rule, error_rate, errors_against_control};
use crate::stats::{Cohort, Compared, Verdict};

const LOOKS: usize = 100;
const RUNS: u64 = 200;

/// What the level allows, and two standard errors for the luck of so many runs.
fn rarely(seeds: &[u64], level: f64, what: &str) {
    let allowed = level * RUNS as f64 + 2.0 * (level * RUNS as f64).sqrt();
    assert!(seeds.len() as f64 <= allowed, "{what} in {} of {RUNS} runs, with the seeds {seeds:?}", seeds.len());
}

/// A part of the users, all equally busy, fails so much of what they ask: as clustered as can be where that is all.
fn failing(users: f64, often: f64) -> Habits {
    Habits { unlucky: (users, often), fails: 0.0, busiest: 1.0, ..USUAL }
}

/// Requests fail whosever they are; some users are fifty times as busy as others.
fn scattered(fails: f64) -> Habits {
    Habits { unlucky: (0.0, 0.0), fails, busiest: 50.0, ..USUAL }
}

/// Both cohorts grow look by look; the verdicts of `guard`.
fn verdicts(
    seed: u64,
    [canary, control]: [Habits; 2],
    (users, requests): (usize, usize),
    guard: impl Fn(Compared<'_>) -> Verdict,
) -> Vec<Verdict> {
    let mut random = Rng::with_seed(seed);
    let populations = [canary, control].map(|habits| Population::new(&mut random, users, habits));
    let mut cohorts = [Cohort::default(), Cohort::default()];
    let look = |_| {
        for (population, cohort) in populations.iter().zip(&mut cohorts) {
            population.send(&mut random, requests / LOOKS, cohort);
        }
        guard(Compared::with_control(&cohorts[0], &cohorts[1]))
    };
    (0..LOOKS).map(look).collect()
}

fn seeds_with(verdict: Verdict, sides: [Habits; 2], size: (usize, usize), guard: impl Fn(Compared<'_>) -> Verdict) -> Vec<u64> {
    (0..RUNS).filter(|seed| verdicts(*seed, sides, size, &guard).contains(&verdict)).collect()
}

fn rule() -> Rule {
    Rule { minimum: Minimum { requests: 20, units: 20 }, ..Rule::sharing(0.01, 1.0, 1) }
}

/// A user that fails fails everything: the fewest witnesses that a number of requests can have.
#[test]
fn a_rate_at_the_limit_is_neither_passed_nor_failed_however_clustered_and_few() {
    let sides = [failing(0.05, 1.0), failing(0.0, 0.0)];
    for size in [(60, 600), (200, 2_000)] {
        let guard = |compared: Compared<'_>| error_rate(compared, &rule(), 0.05).verdict;
        rarely(&seeds_with(Verdict::Pass, sides, size, guard), 0.05, "5 % passed as below 5 %");
        rarely(&seeds_with(Verdict::Fail, sides, size, guard), 0.01, "5 % failed as above 5 %");
    }
}

#[test]
fn a_difference_at_the_margin_is_neither_passed_nor_failed() {
    let sides = [failing(0.14, 0.5), failing(0.04, 0.5)];
    let guard = |compared: Compared<'_>| {
        let parameters = AgainstControl { margin: 0.05, ..AgainstControl::default() };
        errors_against_control(compared, &rule(), parameters, 1.0).verdict
    };
    for size in [(100, 1_000), (1_000, 3_000)] {
        rarely(&seeds_with(Verdict::Pass, sides, size, guard), 0.05, "five points passed as fewer");
        rarely(&seeds_with(Verdict::Fail, sides, size, guard), 0.01, "five points failed as more");
    }
}

/// 2.2 % where control has none, and five points are tolerated.
#[test]
fn what_the_margin_tolerates_is_never_rolled_back() {
    let sides = [failing(0.044, 0.5), failing(0.0, 0.0)];
    let guard = |compared: Compared<'_>| {
        let parameters = AgainstControl { margin: 0.05, ..AgainstControl::default() };
        errors_against_control(compared, &rule(), parameters, 0.2).verdict
    };
    let failed = seeds_with(Verdict::Fail, sides, (1_000, 5_000), guard);
    assert!(failed.is_empty(), "failed with the seeds {failed:?}");
    let passed = seeds_with(Verdict::Pass, sides, (1_000, 5_000), guard);
    assert!(passed.len() as u64 * 4 >= 3 * RUNS, "passed in {} of {RUNS} runs", passed.len());
}

/// With the default margin of a canary, one point, and half of what four stages may fail falsely.
#[test]
fn five_percent_tripled_is_found_within_1000_requests_of_each_cohort() {
    let sides = [scattered(0.15), scattered(0.05)];
    let guard = |compared: Compared<'_>| {
        let parameters = AgainstControl { margin: 0.01, ..AgainstControl::default() };
        errors_against_control(compared, &Rule::sharing(0.01, 0.5, 4), parameters, 1.0).verdict
    };
    let found = seeds_with(Verdict::Fail, sides, (500, 1_000), guard);
    assert!(found.len() as u64 * 100 >= 90 * RUNS, "found in {} of {RUNS} runs", found.len());
}

/// For a tenth of the time nothing answers, a little longer for the canary.
#[test]
fn an_outage_of_both_is_not_held_against_the_canary() {
    let judged = |seed| {
        let mut random = Rng::with_seed(seed);
        let populations = [(); 2].map(|()| Population::new(&mut random, 500, failing(0.02, 0.25)));
        let mut cohorts = [Cohort::default(), Cohort::default()];
        (0..LOOKS).any(|look| {
            for (side, (population, cohort)) in populations.iter().zip(&mut cohorts).enumerate() {
                let down = (40..50 + usize::from(side == 0)).contains(&look);
                let ask = if down { Population::fail } else { Population::send };
                ask(population, &mut random, 40, cohort);
            }
            let compared = Compared::with_control(&cohorts[0], &cohorts[1]);
            let parameters = AgainstControl { margin: 0.01, ..AgainstControl::default() };
            let both = [error_rate(compared, &rule(), 0.05), errors_against_control(compared, &rule(), parameters, 0.05)];
            both.iter().any(|judged| judged.verdict == Verdict::Fail)
        })
    };
    let blamed: Vec<u64> = (0..RUNS).filter(|seed| judged(*seed)).collect();
    rarely(&blamed, 0.01, "the canary was blamed");
}

#[test]
fn a_canary_that_fails_alone_beside_a_control_that_is_beyond_its_limit_is_still_found() {
    let sides = [failing(1.0, 0.9), failing(0.2, 0.5)];
    let guard = |compared: Compared<'_>| {
        let parameters = AgainstControl { margin: 0.01, ..AgainstControl::default() };
        error_rate(compared, &rule(), 0.05).verdict.max(errors_against_control(compared, &rule(), parameters, 0.05).verdict)
    };
    let found = seeds_with(Verdict::Fail, sides, (200, 1_000), guard);
    assert_eq!(found.len() as u64, RUNS);
}
