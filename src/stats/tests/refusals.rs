//! Refused requests (4xx): clients that ask wrongly are not held against a canary, a collection that refuses what others serve
//! is. Seeds are fixed; every run that counts prints its own.

use fastrand::Rng;

use super::traffic::{Habits, NEVER, Population, Refused, THRESHOLDS, USUAL};
use crate::stats::guard::{AgainstControl, Rule, client_errors, client_errors_against_control};
use crate::stats::{Cohort, Compared, Evaluation, Outcome, Refusal, Verdict};

const LOOKS: usize = 100;

/// Clients with a mistake of their own: 4 % of the users are refused a third of what they ask, and ask it twenty times more.
const BURSTS: Refused = Refused { users: 0.04, often: 0.33, burst: 20 };

/// A canary, and how many times its users and requests control has.
#[derive(Clone, Copy)]
struct Trial {
    users: usize,
    requests: usize,
    control: usize,
    /// What happens to the users of both, and to the canary's.
    clients: Refused,
    canary: Refused,
}

impl Trial {
    fn judge(&self, canary: &Cohort, control: &Cohort, rule: &Rule, margin: f64) -> Evaluation {
        let canary_share = 1.0 / (1.0 + self.control as f64);
        client_errors_against_control(Compared::with_stable(canary, control), rule, AgainstControl { canary_share, margin })
    }

    /// The look at which it is failed first.
    fn failed(&self, seed: u64, rule: &Rule, margin: f64, busiest: f64) -> Option<usize> {
        let mut random = Rng::with_seed(seed);
        let sides = [(1, self.canary), (self.control, self.clients)];
        let populations = sides.map(|(times, refused)| {
            let habits = Habits { refused, busiest, ..USUAL };
            (times, Population::new(&mut random, times * self.users, habits))
        });
        let mut cohorts = [Cohort::default(), Cohort::default()];
        (1..=LOOKS).find(|_| {
            for ((times, population), cohort) in populations.iter().zip(&mut cohorts) {
                population.send(&mut random, times * self.requests / LOOKS, cohort);
            }
            self.judge(&cohorts[0], &cohorts[1], rule, margin).verdict == Verdict::Fail
        })
    }

    /// With all that a canary may fail falsely.
    fn is_not_rolled_back(self) {
        const RUNS: u64 = 334;
        for margin in [0.0, 0.02] {
            let rule = Rule::sharing(0.01, 1.0, 1);
            let failed: Vec<u64> = (0..RUNS).filter(|seed| self.failed(*seed, &rule, margin, USUAL.busiest).is_some()).collect();
            assert!(failed.len() as u64 * 100 <= RUNS, "margin {margin}: {} of {RUNS} were rolled back, seeds {failed:?}", failed.len());
        }
    }

    /// By the default share of alpha and the default margin. Some users are fifty times as busy as others.
    fn is_found_in_95_of_100(self) {
        const RUNS: u64 = 100;
        let rule = Rule::sharing(0.01, 0.2, 4);
        let missed: Vec<u64> = (0..RUNS).filter(|seed| self.failed(*seed, &rule, 0.02, 50.0).is_none()).collect();
        assert!(missed.len() as u64 * 20 <= RUNS, "missed in {} of {RUNS} runs, with the seeds {missed:?}", missed.len());
    }
}

const EQUAL: Trial = Trial { users: 300, requests: 1_500, control: 1, clients: BURSTS, canary: BURSTS };

#[test]
fn bursts_of_clients_are_not_held_against_a_canary_of_one_percent() {
    Trial { users: 60, requests: 600, ..EQUAL }.is_not_rolled_back();
}

#[test]
fn bursts_of_clients_are_not_held_against_a_canary_of_five_percent() {
    EQUAL.is_not_rolled_back();
}

#[test]
fn bursts_of_clients_are_not_held_against_a_canary_that_all_of_stable_is_compared_with() {
    Trial { users: 100, requests: 500, control: 19, ..EQUAL }.is_not_rolled_back();
}

#[test]
fn bursts_of_clients_are_not_held_against_a_canary_of_half() {
    Trial { users: 1_500, requests: 3_000, ..EQUAL }.is_not_rolled_back();
}

/// A filter that a tenth of the users have, by an index that the new collection lacks.
const NO_INDEX: Refused = Refused { users: 0.1, often: 1.0, burst: 0 };

#[test]
fn a_collection_that_refuses_a_tenth_of_the_users_is_found_within_1000_canary_requests() {
    Trial { users: 500, requests: 1_000, control: 19, clients: NEVER, canary: NO_INDEX }.is_found_in_95_of_100();
}

