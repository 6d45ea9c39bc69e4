//! Counts what the users saw: per variant, per act and per user. Written by `script`, read by `screen` and `summary`.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::sampling;
use super::traffic::{Sample, Variant};

/// What "now" means on the screen.
const WINDOW: Duration = Duration::from_secs(3);

/// Requests of one variant.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) requests: u64,
    /// The variant failed, `stable` answered, the user noticed nothing.
    pub(super) rescued: u64,
    pub(super) found: u64,
    micros: Vec<u32>,
}

/// One act of the script: everything between two changes.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) title: String,
    /// The candidate's share, in per cent.
    pub(super) weight: u32,
    pub(super) tallies: [Tally; 2],
    /// Whole users, by the variant that each was given since the act began.
    pub(super) users: [usize; 2],
    pub(super) seen_errors: u64,
    began: Instant,
}

/// One user, as far as fairness is concerned.
#[derive(Clone, Debug, Default)]
pub(super) struct User {
    pub(super) variant: Option<Variant>,
    pub(super) saw_error: bool,
    pub(super) just_rescued: bool,
    heard_in_act: bool,
    flipped_back: bool,
}

#[derive(Debug)]
pub(super) struct Watch {
    pub(super) users: Vec<User>,
    pub(super) acts: Vec<Act>,
    /// The first few errors that users saw, word for word.
    pub(super) errors: Vec<String>,
    recent: VecDeque<Recent>,
}

#[derive(Debug)]
struct Recent {
    at: Instant,
    variant: Variant,
    micros: u32,
}

/// What a variant did in the last few seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Now {
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p95_ms: f64,
}

const ERRORS_KEPT: usize = 5;

impl Watch {
    pub(super) fn new(users: usize) -> Self {
        Self { users: vec![User::default(); users], acts: Vec::new(), errors: Vec::new(), recent: VecDeque::new() }
    }

    /// A new act, at the instant at which the change before it was acknowledged.
    pub(super) fn begin(&mut self, title: impl Into<String>, weight: u32, began: Instant) {
        for user in &mut self.users {
            user.heard_in_act = false;
            user.just_rescued = false;
        }
        let (title, tallies) = (title.into(), <[Tally; 2]>::default());
        self.acts.push(Act { title, weight, tallies, users: [0, 0], seen_errors: 0, began });
    }

    pub(super) fn record(&mut self, sample: &Sample) {
        let Some(act) = self.acts.last_mut() else { return };
        let user = &mut self.users[sample.user];
        let reply = match &sample.seen {
            Ok(reply) => reply,
            Err(error) => {
                act.seen_errors += 1;
                user.saw_error = true;
                user.heard_in_act |= sample.started >= act.began;
                if self.errors.len() < ERRORS_KEPT {
                    self.errors.push(error.clone());
                }
                return;
            }
        };
        let micros = u32::try_from(sample.took.as_micros()).unwrap_or(u32::MAX);
        act.tallies[reply.variant as usize].add(reply.rescued, reply.found, micros);
        user.flipped_back |= user.variant == Some(Variant::Candidate) && reply.variant == Variant::Stable;
        user.variant = Some(reply.variant);
        user.just_rescued = reply.rescued;
        // A request that was under way during the change may have been decided by either table.
        if sample.started >= act.began && !user.heard_in_act {
            user.heard_in_act = true;
            act.users[reply.variant as usize] += 1;
        }
        self.recent.push_back(Recent { at: sample.started + sample.took, variant: reply.variant, micros });
    }

    /// Users that no answer has reached since the act began.
    pub(super) fn silent(&self) -> usize {
        self.users.iter().filter(|user| !user.heard_in_act).count()
    }

    /// In a ramp the candidate only ever gains users: one that it loses has been flipped.
    pub(super) fn flipped_back(&self) -> usize {
        self.users.iter().filter(|user| user.flipped_back).count()
    }

    pub(super) fn saw_error(&self) -> usize {
        self.users.iter().filter(|user| user.saw_error).count()
    }

    pub(super) fn rescued(&self) -> u64 {
        self.acts.iter().flat_map(|act| &act.tallies).map(|tally| tally.rescued).sum()
    }

    /// All acts together.
    pub(super) fn total(&self, variant: Variant) -> Tally {
        let mut total = Tally::default();
        for act in &self.acts {
            total.merge(&act.tallies[variant as usize]);
        }
        total
    }

    /// What each variant did in the last few seconds; forgets what is older.
    pub(super) fn now(&mut self, now: Instant) -> [Now; 2] {
        while self.recent.front().is_some_and(|recent| now.saturating_duration_since(recent.at) > WINDOW) {
            self.recent.pop_front();
        }
        Variant::ALL.map(|variant| {
            let mut micros: Vec<u32> = self.recent.iter().filter(|recent| recent.variant == variant).map(|recent| recent.micros).collect();
            micros.sort_unstable();
            let per_second = micros.len() as f64 / WINDOW.as_secs_f64();
            Now { per_second, p50_ms: quantile_ms(&micros, 0.50), p95_ms: quantile_ms(&micros, 0.95) }
        })
    }
}

impl Act {
    /// How many users chance may put on the candidate.
    pub(super) fn bounds(&self) -> (usize, usize) {
        sampling::bounds(self.users.iter().sum(), f64::from(self.weight) / 100.0)
    }

    pub(super) fn share_is_fair(&self) -> bool {
        let (low, high) = self.bounds();
        (low..=high).contains(&self.users[Variant::Candidate as usize])
    }
}

impl Tally {
    fn add(&mut self, rescued: bool, found: bool, micros: u32) {
        self.requests += 1;
        self.rescued += u64::from(rescued);
        self.found += u64::from(found);
        self.micros.push(micros);
    }

    fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.rescued += other.rescued;
        self.found += other.found;
        self.micros.extend_from_slice(&other.micros);
    }

    /// Of the users' questions, the share that found their article among the first few.
    pub(super) fn found_percent(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.found as f64 * 100.0 / self.requests as f64)
    }

    pub(super) fn latency_ms(&self, quantile: f64) -> Option<f64> {
        let mut micros = self.micros.clone();
        micros.sort_unstable();
        (!micros.is_empty()).then(|| quantile_ms(&micros, quantile))
    }
}

/// By nearest rank, of values in order; zero of none.
fn quantile_ms(sorted: &[u32], quantile: f64) -> f64 {
    let rank = (quantile * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).map_or(0.0, |micros| f64::from(*micros) / 1_000.0)
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
