//! Canaries, deployments and shadow comparisons under way, one series each, and retirements, counted together. Those that have ended are in the events, not here: what is over has no present.

use prometheus::proto::MetricFamily;

use super::family::Family;

/// One canary, as of this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct CanaryGauge {
    pub alias: String,
    pub id: String,
    pub state: &'static str,
    /// Counted from one.
    pub stage: usize,
    pub percentage: f64,
    pub seconds_in_state: f64,
    pub verdicts: Vec<GuardGauge>,
}

/// The newest verdict of a guard.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardGauge {
    pub guard: String,
    /// 1 pass, 0 inconclusive, -1 fail.
    pub verdict: f64,
}

/// A variant's part of its route.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightGauge {
    pub alias: String,
    pub variant: String,
    /// Of the units.
    pub percent: f64,
}

/// One deployment, as of this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentGauge {
    pub alias: String,
    pub id: String,
    pub state: &'static str,
    pub seconds_in_state: f64,
    /// Points copied, and points there were when the copy began; none before it has.
    pub copy: Option<(u64, u64)>,
}

/// One shadow comparison, as of this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowGauge {
    pub alias: String,
    pub id: String,
    pub state: &'static str,
    pub seconds_in_state: f64,
}

/// Retirements that have not ended, as of this moment.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RetirementGauges {
    /// How many are in each state; every state that is not the end has its number.
    pub pending: Vec<(&'static str, u64)>,
    /// How long the latest of them is past its time; 0 when none is.
    pub overdue_seconds: f64,
}

pub(super) fn retirements(gauges: &RetirementGauges) -> Vec<MetricFamily> {
    let mut pending = Family::gauge("retirements_pending", "Collections that are to be deleted and are still there, by state.");
    for (state, count) in &gauges.pending {
        pending.add(&[("state", state)], *count);
    }
    let mut overdue = Family::gauge("retirement_overdue_seconds", "How long the latest retirement is past its time.");
    overdue.add_float(&[], gauges.overdue_seconds);
    vec![pending.build(), overdue.build()]
}

pub(super) fn weights(weights: &[WeightGauge]) -> Vec<MetricFamily> {
    let mut share = Family::gauge("route_weight_percent", "The share of units that a route gives a variant.");
    for weight in weights {
        share.add_float(&[("alias", weight.alias.as_str()), ("variant", weight.variant.as_str())], weight.percent);
    }
    vec![share.build()]
}

pub(super) fn shadows(shadows: &[ShadowGauge]) -> Vec<MetricFamily> {
    let mut state = Family::gauge("shadow_state", "Always 1; the state stands in the label.");
    let mut since = Family::gauge("shadow_seconds_in_state", "How long a shadow comparison has been in its state.");
    for shadow in shadows {
        let labels = [("alias", shadow.alias.as_str()), ("shadow", shadow.id.as_str())];
        state.add(&[labels[0], labels[1], ("state", shadow.state)], 1);
        since.add_float(&labels, shadow.seconds_in_state);
    }
    vec![state.build(), since.build()]
}

pub(super) fn collect(canaries: &[CanaryGauge]) -> Vec<MetricFamily> {
    let mut stage = Family::gauge("canary_stage", "The stage a canary is in, counted from 1.");
    let mut share = Family::gauge("canary_share_percent", "The share of units that a canary serves.");
    let mut state = Family::gauge("canary_state", "Always 1; the state stands in the label.");
    let mut since = Family::gauge("canary_seconds_in_state", "How long a canary has been in its state.");
    let mut verdict = Family::gauge("canary_guard_verdict", "What a guard said last: 1 pass, 0 inconclusive, -1 fail.");
    for canary in canaries {
        let labels = [("alias", canary.alias.as_str()), ("canary", canary.id.as_str())];
        stage.add(&labels, canary.stage as u64);
        share.add_float(&labels, canary.percentage);
        state.add(&[labels[0], labels[1], ("state", canary.state)], 1);
        since.add_float(&labels, canary.seconds_in_state);
        for guard in &canary.verdicts {
            verdict.add_float(&[labels[0], labels[1], ("guard", &guard.guard)], guard.verdict);
        }
    }
    [stage, share, state, since, verdict].into_iter().map(Family::build).collect()
}

pub(super) fn deployments(deployments: &[DeploymentGauge]) -> Vec<MetricFamily> {
    let mut state = Family::gauge("deployment_state", "Always 1; the state stands in the label.");
    let mut since = Family::gauge("deployment_seconds_in_state", "How long a deployment has been in its state.");
    let mut copied = Family::gauge("deployment_points_copied", "Points of the old collection that are in the new one.");
    let mut total = Family::gauge("deployment_points", "Points of the old collection when the copy began.");
    for deployment in deployments {
        let labels = [("alias", deployment.alias.as_str()), ("deployment", deployment.id.as_str())];
        state.add(&[labels[0], labels[1], ("state", deployment.state)], 1);
        since.add_float(&labels, deployment.seconds_in_state);
        if let Some((points, of)) = deployment.copy {
            copied.add(&labels, points);
            total.add(&labels, of);
        }
    }
    [state, since, copied, total].into_iter().map(Family::build).collect()
}
