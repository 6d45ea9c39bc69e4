//! What the users saw: per version and per user. Written by `play`, read by `frame` and `summary`.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::collections::Version;
use crate::traffic::Sample;

/// What "now" means on the screen.
const WINDOW: Duration = Duration::from_secs(3);
const ERRORS_KEPT: usize = 5;

/// Answers of one version.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) answers: u64,
    micros: Vec<u32>,
}

/// One user, as far as this demo promises something to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct User {
    /// The version it belongs to, by its last answer that was no fallback.
    pub(crate) home: Option<Version>,
    /// The same, as far as the present rollout has shown it.
    in_rollout: Option<Version>,
    /// Its last answer was a fallback.
    pub(crate) fell_back: bool,
    pub(crate) saw_error: bool,
    pub(crate) flipped: bool,
    /// When it was first served by the old version again, after a newer one.
    went_back: Option<Instant>,
}

#[derive(Debug)]
pub(crate) struct Counts {
    pub(crate) users: Vec<User>,
    pub(crate) searches: u64,
    pub(crate) errors: u64,
    pub(crate) fallbacks: u64,
    /// The first few errors that users saw, word for word.
    pub(crate) error_texts: Vec<String>,
    tallies: [Tally; Version::ALL.len()],
    recent: VecDeque<Recent>,
    rollout_began: Option<Instant>,
}

#[derive(Debug)]
struct Recent {
    at: Instant,
    version: Version,
    micros: u32,
}

/// What a version did in the last few seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Now {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p95_ms: f64,
}

impl Counts {
    pub(crate) fn new(users: usize) -> Self {
        Self {
            users: vec![User::default(); users],
            searches: 0,
            errors: 0,
            fallbacks: 0,
            error_texts: Vec::new(),
            tallies: Default::default(),
            recent: VecDeque::new(),
            rollout_began: None,
        }
    }

    /// What users were served by before this instant says nothing about flips in the rollout that begins.
    pub(crate) fn begin_rollout(&mut self, now: Instant) {
        self.rollout_began = Some(now);
        for user in &mut self.users {
            (user.in_rollout, user.went_back) = (None, None);
        }
    }

    pub(crate) fn record(&mut self, sample: &Sample) {
        self.searches += 1;
        let user = &mut self.users[sample.user];
        let reply = match &sample.seen {
            Ok(reply) => reply,
            Err(error) => {
                self.errors += 1;
                user.saw_error = true;
                if self.error_texts.len() < ERRORS_KEPT {
                    self.error_texts.push(error.clone());
                }
                return;
            }
        };
        let (micros, finished) = (u32::try_from(sample.took.as_micros()).unwrap_or(u32::MAX), sample.started + sample.took);
        let tally = &mut self.tallies[reply.version as usize];
        tally.answers += 1;
        tally.micros.push(micros);
        self.recent.push_back(Recent { at: finished, version: reply.version, micros });
        self.fallbacks += u64::from(reply.fallback);
        user.fell_back = reply.fallback;
        if reply.fallback {
            return;
        }
        user.home = Some(reply.version);
        if self.rollout_began.is_some_and(|began| sample.started >= began) {
            if user.in_rollout.is_some_and(|before| before > reply.version) {
                user.went_back.get_or_insert(finished);
            }
            user.in_rollout = Some(reply.version);
        }
    }

    /// Until this instant the rollout only raised its share: a user that had gone back by then has flipped.
    pub(crate) fn judge_flips(&mut self, still_forward: Instant) {
        for user in &mut self.users {
            user.flipped |= user.went_back.is_some_and(|at| at < still_forward);
        }
    }

    pub(crate) fn flipped(&self) -> usize {
        self.users.iter().filter(|user| user.flipped).count()
    }

    /// How many users belong to each version.
    pub(crate) fn at_home(&self) -> [usize; Version::ALL.len()] {
        Version::ALL.map(|version| self.users.iter().filter(|user| user.home == Some(version)).count())
    }

    pub(crate) fn tally(&self, version: Version) -> &Tally {
        &self.tallies[version as usize]
    }

