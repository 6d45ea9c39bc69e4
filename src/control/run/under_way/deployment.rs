//! A deployment under way.

use super::canary::Course;
use super::{Around, Kind, UnderWay, fraction, seconds};
use crate::control::documents::CanaryDocument;
use crate::control::documents::DeploymentDocument;
use crate::rollout::deployment::{Deployment, DeploymentState as S};

/// `of_canary` is the canary that moves its alias, once there is one.
pub(super) fn entry(deploying: &DeploymentDocument, of_canary: Option<&CanaryDocument>, around: &Around<'_>) -> UnderWay {
    let deployment = &deploying.deployment;
    let alias = &deployment.spec().alias;
    let (progress, time_left_seconds) = progress(deployment, of_canary);
    let previous = deployment.found().previous.clone();
    UnderWay {
        kind: Kind::Deployment,
        id: deployment.id().to_owned(),
        alias: Some(alias.clone()),
        from: previous.or_else(|| around.target_of(alias)),
        to: vec![deployment.collection().to_owned()],
        state: deployment.state().name(),
        share_percent: of_canary.map(|running| running.canary.status().current_percentage),
        progress,
        time_left_seconds,
        waits_for: around.or_store(waits_for(deployment, of_canary, around)),
        since: deployment.created(),
    }
}

/// Of the work of the present state: how much is done, and the seconds that are left.
fn progress(deployment: &Deployment, of_canary: Option<&CanaryDocument>) -> (Option<f64>, Option<f64>) {
    let found = deployment.found();
    match (deployment.state(), of_canary) {
        (S::Copying, _) => {
            let done = found.checkpoint.as_ref().and_then(|checkpoint| fraction(checkpoint.copied(), checkpoint.total));
            (done, found.left_ms.map(seconds))
        }
        (S::Watching, Some(running)) => {
            let course = Course::of(&running.canary, &running.canary.status());
            let left = course.map(|course| seconds(course.whole.saturating_sub(course.done)));
            (course.and_then(|course| fraction(course.done, course.whole)), left)
        }
        _ => (None, None),
    }
}

fn waits_for(deployment: &Deployment, of_canary: Option<&CanaryDocument>, around: &Around<'_>) -> Option<String> {
    if let Some((attempts, error)) = deployment.trouble() {
        return Some(format!("attempt {} after: {error}", attempts.saturating_add(1)));
    }
    match deployment.state() {
        S::AwaitingReady => Some("the operator, to fill the collection and say that it is ready".to_owned()),
        S::AwaitingAcceptance => match deployment.losses().0 {
            Some(loss) => Some(format!("consent to lose writes: {loss}")),
            None => Some("consent to lose writes, or another verification".to_owned()),
        },
        S::Watching => of_canary.and_then(|running| super::canary::entry(running, around).waits_for),
        _ => None,
    }
}
