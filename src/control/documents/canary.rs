//! A canary as it is stored: the machine, and the latencies its current window is compared with.

use serde::{Deserialize, Serialize};

use super::{Documents, Observations, Place, Resource, Stored};
use crate::config::DEFAULT_UPSTREAM;
use crate::control::clock;
use crate::metrics::Latencies;
use crate::rollout::loss::Stake;
use crate::rollout::{Canary, Guard, Rule, Share, State, Statistic};
use crate::store::{Kind, Timestamp};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::control) struct CanaryDocument {
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

impl CanaryDocument {
    pub(in crate::control) fn new(canary: Canary) -> Self {
        Self { canary, frozen: Frozen::default(), revision: 0 }
    }

    pub(in crate::control) fn alias(&self) -> &str {
        &self.canary.plan().spec().alias
    }

    /// The collection that is to take the alias, with the name of its upstream.
    pub(in crate::control) fn candidate(&self) -> (&str, &str) {
        let spec = self.canary.plan().spec();
        (spec.upstream.as_deref().unwrap_or(DEFAULT_UPSTREAM), &spec.collection)
    }

    /// What the names of the current window's counters and observations begin with.
    pub(in crate::control) fn scope(&self) -> String {
        self.scope_of_window(self.canary.window())
    }

    /// The comparison's, where there was one: what it has found is kept as long as the canary.
    pub(in crate::control) fn scope_of_comparison(&self) -> Option<String> {
        self.canary.compared_in().map(|window| self.scope_of_window(window))
    }

    fn scope_of_window(&self, window: u64) -> String {
        format!("{}{window}/", self.scope_of_all())
    }

    fn scope_of_all(&self) -> String {
        format!("canary/{}/", self.canary.id())
    }

    /// Whether requests are being counted.
    pub(in crate::control) fn is_counting(&self) -> bool {
        match self.canary.state() {
            State::Stepping | State::Paused { .. } | State::Promoting => self.canary.share() > Share::ZERO,
            State::Watching => true,
            _ => false,
        }
    }

    /// How many windows share the false rollbacks that are allowed to it: the stages, and the comparison before them.
    pub(in crate::control) fn windows(&self) -> usize {
        let plan = self.canary.plan();
        plan.stages().len() + usize::from(plan.spec().shadow.is_some())
    }

    /// The guards that are judged now.
    pub(in crate::control) fn guards(&self) -> &[Guard] {
        let plan = self.canary.plan();
        if matches!(self.canary.state(), State::Watching) { &plan.spec().guards } else { plan.guards(self.canary.stage()) }
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

impl Stored for CanaryDocument {
    const KIND: Kind = Kind::new("canary");

    fn stored_at(self, _: &str, revision: u64) -> Self {
        Self { revision, ..self }
    }

    fn due_at(&self) -> Option<Timestamp> {
        self.canary.due_at().map(clock::stored)
    }
}

impl Resource for CanaryDocument {
    fn id(&self) -> &str {
        self.canary.id()
    }

    fn is_live(&self) -> bool {
        !self.canary.state().is_terminal()
    }

    fn held_alias(&self) -> Option<&str> {
        self.stands_on()
    }

    fn stands_on(&self) -> Option<&str> {
        self.is_live().then(|| self.alias())
    }

    fn places(&self, _: &Documents) -> Vec<Place<'_>> {
        if !self.is_live() {
            return Vec::new();
        }
        let spec = self.canary.plan().spec();
        let stable = self.canary.stable().map(|stable| (None, stable));
        let upstream = spec.upstream.as_deref().filter(|upstream| *upstream != DEFAULT_UPSTREAM);
        std::iter::once((upstream, spec.collection.as_str())).chain(stable).collect()
    }

    fn stake_of_move(&self, alias: &str, from: &str, to: &str) -> Option<Stake> {
        if !self.is_live() || self.alias() != alias {
            return None;
        }
        match (self.canary.stable()?, self.canary.plan().spec().collection.as_str()) {
            between if between == (from, to) => Some(self.canary.stake_ahead().clone()),
            between if between == (to, from) => self.canary.stake_back().cloned(),
            _ => None,
        }
    }

    /// What its comparison has found is shown as long as it is kept.
    fn observations(&self) -> Option<Observations> {
        Some(Observations { prefix: self.scope_of_all(), kept: self.scope_of_comparison() })
    }

    fn arms(&self) -> Vec<(&str, Place<'_>)> {
        let spec = self.canary.plan().spec();
        let place = (spec.upstream.as_deref(), spec.collection.as_str());
        self.is_live().then_some(("canary", place)).into_iter().collect()
    }

    fn counted_under(&self) -> Option<String> {
        self.is_counting().then(|| self.scope())
    }

    fn compared_under(&self) -> Option<String> {
        self.canary.shadow().map(|_| self.scope())
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