    /// What each version did in the last few seconds; forgets what is older.
    pub(crate) fn now(&mut self, now: Instant) -> [Now; Version::ALL.len()] {
        while self.recent.front().is_some_and(|recent| now.saturating_duration_since(recent.at) > WINDOW) {
            self.recent.pop_front();
        }
        Version::ALL.map(|version| {
            let mut micros: Vec<u32> = self.recent.iter().filter(|recent| recent.version == version).map(|recent| recent.micros).collect();
            micros.sort_unstable();
            let per_second = micros.len() as f64 / WINDOW.as_secs_f64();
            Now { per_second, p50_ms: quantile_ms(&micros, 0.50), p95_ms: quantile_ms(&micros, 0.95) }
        })
    }
}

impl Tally {
    pub(crate) fn latency_ms(&self, quantile: f64) -> f64 {
        let mut micros = self.micros.clone();
        micros.sort_unstable();
        quantile_ms(&micros, quantile)
    }
}

/// By nearest rank, of values in order; zero of none.
fn quantile_ms(sorted: &[u32], quantile: f64) -> f64 {
    let rank = (quantile * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).map_or(0.0, |micros| f64::from(*micros) / 1_000.0)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::traffic::Reply;

    pub(crate) fn answer(user: usize, started: Instant, version: Version, fallback: bool) -> Sample {
        let seen = Ok(Reply { version, fallback, title: "Rainbows".to_owned() });
        Sample { user, started, took: Duration::from_millis(2), question: "why is the sky blue", seen }
    }

    pub(crate) fn error(user: usize, started: Instant) -> Sample {
        Sample { seen: Err("500".to_owned()), ..answer(user, started, Version::One, false) }
    }

    #[test]
    fn a_user_that_leaves_the_new_version_while_the_share_grows_has_flipped() {
        let began = Instant::now();
        let mut counts = Counts::new(2);
        counts.begin_rollout(began);
        for (user, version) in [(0, Version::One), (0, Version::Three), (1, Version::Three), (1, Version::One), (1, Version::Three)] {
            counts.record(&answer(user, began, version, false));
        }
        counts.judge_flips(began + Duration::from_secs(1));
        assert_eq!((counts.flipped(), counts.at_home()), (1, [0, 0, 2]));
    }

    #[test]
    fn users_that_a_rollback_returns_have_not_flipped() {
        let began = Instant::now();
        let mut counts = Counts::new(1);
        counts.begin_rollout(began);
        counts.record(&answer(0, began, Version::Two, false));
        counts.record(&answer(0, began + Duration::from_secs(2), Version::One, false));
        counts.judge_flips(began + Duration::from_secs(1));
        assert_eq!(counts.flipped(), 0);
        counts.begin_rollout(began + Duration::from_secs(3));
        counts.judge_flips(began + Duration::from_secs(9));
        assert_eq!(counts.flipped(), 0, "the next rollout does not judge what happened before it");
    }

    #[test]
    fn a_fallback_moves_no_user_and_is_no_error() {
        let began = Instant::now();
        let mut counts = Counts::new(1);
        counts.begin_rollout(began);
        counts.record(&answer(0, began, Version::Two, false));
        counts.record(&answer(0, began, Version::One, true));
        counts.judge_flips(began + Duration::from_secs(1));
        assert_eq!((counts.flipped(), counts.fallbacks, counts.errors, counts.at_home()), (0, 1, 0, [0, 1, 0]));
        assert!(counts.users[0].fell_back);
    }

    #[test]
    fn an_error_that_a_user_saw_is_counted_with_its_text() {
        let mut counts = Counts::new(1);
        counts.record(&error(0, Instant::now()));
        assert_eq!((counts.searches, counts.errors, counts.users[0].saw_error), (1, 1, true));
        assert_eq!(counts.error_texts, ["500"]);
    }

    #[test]
    fn quantiles_are_of_the_nearest_rank_and_old_samples_leave_the_screen() {
        let began = Instant::now();
        let mut counts = Counts::new(1);
        for millis in 1..=100 {
            counts.record(&Sample { took: Duration::from_millis(millis), ..answer(0, began, Version::One, false) });
        }
        let [first, second, _] = counts.now(began + Duration::from_millis(100));
        assert_eq!((first.p50_ms, first.p95_ms, second), (50.0, 95.0, Now::default()));
        assert_eq!(counts.tally(Version::One).latency_ms(0.99), 99.0);
        assert_eq!(counts.now(began + WINDOW * 2)[0], Now::default());
    }
}
