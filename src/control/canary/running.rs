//! A canary as it is stored: the machine, and the latencies its current window is compared with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metrics::Latencies;
use crate::rollout::{Canary, Guard, Rule, Statistic};

pub(in crate::control) type Canaries = BTreeMap<String, Running>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::control) struct Running {
    pub(in crate::control) canary: Canary,
    pub(in crate::control) frozen: Frozen,
    /// The store's revision of the last change; its `ETag`.
    #[serde(skip)]
    pub(in crate::control) revision: u64,
}

/// What answers of one window are compared with. Chosen when the window begins, by one replica for all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::control) struct Frozen {
    pub(in crate::control) window: u64,
    /// One for each tail guard, in their order; one more where there is none, for errors have to be counted somewhere.
    pub(in crate::control) latencies: Vec<Threshold>,
    /// The share of stable's reads that were refused with a 4xx before, as far as the replica that froze it has seen.
    #[serde(default)]
    pub(in crate::control) usually_refused: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::control) struct Threshold {
    pub(in crate::control) limit_us: u64,
    pub(in crate::control) reference_us: u64,
}

impl From<Threshold> for Latencies {
    fn from(threshold: Threshold) -> Self {
        Self { limit_us: threshold.limit_us, reference_us: threshold.reference_us }
    }
}

/// Where nothing is said about latencies.
const UNSAID: Threshold = Threshold { limit_us: 200_000, reference_us: 200_000 };

impl Running {
    pub(in crate::control) fn new(canary: Canary) -> Self {
        Self { canary, frozen: Frozen::default(), revision: 0 }
    }

    pub(in crate::control) fn is_live(&self) -> bool {
        !self.canary.state().is_terminal()
    }

    /// What people call it.
    pub(in crate::control) fn name(&self) -> String {
        format!("the canary `{}`", self.canary.id())
    }

    /// The collections it leads to, with the names of their upstreams where those are not the default one.
    pub(in crate::control) fn places(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let spec = self.canary.plan().spec();
        let stable = self.canary.stable().map(|stable| (None, stable));
        std::iter::once((spec.upstream.as_deref(), spec.collection.as_str())).chain(stable)
    }

    /// How many windows share the false rollbacks that are allowed to it: the stages, and the comparison before them.
    pub(super) fn windows(&self) -> usize {
        let plan = self.canary.plan();
        plan.stages().len() + usize::from(plan.spec().shadow.is_some())
    }

    /// The guards that are judged now.
    pub(in crate::control) fn guards(&self) -> &[Guard] {
        let plan = self.canary.plan();
        if matches!(self.canary.state(), crate::rollout::State::Watching) { &plan.spec().guards } else { plan.guards(self.canary.stage()) }
    }

    /// Freezes the latencies of the current window, if that is a new one. `usual_us` gives what a quantile of stable's
    /// latencies has been so far, where anything was seen.
    pub(in crate::control) fn freeze(&mut self, usual_us: impl Fn(f64) -> Option<f64>, usually_refused: impl FnOnce() -> Option<f64>) {
        let window = self.canary.window();
        if self.frozen.window == window && !self.frozen.latencies.is_empty() {
            return;
        }
        let mut latencies: Vec<Threshold> = self.guards().iter().filter_map(|guard| threshold(&guard.rule, &usual_us)).collect();
        if latencies.is_empty() {
            latencies.push(UNSAID);
        }
        self.frozen = Frozen { window, latencies, usually_refused: usually_refused().unwrap_or_default() };
    }
}

/// The quantile of a tail guard.
pub(in crate::control) fn quantile(statistic: Statistic) -> Option<f64> {
    match statistic {
        Statistic::P50 => Some(0.50),
        Statistic::P95 => Some(0.95),
        Statistic::P99 => Some(0.99),
        Statistic::Mean => None,
    }
}

/// "Not worse than control by a quarter" is asked as: are answers slower than five quarters of what is usual as rare as
/// such a quantile says?
fn threshold(rule: &Rule, usual_us: impl Fn(f64) -> Option<f64>) -> Option<Threshold> {
    let Rule::Latency { statistic, max_ms, relative_margin } = rule else { return None };
    let quantile = quantile(*statistic)?;
    let limit_us = microseconds(max_ms * 1000.0);
    let reference = usual_us(quantile).zip(*relative_margin).map(|(usual, margin)| microseconds(usual * (1.0 + margin)));
    Some(Threshold { limit_us, reference_us: reference.unwrap_or(limit_us) })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "plans are checked: a finite number above zero")]
fn microseconds(value: f64) -> u64 {
    value.round().max(1.0) as u64
}
