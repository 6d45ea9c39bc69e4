//! Made-up traffic of the kind that breaks tests: few users make most of the requests, and each user's requests are alike.

use fastrand::Rng;

use crate::stats::{Cohort, Found, Outcome, Refusal, Thresholds};

pub(super) const THRESHOLDS: Thresholds = Thresholds { limit_us: 200_000, reference_us: 8_000 };

/// How a population behaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// The part of the users who fail often, and how often; all others fail rarely.
    pub(super) unlucky: (f64, f64),
    pub(super) fails: f64,
    /// The average share of a user's answers beyond the reference; users differ by an exponential distribution.
    pub(super) slow: f64,
    /// The part of slow answers that are beyond the limit too.
    pub(super) very_slow: f64,
    /// How many times as active the busiest user may be as the laziest.
    pub(super) busiest: f64,
    pub(super) refused: Refused,
}

/// Requests that are refused with a 4xx.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    /// The part of the users to whom it happens, and how often.
    pub(super) users: f64,
    pub(super) often: f64,
    /// How many times such a user asks the same again at once.
    pub(super) burst: usize,
}

pub(super) const NEVER: Refused = Refused { users: 0.0, often: 0.0, burst: 0 };

/// 2 % of the users fail a quarter of their requests, others 0.2 %; 5 % of the answers are slow.
pub(super) const USUAL: Habits =
    Habits { unlucky: (0.02, 0.25), fails: 0.002, slow: 0.05, very_slow: 0.2, busiest: 5_000.0, refused: NEVER };

struct User {
    hash: u64,
    fails: f64,
    slow: f64,
    empty: f64,
    /// The middle of the scores of its best hits.
    score: f64,
    /// The middle of its usual latencies.
    pace_us: f64,
    refused: f64,
}

/// The users of one cohort.
pub(super) struct Population {
    users: Vec<User>,
    /// The activity of all users up to each: whom a request is from is a search in it.
    activity: Vec<f64>,
    very_slow: f64,
    burst: usize,
}

impl Population {
    pub(super) fn new(random: &mut Rng, users: usize, habits: Habits) -> Self {
        let mut total = 0.0;
        let activity = std::iter::repeat_with(|| {
            // Pareto with shape 1.3.
            total += (1.0 - random.f64()).powf(-1.0 / 1.3).min(habits.busiest);
            total
        });
        let activity = activity.take(users).collect();
        let users = std::iter::repeat_with(|| User::new(random, habits)).take(users).collect();
        Self { users, activity, very_slow: habits.very_slow, burst: habits.refused.burst }
    }

    /// The next requests of this population.
    pub(super) fn send(&self, random: &mut Rng, requests: usize, cohort: &mut Cohort) {
        for _ in 0..requests {
            let user = self.next(random);
            // Nothing is drawn for a user to whom it never happens.
            if user.refused > 0.0 && random.f64() < user.refused {
                let refused = Outcome::Refused(Refusal::Other);
                (0..=self.burst).for_each(|_| cohort.record(user.hash, refused, THRESHOLDS));
                continue;
            }
            cohort.record(user.hash, user.ask(random, self.very_slow), THRESHOLDS);
        }
    }

    /// As many, all of them failures.
    pub(super) fn fail(&self, random: &mut Rng, requests: usize, cohort: &mut Cohort) {
        (0..requests).for_each(|_| cohort.record(self.next(random).hash, Outcome::Failed, THRESHOLDS));
    }

    /// The user whom a request is from.
    pub(super) fn pick(&self, random: &mut Rng) -> u64 {
        self.next(random).hash
    }

    fn next(&self, random: &mut Rng) -> &User {
        let at = random.f64() * self.activity.last().copied().unwrap_or_default();
        &self.users[self.activity.partition_point(|reached| *reached <= at).min(self.users.len() - 1)]
    }
}

impl User {
    fn new(random: &mut Rng, habits: Habits) -> Self {
        let (unlucky, often) = habits.unlucky;
        let hash = random.u64(..);
        Self {
            hash,
            fails: if random.f64() < unlucky { often } else { habits.fails },
            slow: (-habits.slow * (1.0 - random.f64()).ln()).min(0.9),
            empty: if random.f64() < 0.03 { 0.5 } else { 0.01 },
            pace_us: 2_000.0 + 4_000.0 * random.f64(),
            score: 0.6 + 0.003 * (hash % 100) as f64,
            refused: if habits.refused.users > 0.0 && random.f64() < habits.refused.users { habits.refused.often } else { 0.0 },
        }
    }

    fn ask(&self, random: &mut Rng, very_slow: f64) -> Outcome {
        if random.f64() < self.fails {
            return Outcome::Failed;
        }
        let latency_us = match random.f64() < self.slow {
            true if random.f64() < very_slow => 300_000.0,
            true => 8_001.0 + 60_000.0 * random.f64(),
            false => self.pace_us * (0.7 + 0.6 * random.f64()),
        };
        let luck = random.f64();
        let found = if luck < self.empty { Found::Nothing } else { Found::Best((1e6 * (self.score + 0.05 * (luck - 0.5))) as i64) };
        Outcome::Answered { latency_us: latency_us as u64, bytes: 900, found: Some(found) }
    }
}