#[test]
fn a_collection_that_refuses_a_fifth_of_the_users_is_found_beside_clients_with_mistakes_and_an_equal_control() {
    let canary = Refused { users: 0.24, often: 1.0, burst: 0 };
    Trial { users: 500, requests: 1_000, control: 1, clients: Refused { burst: 0, ..BURSTS }, canary }.is_found_in_95_of_100();
}

#[test]
fn a_collection_that_refuses_everything_is_found_within_30_units() {
    let trial = Trial { users: 30, requests: 100, control: 1, clients: NEVER, canary: Refused { users: 1.0, often: 1.0, burst: 0 } };
    let found = trial.failed(1, &Rule::sharing(0.01, 0.2, 4), 0.02, 50.0);
    assert!(found.is_some(), "{found:?}");
}

fn of(answered: u64, refused: u64, refusal: Refusal) -> Cohort {
    let mut cohort = Cohort::default();
    let unit = |unit: u64| (unit + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..answered).for_each(|at| cohort.record(unit(at), Outcome::Answered { latency_us: 1, bytes: 1, found: None }, THRESHOLDS));
    (answered..answered + refused).for_each(|at| cohort.record(unit(at), Outcome::Refused(refusal), THRESHOLDS));
    cohort
}

#[test]
fn a_failure_names_the_statuses() {
    let (canary, control) = (of(0, 40, Refusal::Unauthorized), of(40, 0, Refusal::Other));
    let compared = Compared::with_stable(&canary, &control);
    let judged = client_errors_against_control(compared, &Rule::sharing(0.01, 0.2, 4), AgainstControl::default());
    assert_eq!(judged.verdict, Verdict::Fail, "{}", judged.reason);
    assert!(judged.reason.starts_with("40 of the 40 units with a refused request (4xx) are the canary's"), "{}", judged.reason);
    assert!(judged.reason.ends_with("(the canary's are refused with 401 or 403)"), "{}", judged.reason);
    assert_eq!((judged.number("canary"), judged.number("control"), judged.number("refused")), (Some(1.0), Some(0.0), Some(40.0)));
}

#[test]
fn where_both_are_refused_alike_nothing_is_held_against_the_canary() {
    let both = of(600, 200, Refusal::Missing);
    let judged =
        client_errors_against_control(Compared::with_stable(&both, &both), &Rule::sharing(0.01, 0.2, 4), AgainstControl::default());
    assert_eq!(judged.verdict, Verdict::Inconclusive, "{}", judged.reason);
}

#[test]
fn without_refusals_so_many_users_are_enough_and_the_rest_is_told() {
    let rule = Rule { minimum: crate::stats::guard::Minimum { requests: 50, units: 50 }, ..Rule::sharing(0.01, 0.2, 4) };
    let judge = |count| {
        let cohort = of(count, 0, Refusal::Other);
        client_errors_against_control(Compared::with_stable(&cohort, &cohort), &rule, AgainstControl::default())
    };
    let few = judge(100);
    assert_eq!(few.verdict, Verdict::Inconclusive, "{}", few.reason);
    let needed = few.number("clean_units_needed").expect("it is told") as u64;
    assert!(few.reason.ends_with(&format!("about {needed} more clean users are needed")), "{}", few.reason);
    assert_eq!(judge(100 + needed).verdict, Verdict::Pass, "{}", judge(100 + needed).reason);
}

#[test]
fn without_a_control_a_limit_stands_in_for_it() {
    let judge = |refused| {
        let cohort = of(1_000 - refused, refused, Refusal::Other);
        client_errors(Compared::alone(&cohort), &Rule::sharing(0.01, 0.2, 4), 0.25).verdict
    };
    assert_eq!([judge(0), judge(250), judge(600)], [Verdict::Pass, Verdict::Inconclusive, Verdict::Fail]);
}

/// None of its units has an answer, so those that were refused are all there are to go by.
#[test]
fn a_collection_that_refuses_everything_is_found_without_a_control() {
    let judge = |refused| {
        let cohort = of(0, refused, Refusal::Missing);
        client_errors(Compared::alone(&cohort), &Rule::sharing(0.01, 0.2, 4), 0.2)
    };
    let found = judge(30);
    assert_eq!(found.verdict, Verdict::Fail, "{}", found.reason);
    assert!(found.reason.ends_with("(the canary's are refused with 404)"), "{}", found.reason);
    assert_eq!(judge(2).verdict, Verdict::Inconclusive, "{}", judge(2).reason);
}

#[test]
fn a_unit_that_is_refused_a_thousand_times_proves_nothing_without_a_control() {
    let mut cohort = Cohort::default();
    (0..2_000_u64).for_each(|at| cohort.record(at % 2, Outcome::Refused(Refusal::Other), THRESHOLDS));
    let judged = client_errors(Compared::alone(&cohort), &Rule::sharing(0.01, 0.2, 4), 0.2);
    assert_eq!(judged.verdict, Verdict::Inconclusive, "{}", judged.reason);
}
