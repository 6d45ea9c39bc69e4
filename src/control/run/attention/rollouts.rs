//! Rollouts, experiments, retirements and routes that wait for a person.

use super::Attention;
use crate::control::documents::{CanaryDocument, DeploymentDocument, ExperimentDocument, Noun, Resource, RouteDocument};
use crate::control::engine::State;
use crate::control::experiment::ArmUnits;
use crate::rollout::deployment::DeploymentState;
use crate::rollout::retirement::{Retirement, State as RetirementState};
use crate::rollout::{self, PauseReason};

/// Attempts after which a failure is no passing one.
const MANY_ATTEMPTS: u32 = 3;
/// Looks at a blocked retirement: the first ones are seconds apart, and requests under way are over by then.
const MANY_LOOKS: u32 = 6;

pub(super) fn all(state: &State, units: impl Fn(&str) -> Option<ArmUnits>) -> Vec<Attention> {
    Noun::ALL.iter().flat_map(|noun| of(*noun, state, &units)).collect()
}

fn of(noun: Noun, state: &State, units: &impl Fn(&str) -> Option<ArmUnits>) -> Vec<Attention> {
    let documents = &state.documents;
    match noun {
        Noun::Canary => documents.canaries.values().filter(|document| document.is_live()).filter_map(of_canary).collect(),
        Noun::Deployment => documents.deployments.values().filter(|document| document.is_live()).filter_map(of_deployment).collect(),
        Noun::Experiment => {
            let live = documents.experiments.values().filter(|document| document.is_live());
            live.filter_map(|document| of_experiment(document, &units(document.id())?)).collect()
        }
        // It ends by itself.
        Noun::Shadow => Vec::new(),
        Noun::Retirement => documents.retirements.values().filter_map(of_retirement).collect(),
        Noun::Route => documents.routes.iter().flat_map(|(alias, route)| of_route(state, alias, route)).collect(),
    }
}

fn of_route(state: &State, alias: &str, route: &RouteDocument) -> Vec<Attention> {
    let what = || format!("the route of `{alias}`");
    let warnings = state.warnings(alias, route).into_iter();
    warnings.map(|warning| Attention::new(what(), warning, format!("pointsman route show {alias}"))).collect()
}

fn of_canary(running: &CanaryDocument) -> Option<Attention> {
    let (canary, status) = (&running.canary, running.canary.status());
    let id = canary.id();
    let reason = status.history.last_transition().map_or("", |last| last.reason.as_str());
    let (why, command, flag) = match canary.state() {
        // Consent to lose writes is asked for by the deployment, if the canary belongs to one.
        rollout::State::Paused { because: PauseReason::LostWrites } if canary.plan().spec().deployment.is_some() => return None,
        rollout::State::Paused { because } => {
            let (why, command) = of_pause(because)?;
            let flag = if because == PauseReason::LostWrites { " --accept-lost-writes" } else { "" };
            (format!("{why}: {reason}"), command, flag)
        }
        rollout::State::RollbackFailed { .. } => {
            let error = status.pending.iter().find_map(|pending| pending.last_error.as_deref()).unwrap_or(reason);
            (format!("its rollback fails and is tried again: {error}"), "show", "")
        }
        _ => return None,
    };
    Some(Attention::new(running.name(), why, format!("pointsman canary {command} {id}{flag}")))
}

/// Why a person has to act, and the command; none where time or traffic is enough.
fn of_pause(because: PauseReason) -> Option<(&'static str, &'static str)> {
    match because {
        PauseReason::User => Some(("an operator has paused it", "resume")),
        PauseReason::Guard => Some(("a guard fails, and the plan forbids a rollback without a person", "show")),
        PauseReason::Signal => Some(("a signal fails", "show")),
        PauseReason::Approval => Some(("its stage has passed and waits for an approval", "approve")),
        PauseReason::LostWrites => Some(("it waits for consent to lose writes, or for `abort`", "approve")),
        PauseReason::Error => Some(("its guards cannot be judged", "show")),
        PauseReason::Inconclusive | PauseReason::NoData | PauseReason::Freeze | PauseReason::KillSwitch => None,
    }
}

fn of_deployment(deploying: &DeploymentDocument) -> Option<Attention> {
    use DeploymentState as S;
    let deployment = &deploying.deployment;
    let id = deployment.id();
    let reason = deployment.history().last().map_or("", |step| step.reason.as_str());
    let (why, next) = match (deployment.state(), deployment.trouble()) {
        (S::AwaitingReady, _) => {
            let collection = deployment.collection();
            (format!("it waits until `{collection}` is filled"), format!("pointsman deployment ready {id}"))
        }
        (S::AwaitingAcceptance, _) if deployment.has_served() => {
            (reason.to_owned(), format!("pointsman deployment ready {id} --accept-lost-writes"))
        }
        (S::AwaitingAcceptance, _) => (reason.to_owned(), format!("pointsman deployment verify {id}")),
        (_, Some((attempts, error))) if attempts >= MANY_ATTEMPTS => {
            (format!("{attempts} attempts have failed: {error}"), format!("pointsman deployment show {id}"))
        }
        _ => return None,
    };
    Some(Attention::new(deploying.name(), why, next))
}

fn of_experiment(trial: &ExperimentDocument, units: &ArmUnits) -> Option<Attention> {
    let arms = trial.experiment.spec().arms.iter().zip(&units.units).map(|(arm, units)| format!("{} {units:.0}", arm.name));
    let why = format!(
        "sample-ratio mismatch: the users of the arms ({}) are not in the shares of the weights, so no difference can be trusted",
        arms.collect::<Vec<_>>().join(", ")
    );
    units.mismatch.then(|| Attention::new(trial.name(), why, format!("pointsman experiment analysis {}", trial.experiment.id())))
}

fn of_retirement(retirement: &Retirement) -> Option<Attention> {
    let stuck = retirement.state == RetirementState::Blocked && retirement.attempts >= MANY_LOOKS;
    let what = format!("the retirement of `{}`", retirement.collection);
    let next = format!("pointsman retire show {}", retirement.id);
    stuck.then(|| Attention::new(what, format!("blocked: {}", retirement.reasons.join("; ")), next))
}
