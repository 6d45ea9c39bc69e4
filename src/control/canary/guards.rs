//! The guards of a plan, put to the statistics.

use super::observed::Observed;
use super::readings::{self, Bounds, Readings};
use crate::control::documents::{CanaryDocument, Threshold, quantile};
use crate::control::plan::{NoValue, Plan};
use crate::rollout::{Evaluation, Guard, Rule, Share, Verdict};
use crate::stats::guard::{
    self, AgainstControl, Compared, Minimum, client_errors, client_errors_against_control, empty_share, empty_share_against_control,
    error_rate, errors_against_control, latency_mean, latency_mean_against_control, latency_tail, latency_tail_against_control, top_score,
    top_score_against_control,
};
use crate::stats::{Cohort, Thresholds};

/// The chance of a false rollback, over all guards and stages of a canary.
pub(super) const ALPHA: f64 = 0.01;

/// Of a limit that every share is within nothing could be asked.
const NEARLY_ALL: f64 = 0.999;

/// Why a guard cannot be judged under this configuration; none when it can.
pub(super) fn unsupported(rule: &Rule, plan: &Plan) -> Option<&'static str> {
    match rule {
        Rule::EmptyResults { .. } | Rule::TopScore { .. } if plan.settings.answers.sample == 0.0 => {
            Some("`answers.sample` is 0, so no answer is looked at and this guard could never pass")
        }
        Rule::Prometheus { .. } if plan.prometheus.is_none() => {
            Some("no Prometheus is configured (`prometheus.url`), so this guard could never pass")
        }
        _ => None,
    }
}

/// Every guard's verdict on what was seen, and on what Prometheus said to those that ask it.
pub(super) fn judge(document: &CanaryDocument, seen: &Observed, readings: &Readings) -> Vec<Evaluation> {
    let guards = document.guards();
    let counted = guards.iter().filter(|guard| !matches!(guard.rule, Rule::Prometheus { .. }));
    let questions: u32 = counted.map(|guard| 1 + u32::from(compares(&guard.rule))).sum();
    let part = 1.0 / f64::from(questions.max(1));
    let spec = document.canary.plan().spec();
    let minimum = Minimum { requests: spec.minimum_requests, units: spec.minimum_units };
    let rule = guard::Rule { minimum, ..guard::Rule::sharing(ALPHA, part, document.windows()) };
    let mut tails = document.frozen.latencies.iter().copied().enumerate();
    let bench = Bench {
        seen,
        rule,
        share: document.canary.share(),
        usually_refused: document.frozen.usually_refused,
        nobody: Cohort::default(),
        stable: seen.stable().unwrap_or_default(),
    };
    let judge = |guard: &Guard| match &guard.rule {
        Rule::Prometheus { max, min, looks, .. } => {
            let reading = readings.get(document.canary.id()).and_then(|readings| readings.get(guard.name()));
            let bounds = Bounds { max: *max, min: *min, looks: *looks };
            readings::judge(guard, &bounds, reading.unwrap_or(&Err(NoValue::NotAsked)), document.canary.status().verdicts)
        }
        _ => bench.judge(guard, &mut tails),
    };
    guards.iter().map(judge).collect()
}

fn compares(rule: &Rule) -> bool {
    match rule {
        Rule::ErrorRate { margin, .. } | Rule::EmptyResults { margin, .. } | Rule::TopScore { margin, .. } => margin.is_some(),
        Rule::Latency { relative_margin, .. } => relative_margin.is_some(),
        // Compared, or held against a limit: one or the other.
        Rule::ClientErrors { .. } | Rule::Prometheus { .. } => false,
    }
}

/// What all guards of one look have in common.
struct Bench<'a> {
    seen: &'a Observed,
    rule: guard::Rule,
    share: Share,
    /// The share of requests that were refused before, where that is known.
    usually_refused: f64,
    nobody: Cohort,
    stable: Cohort,
}

