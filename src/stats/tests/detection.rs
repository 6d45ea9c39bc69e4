//! How soon a canary at 5 % weight that fails three times as often is found, by the default share of alpha. The whole table
//! is in docs/statistics.md.
//!
//! Only failures are simulated, with exponential gaps between them: nothing else touches the test.

use fastrand::Rng;

use super::traffic::{Habits, Population, USUAL};
use crate::stats::{EventSplit, Rule, UnitSet};

/// The canary's users; control has [`Trial::control`] times as many.
const USERS: usize = 500;
/// The canary's requests at which a run is given up.
const PATIENCE: f64 = 1_000.0;
/// Some users are fifty times as busy as others; whom a request is from says nothing about whether it fails.
const HABITS: Habits = Habits { busiest: 50.0, ..USUAL };

#[derive(Clone, Copy)]
struct Trial {
    /// Control's error rate; the canary's is three times that.
    base: f64,
    /// How many times the canary's users and requests control has.
    control: f64,
}

impl Trial {
    /// Does the guard against control fail in time?
    fn found(self, seed: u64) -> bool {
        let mut random = Rng::with_seed(seed);
        let split = EventSplit::new(1.0 / (1.0 + self.control), 1.0).expect("a share");
        let enough = -Rule::sharing(0.01, 0.5, 4).alpha.ln();
        let users = [USERS, (USERS as f64 * self.control) as usize].map(|users| Population::new(&mut random, users, HABITS));
        let mut failed = [UnitSet::default(), UnitSet::default()];
        // Failures by canary request: three times the rate there, and so many times the requests in control.
        let (in_canary, in_control) = (3.0 * self.base, self.control * self.base);
        let mut requests = 0.0;
        loop {
            requests -= (1.0 - random.f64()).ln() / (in_canary + in_control);
            if requests > PATIENCE {
                return false;
            }
            let side = usize::from(random.f64() * (in_canary + in_control) >= in_canary);
            failed[side].insert(users[side].pick(&mut random));
            let [canary, control] = [&failed[0], &failed[1]].map(|set| u64::from(set.occupied()));
            if split.ln_e_value(canary, control) >= enough {
                return true;
            }
        }
    }

    fn is_found_in_95_of_100(self, runs: u64) {
        let missed: Vec<u64> = (0..runs).filter(|seed| !self.found(*seed)).collect();
        assert!(missed.len() as u64 * 20 <= runs, "missed in {} of {runs} runs, with the seeds {missed:?}", missed.len());
    }
}

#[test]
fn two_percent_tripled_is_found_within_1000_canary_requests_against_all_of_stable() {
    Trial { base: 0.02, control: 19.0 }.is_found_in_95_of_100(100);
}

#[test]
fn five_percent_tripled_is_found_within_1000_canary_requests_against_an_equal_control() {
    Trial { base: 0.05, control: 1.0 }.is_found_in_95_of_100(400);
}

/// One look at a moment chosen beforehand, control's rate known exactly, every request a user of its own, alpha a
/// generous 5 %: of the fifteen errors that 1.5 % makes in a thousand requests still too few are surprising.
#[test]
fn half_a_percent_tripled_is_beyond_every_test_within_1000_canary_requests() {
    let at_least = |count: u32, mean: f64| {
        let mut chance = (-mean).exp();
        let mut below = 0.0;
        for so_many in 0..count {
            below += chance;
            chance *= mean / f64::from(so_many + 1);
        }
        1.0 - below
    };
    let surprising = (0..).find(|count| at_least(*count, 5.0) <= 0.05).expect("a count");
    assert!(at_least(surprising, 15.0) < 0.95);
}
