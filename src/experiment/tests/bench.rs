//! Made-up experiments: users who come by the real assignment, are heavy-tailed in how often, and alike in what they do.

use std::collections::HashSet;

use fastrand::Rng;

use crate::config::Timestamp;
use crate::experiment::analysis::{Question, Report, analyse};
use crate::experiment::{Experiment, ExperimentSpec, Phase, Range, Seen};
use crate::stats::{Cohort, Found, Outcome, Refusal, Thresholds};

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_000_000);
const THRESHOLDS: Thresholds = Thresholds { limit_us: u64::MAX, reference_us: u64::MAX };

/// `json` over a spec with one binary goal `click` on the alias `docs`.
pub(super) fn spec(json: &serde_json::Value) -> ExperimentSpec {
    let mut whole = serde_json::json!({
        "name": "test", "alias": "docs", "treatment": "docs_v2", "metrics": [{"name": "click", "kind": "binary"}],
    });
    if let (Some(whole), Some(over)) = (whole.as_object_mut(), json.as_object()) {
        whole.extend(over.clone());
    }
    let spec: ExperimentSpec = serde_json::from_value(whole).expect("the form of a spec");
    spec.normalized(&HashSet::new()).expect("a proper spec")
}

pub(super) fn running(id: &str, json: &serde_json::Value) -> Experiment {
    Experiment::create(id, spec(json), NOW, "tester", "to see")
}

/// What users do in one arm.
#[derive(Clone, Copy)]
pub(super) struct Habits {
    /// The mean share of clicks; users differ around it.
    pub(super) clicks: f64,
    pub(super) errors: f64,
    pub(super) latency_ms: f64,
    /// The share of requests that are refused with a 4xx.
    pub(super) refused: f64,
}

pub(super) const USUAL: Habits = Habits { clicks: 0.3, errors: 0.01, latency_ms: 20.0, refused: 0.0 };

/// A running experiment and what was seen of it.
pub(super) struct Trial {
    pub(super) experiment: Experiment,
    pub(super) seen: Seen,
    random: Rng,
    users: u64,
}

impl Trial {
    pub(super) fn new(seed: u64, json: &serde_json::Value) -> Self {
        let experiment = running(&format!("exp_test_{seed}"), json);
        let seen = Seen::of(experiment.spec().arms.len());
        Self { experiment, seen, random: Rng::with_seed(seed), users: 0 }
    }

    pub(super) fn phase(&self) -> &Phase {
        self.experiment.phase().expect("it runs")
    }

    /// So many more users, each with all of its requests. `lost` is the share of users of each arm that is never reported.
    pub(super) fn users(&mut self, count: u64, habits: impl Fn(usize) -> Habits, lost: impl Fn(usize) -> f64) {
        for _ in 0..count {
            self.users += 1;
            let unit = format!("user-{}", self.users);
            let assigned = self.experiment.assign(self.phase(), unit.as_bytes());
            let Some(arm) = assigned.arm else { continue };
            if self.random.f64() < lost(arm) {
                continue;
            }
            self.visit(arm, assigned.hash, habits(arm));
        }
    }

    fn visit(&mut self, arm: usize, hash: u64, habits: Habits) {
        let random = &mut self.random;
        // Pareto with shape 1.5, no more than two hundred.
        let requests = (1.0 - random.f64()).powf(-1.0 / 1.5).min(200.0) as usize;
        // Users differ: by a factor of up to two in what they click, of up to three in how long they wait.
        let (likes, pace) = (habits.clicks * (0.5 + random.f64()), habits.latency_ms * 3.0_f64.powf(random.f64() - 0.5));
        let seen = &mut self.seen.arms[arm];
        seen.latencies.resize_with(crate::experiment::LATENCY_GROUPS, || vec![0; 200]);
        for _ in 0..requests {
            // Nothing is drawn where it never happens.
            if habits.refused > 0.0 && random.f64() < habits.refused {
                seen.cohort.record(hash, Outcome::Refused(Refusal::Other), THRESHOLDS);
                continue;
            }
            let failed = random.f64() < habits.errors;
            let latency_us = (pace * (0.5 + random.f64()) * 1_000.0) as u64;
            let outcome = if failed {
                Outcome::Failed
            } else {
                Outcome::Answered { latency_us, bytes: 900 + latency_us % 100, found: Some(Found::Best(500_000)) }
            };
            seen.cohort.record(hash, outcome, THRESHOLDS);
            if !failed {
                let bucket = Cohort::bucket(hash);
                seen.latencies[bucket % crate::experiment::LATENCY_GROUPS][(latency_us / 1_000).min(199) as usize] += 1;
            }
            let click = f64::from(u8::from(random.f64() < likes));
            seen.values.entry("click".to_owned()).or_default().record(Cohort::bucket(hash), click, 1.0);
        }
    }

    /// So many more users whose requests were all interleaved. `taste` is how much likelier a user picks a hit of the
    /// treatment than one of the control; users differ around it, and are alike in themselves.
    pub(super) fn choosers(&mut self, count: u64, taste: f64) {
        for _ in 0..count {
            self.users += 1;
            let unit = format!("user-{}", self.users);
            let assigned = self.phase().assign(self.experiment.id(), unit.as_bytes());
            let Some(arm) = assigned.arm else { continue };
            let random = &mut self.random;
            let requests = (1.0 - random.f64()).powf(-1.0 / 1.5).min(200.0) as usize;
            // From one who nearly always picks the control's to one who nearly never does.
            let picks_treatment = (0.5 + taste + 0.8 * (random.f64() - 0.5)).clamp(0.0, 1.0);
            let seen = &mut self.seen.arms[arm];
            seen.interleaved += requests as u64;
            let credits = self.seen.credits.entry("click".to_owned()).or_default();
            for _ in 0..requests {
                let found = Some(Found::Best(500_000));
                let outcome = Outcome::Answered { latency_us: 20_000, bytes: 900, found };
                seen.paired.get_or_insert_default().record(assigned.hash, outcome, THRESHOLDS);
                if random.f64() < 0.3 {
                    let treatment = random.f64() < picks_treatment;
                    let wins = if treatment { [0.0, 1.0] } else { [1.0, 0.0] };
                    credits.record(Cohort::bucket(assigned.hash), wins);
                }
            }
        }
    }

    /// One more request to both arms of each user of this one, which it could not serve.
    pub(super) fn failures(&mut self, arm: usize) {
        for user in 1..=self.users {
            let assigned = self.phase().assign(self.experiment.id(), format!("user-{user}").as_bytes());
            if assigned.arm == Some(arm) {
                self.seen.arms[arm].paired.get_or_insert_default().record(assigned.hash, Outcome::Failed, THRESHOLDS);
            }
        }
    }

    pub(super) fn report(&self, at_the_end: bool) -> Report {
        self.report_of(None, at_the_end)
    }

    pub(super) fn report_of(&self, range: Option<Range>, at_the_end: bool) -> Report {
        let bounds: Vec<f64> = (0..=200).map(f64::from).collect();
        analyse(&Question {
            id: self.experiment.id(),
            spec: self.experiment.spec(),
            phase: self.phase(),
            range,
            seen: &self.seen,
            before: None,
            control_was: self.experiment.control_was(),
            bounds: &bounds,
            now: NOW,
            at_the_end,
        })
    }
}