impl Bench<'_> {
    fn judge(&self, guard: &Guard, tails: &mut impl Iterator<Item = (usize, Threshold)>) -> Evaluation {
        let verdicts = match &guard.rule {
            Rule::ErrorRate { max, margin } => self.errors(*max, *margin),
            Rule::ClientErrors { margin, max_increase } => vec![self.client_errors(*margin, *max_increase)],
            Rule::Latency { statistic, max_ms, relative_margin } => match quantile(*statistic).zip(tails.next()) {
                Some((quantile, tail)) => self.tail(quantile, tail, relative_margin.is_some()),
                None => self.mean(*max_ms, *relative_margin),
            },
            Rule::EmptyResults { max, margin } => self.empty(*max, *margin),
            Rule::TopScore { min, margin } => self.scores(*min, *margin),
            // Not judged by what was counted.
            Rule::Prometheus { .. } => Vec::new(),
        };
        together(guard.name(), verdicts)
    }

    fn errors(&self, max: f64, margin: Option<f64>) -> Vec<guard::Evaluation> {
        let compared = self.with_stable();
        let mut verdicts = Vec::new();
        // Of a share that may be anything there is nothing to ask.
        if max < 1.0 {
            verdicts.push(error_rate(compared, &self.rule, max));
        }
        if let Some(margin) = margin.filter(|_| self.has_control()) {
            verdicts.push(errors_against_control(compared, &self.rule, self.against(margin), max));
        }
        verdicts
    }

    /// Where there is no control, what was usual before stands in for it.
    fn client_errors(&self, margin: f64, max_increase: f64) -> guard::Evaluation {
        let compared = self.with_stable();
        if self.has_control() {
            return client_errors_against_control(compared, &self.rule, self.against(margin));
        }
        client_errors(compared, &self.rule, (self.usually_refused + max_increase).min(NEARLY_ALL))
    }

    fn against(&self, margin: f64) -> AgainstControl {
        AgainstControl { canary_share: self.share.percentage() / 100.0, margin }
    }

    fn tail(&self, quantile: f64, (slot, threshold): (usize, Threshold), relative: bool) -> Vec<guard::Evaluation> {
        let thresholds = Thresholds { limit_us: threshold.limit_us, reference_us: threshold.reference_us };
        let compared = self.compared(slot);
        let mut verdicts = vec![latency_tail(compared, &self.rule, quantile, thresholds)];
        if relative && self.has_control() {
            verdicts.push(latency_tail_against_control(compared, &self.rule, 1.0 - quantile, thresholds));
        }
        verdicts
    }

    fn mean(&self, max_ms: f64, margin: Option<f64>) -> Vec<guard::Evaluation> {
        let mut verdicts = vec![latency_mean(self.compared(0), &self.rule, max_ms)];
        if let Some(margin) = margin.filter(|_| self.has_control()) {
            verdicts.push(latency_mean_against_control(self.compared(0), &self.rule, margin));
        }
        verdicts
    }

    fn empty(&self, max: f64, margin: Option<f64>) -> Vec<guard::Evaluation> {
        let mut verdicts = Vec::new();
        if max < 1.0 {
            verdicts.push(empty_share(self.compared(0), &self.rule, max));
        }
        if let Some(margin) = margin.filter(|_| self.has_control()) {
            verdicts.push(empty_share_against_control(self.compared(0), &self.rule, margin));
        }
        verdicts
    }

    fn scores(&self, min: f64, margin: Option<f64>) -> Vec<guard::Evaluation> {
        let mut verdicts = vec![top_score(self.compared(0), &self.rule, min)];
        if let Some(margin) = margin.filter(|_| self.has_control()) {
            verdicts.push(top_score_against_control(self.compared(0), &self.rule, margin));
        }
        verdicts
    }

    /// With everything on the canary there is nothing to compare it with.
    fn has_control(&self) -> bool {
        self.share > Share::ZERO && self.share < Share::FULL
    }

    fn canary(&self, slot: usize) -> &Cohort {
        self.seen.canary.cohorts.get(slot).unwrap_or(&self.nobody)
    }

    fn compared(&self, slot: usize) -> Compared<'_> {
        let control = self.seen.control.cohorts.get(slot).unwrap_or(&self.nobody);
        if self.has_control() { Compared::with_control(self.canary(slot), control) } else { Compared::alone(self.canary(slot)) }
    }

    /// Beside all that the canary does not serve.
    fn with_stable(&self) -> Compared<'_> {
        if self.has_control() { Compared::with_stable(self.canary(0), &self.stable) } else { Compared::alone(self.canary(0)) }
    }
}

impl From<guard::Verdict> for Verdict {
    fn from(verdict: guard::Verdict) -> Self {
        match verdict {
            guard::Verdict::Pass => Self::Pass,
            guard::Verdict::Inconclusive => Self::Inconclusive,
            guard::Verdict::Fail => Self::Fail,
        }
    }
}

/// The worst of the verdicts, with its reason and the numbers of all.
fn together(guard: &str, verdicts: Vec<guard::Evaluation>) -> Evaluation {
    let verdict = guard::Verdict::of_all(verdicts.iter().map(|evaluation| evaluation.verdict)).into();
    let worst = verdicts.iter().max_by_key(|evaluation| evaluation.verdict);
    let reason = worst.map_or_else(|| "there is nothing to judge".to_owned(), |worst| worst.reason.clone());
    let mut numbers = std::collections::BTreeMap::new();
    for (question, evaluation) in ["", "relative_"].into_iter().zip(verdicts) {
        numbers.extend(evaluation.numbers.into_iter().map(|(name, value)| (format!("{question}{name}"), value)));
    }
    Evaluation { guard: guard.to_owned(), verdict, reason, numbers }
}
