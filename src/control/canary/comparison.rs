//! A canary's comparison before its first stage: what was seen of it, and what its limits say of that.

use super::Canaries;
use super::guards::ALPHA;
use crate::control::documents::CanaryDocument;
use crate::control::engine::ControlError;
use crate::rollout::{CohortNumbers, ComparisonNumbers, Evaluation, Limit, Measurement, ShadowStage};
use crate::stats::guard::{self, Minimum, Rule};
use crate::stats::shadow::{Count, Findings, Measure, Summary};

impl Canaries {
    /// All that the comparison before a canary's first stage has found, the worst answers among it: of the one under way, or of
    /// the last one.
    ///
    /// # Errors
    /// When there is no such canary, it has compared nothing, or what was found cannot be read.
    pub async fn findings(&self, id: &str) -> Result<Findings, ControlError> {
        let document = self.known(id)?;
        if document.canary.shadow().is_some() {
            return Ok(self.shadows.compared(&document.scope(), document.alias()).await?.into());
        }
        let scope = document.scope_of_comparison().ok_or_else(|| ControlError::NoComparison(id.to_owned()))?;
        Ok(self.shadows.compared_before(&scope).await?.into())
    }

    /// What all replicas have compared in the current window, judged.
    pub(super) async fn comparison(&self, document: &CanaryDocument, stage: &ShadowStage) -> Result<Measurement, ControlError> {
        let found = self.shadows.compared(&document.scope(), document.alias()).await?;
        Ok(Measurement {
            window: document.canary.window(),
            canary: CohortNumbers::default(),
            control: CohortNumbers::default(),
            evaluations: judge(document, stage, &found),
            comparison: Some(numbers(&found)),
        })
    }
}

/// Every limit's verdict. The comparison has its part of the false rollbacks that are allowed to a canary, as a stage has.
fn judge(document: &CanaryDocument, stage: &ShadowStage, found: &Summary) -> Vec<Evaluation> {
    let limits: Vec<Limit> = stage.limits().collect();
    let part = 1.0 / f64::from(u32::try_from(limits.len()).unwrap_or(u32::MAX).max(1));
    let minimum = Minimum { requests: stage.minimum_comparisons, units: 0 };
    let rule = Rule { minimum, ..Rule::sharing(ALPHA, part, document.windows()) };
    limits.into_iter().map(|limit| verdict(limit, found, &rule)).collect()
}

fn verdict(limit: Limit, found: &Summary, rule: &Rule) -> Evaluation {
    let evaluation = match limit {
        Limit::Overlap { at_least } => guard::overlap(found, rule, at_least),
        Limit::Excess { at_most } => guard::lost_overlap(found, rule, at_most),
        Limit::EmptiedRate { at_most } => guard::emptied(found, rule, at_most),
        Limit::ErrorRate { at_most } => guard::failed(found, rule, at_most),
        Limit::LatencyRatio { at_most } => guard::latency_ratio(found, rule, at_most),
    };
    Evaluation {
        guard: limit.name().to_owned(),
        verdict: evaluation.verdict.into(),
        reason: evaluation.reason,
        numbers: evaluation.numbers,
    }
}

fn numbers(found: &Summary) -> ComparisonNumbers {
    let report = found.report();
    let measured = |measure: Measure| report.measures.iter().find(|row| row.measure == measure);
    let share = |of: Count| report.shares.iter().find(|row| row.of == of)?.shadow.map(|share| share.value);
    let overlap = measured(Measure::Overlap);
    ComparisonNumbers {
        compared: report.comparisons,
        dropped: found.counters.dropped(),
        overlap: overlap.and_then(|row| row.shadow).map(|mean| mean.value),
        noise_overlap: overlap.and_then(|row| row.noise).map(|mean| mean.value),
        excess: overlap.and_then(|row| row.excess).map(|excess| excess.value),
        emptied_rate: share(Count::Emptied),
        error_rate: share(Count::Failed),
        latency_ratio: measured(Measure::LogLatencyRatio).and_then(|row| row.shadow).map(|mean| mean.value.exp()),
    }
}
