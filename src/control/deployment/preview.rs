//! A dry run: every step in words, with the requests that make the collection. Only reads.

use schemars::JsonSchema;
use serde::Serialize;

use super::Deployments;
use crate::control::engine::ControlError;
use crate::qdrant::{Difference, PlannedStep, Schema};
use crate::rollout::deployment::{DeploymentSpec, Outcome, Source};
use crate::routing::SpecFault;

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeploymentPreview")]
pub struct Preview {
    /// Always true: nothing was done.
    pub dry_run: bool,
    pub alias: String,
    pub collection: String,
    pub previous: String,
    pub differences: Vec<Difference>,
    /// What could not be found out, and what may be lost.
    pub warnings: Vec<String>,
    pub steps: Vec<PreviewStep>,
}

/// One step.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeploymentPreviewStep")]
pub struct PreviewStep {
    /// The state the deployment would be in.
    pub state: &'static str,
    pub does: String,
    /// What would be sent to make the collection.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<PlannedStep>,
}

impl Deployments {
    pub(super) async fn previewed(&self, spec: &DeploymentSpec, collection: &str) -> Result<Preview, ControlError> {
        // There is one attempt: what it cannot find out is said.
        match self.check(spec, collection, 1).await {
            Ok(Outcome::Checked { previous, schema, differences, warnings }) => Ok(Preview {
                dry_run: true,
                alias: spec.alias.clone(),
                collection: collection.to_owned(),
                steps: steps(spec, collection, &previous, schema.as_deref()),
                warnings: warnings.into_iter().chain(self.warnings_of_writes(spec, &previous)).collect(),
                previous,
                differences,
            }),
            Err(Outcome::Refused(reason)) => Err(ControlError::Invalid(vec![SpecFault::new("", reason)])),
            Ok(other) | Err(other) => Err(ControlError::Unlisted(format!("{other:?}"))),
        }
    }
}

impl Deployments {
    /// Nothing is counted before a deployment begins; what was written lately is likely to go on.
    fn warnings_of_writes(&self, spec: &DeploymentSpec, previous: &str) -> Vec<String> {
        let source = match &spec.source {
            Source::Collection(source) => source,
            Source::Snapshot(_) | Source::External => previous,
        };
        let goes_on = if spec.accept_lost_writes {
            "writes after the verification are lost by the switch, which accept_lost_writes accepts"
        } else {
            "for writes after the verification the deployment waits in awaiting_acceptance"
        };
        self.losses.recently_written(source).into_iter().map(|written| format!("{written}: {goes_on}")).collect()
    }
}

fn steps(spec: &DeploymentSpec, collection: &str, previous: &str, schema: Option<&Schema>) -> Vec<PreviewStep> {
    let step = |state, does: String| PreviewStep { state, does, requests: Vec::new() };
    let requests = schema.map_or_else(Vec::new, |schema| schema.plan(collection));
    let alias = &spec.alias;
    let mut steps = match &spec.source {
        Source::Collection(source) => vec![
            PreviewStep { requests, ..step("creating", format!("make `{collection}` with the schema of `{source}`")) },
            step("copying", format!("copy every point of `{source}`, {} lanes at a time", spec.copy.parallel)),
            step("verifying", format!("compare all ids and a sample of whole points; at most {} may differ", spec.max_differences)),
        ],
        Source::Snapshot(location) => vec![step("creating", format!("recover `{collection}` from {location}"))],
        Source::External => vec![
            PreviewStep { requests, ..step("creating", format!("make `{collection}` with the schema of `{previous}`")) },
            step("awaiting_ready", format!("wait until an operator has filled `{collection}` and says so")),
        ],
    };
    let strict = schema.and_then(|schema| schema.last_step(collection));
    let queries = match spec.validation_queries.len() {
        0 => "ask nothing: there are no validation queries, and the deployment will say that it was not validated".to_owned(),
        count => format!("ask {count} validation queries; each must be answered as expected"),
    };
    let old = match spec.retire_old {
        Some(grace) => format!("retire `{previous}` after {grace}"),
        None => format!("keep `{previous}`"),
    };
    let requests = strict.into_iter().collect();
    steps.extend([
        PreviewStep {
            requests,
            ..step("finishing", format!("wait until `{collection}` is green and still, for at most {}", spec.ready_within))
        },
        step("validating", queries),
        step("releasing", format!("send every user of `{alias}` to `{collection}`, then switch the alias with one action")),
        step("watching", format!("watch for {}, looking every {}; go back if a guard fails", spec.watch, spec.watch_every)),
        step("completed", old),
    ]);
    steps
}
