//! Documents of things under way, for the tests of this room and of `attention`.

use serde_json::json;

use crate::config::Period;
use crate::control::documents::CanaryDocument;
use crate::control::documents::DeploymentDocument;
use crate::control::documents::ExperimentDocument;
use crate::control::documents::ShadowDocument;
use crate::experiment::{Experiment, ExperimentSpec};
use crate::rollout::deployment::Deployment;
use crate::rollout::loss::Counted;
use crate::rollout::retirement::Retirement;
use crate::rollout::shadow::Shadow;
use crate::rollout::{By, Canary, CanarySpec, CohortNumbers, Effect, Evidence, Measurement, Plan, StageSpec, Timestamp};

pub(in crate::control) const START: Timestamp = Timestamp::from_millis(1_795_424_400_000);

pub(in crate::control) fn by() -> By {
    By::new("ada", "because")
}

pub(in crate::control) fn after(seconds: u64) -> Timestamp {
    START.plus(Period::from_secs(seconds))
}

/// One look, after which every effect is done.
fn look(canary: &mut Canary, now: Timestamp, requests: u64) {
    let numbers = || CohortNumbers { requests, units: requests, ..CohortNumbers::default() };
    let window = canary.window();
    let measured = Ok(Measurement { window, canary: numbers(), control: numbers(), evaluations: Vec::new(), comparison: None });
    canary.tick(now, &Evidence { applied: true, frozen: None, basis: Ok(()), measured, counted: Counted::default(), uncounted: None });
    loop {
        let next = canary.due(now).next().cloned();
        let Some(pending) = next else { return };
        match pending.effect {
            Effect::RunChecks { .. } => canary.checks_passed(pending.number, "docs_v1", None),
            _ => canary.effect_done(now, pending.number),
        }
    }
}

/// In its first of two stages, which takes an hour, after sixty seconds of it. Each cohort has `requests`, of as many units.
pub(in crate::control) fn stepping(requests: u64) -> CanaryDocument {
    let hour = Period::from_secs(3_600);
    let spec = CanarySpec {
        stages: vec![StageSpec::new(5.0, hour), StageSpec::new(100.0, Period::from_secs(0))],
        guards: Vec::new(),
        warm_up: Period::from_secs(0),
        check_interval: Period::from_secs(60),
        watch: Period::from_secs(300),
        ..CanarySpec::new("docs", "docs_v2")
    };
    let mut canary = Canary::create("canary_1", Plan::try_from(spec).expect("a legal plan"), START, &by());
    (0..4).for_each(|_| look(&mut canary, START, requests));
    look(&mut canary, after(60), requests);
    CanaryDocument::new(canary)
}

/// Filled by an application.
pub(in crate::control) fn deploying() -> DeploymentDocument {
    let spec = serde_json::from_value(json!({"alias": "docs", "source": "external"})).expect("a spec");
    DeploymentDocument { deployment: Deployment::create("deployment_1", spec, "docs_v3", START, &by()), revision: 0 }
}

/// Half of the alias's units, from its beginning on.
pub(in crate::control) fn trial() -> ExperimentDocument {
    let spec = json!({"name": "old", "alias": "docs", "treatment": "docs_v2", "exposure_percentage": 50.0, "max_duration": "10h"});
    let spec: ExperimentSpec = serde_json::from_value(spec).expect("its form");
    let spec = spec.normalized(&std::collections::HashSet::new()).expect("in order");
    let experiment = Experiment::create("exp_old_1", spec, START, "ada", "because");
    ExperimentDocument { experiment, marks: Vec::new(), moved: Vec::new(), revision: 0 }
}

pub(in crate::control) fn mirroring() -> ShadowDocument {
    let spec = serde_json::from_value(json!({"alias": "docs", "collection": "docs_v2", "percentage": 20.0, "max_duration": "4h"}));
    ShadowDocument { shadow: Shadow::create("shadow_1", spec.expect("a spec"), "docs_v1", START, &by()), revision: 0 }
}

pub(in crate::control) fn retirement() -> Retirement {
    Retirement::scheduled("retirement_1".to_owned(), "default", "docs_v0", Period::from_secs(3_600), START)
}
