//! What a deployment's canary hears of it, and takes while it goes on.

use std::time::Duration;

use crate::config::Period;
use crate::control::documents::{CanaryDocument, DeploymentDocument, put_new};
use crate::control::testing::{caller, config, control};
use crate::control::{Consent, Control, ControlError, clock};
use crate::qdrant::{Checkpoint, CloneRecord, Created, Place, Validated, Validation};
use crate::rollout::deployment::{Built, Deployment, DeploymentCommand, DeploymentState, Outcome, Release};
use crate::rollout::{By, Canary, CanarySpec, Command, Plan, StageSpec, State};
use crate::store::Change;

fn by() -> By {
    By::new("ada", "because")
}

fn record() -> CloneRecord {
    CloneRecord { name: "docs_v2".to_owned(), created: Created::Yes, done: Vec::new() }
}

/// Its collection is there.
fn built(source: &str) -> Deployment {
    let spec = serde_json::from_value(serde_json::json!({"alias": "docs", "source": source})).expect("a spec");
    let now = clock::now();
    let mut deployment = Deployment::create("dep_1", spec, "docs_v2", now, &by());
    let checked = Outcome::Checked { previous: "docs_v1".to_owned(), schema: None, differences: Vec::new(), warnings: Vec::new() };
    deployment.report(now, checked);
    deployment.report(now, Outcome::Built(Built { record: record(), surprises: Vec::new() }));
    deployment
}

fn verifying() -> Deployment {
    let mut deployment = built("collection:docs_v1");
    let place = |collection: &str| Place { upstream: "default".to_owned(), collection: collection.to_owned() };
    let checkpoint = Checkpoint { source: place("docs_v1"), target: place("docs_v2"), total: 0, ranges: Vec::new() };
    deployment.report(clock::now(), Outcome::Copied(checkpoint));
    assert_eq!(deployment.state(), DeploymentState::Verifying);
    deployment
}

/// Its canary has the alias, or is about to.
fn watching() -> Deployment {
    let mut deployment = built("external");
    let now = clock::now();
    deployment.command(now, DeploymentCommand::Ready, &by()).expect("it waits to be filled");
    deployment.report(now, Outcome::Finished { record: Some(record()), differences: Vec::new(), warnings: Vec::new() });
    deployment.report(now, Outcome::Validated(Validation { outcome: Validated::Passed, results: Vec::new() }));
    deployment.report(now, Outcome::Released("canary_1".to_owned()));
    assert_eq!(deployment.state(), DeploymentState::Watching);
    deployment
}

/// A control plane that keeps it, and its canary, which has not begun.
async fn keeping(deployment: &Deployment) -> Control {
    let control = control(config()).await;
    let stages = vec![StageSpec::new(100.0, Period::default())];
    let spec = CanarySpec { deployment: Some("dep_1".to_owned()), stages, ..CanarySpec::new("docs", "docs_v2") };
    let plan = Plan::try_from(spec).expect("a legal plan");
    let running = CanaryDocument::new(Canary::create("canary_1", plan, clock::now(), &by()));
    let documents =
        vec![put_new("dep_1", &DeploymentDocument { deployment: deployment.clone(), revision: 0 }), put_new("canary_1", &running)];
    control.engine.put(Change::unaudited(documents)).await.expect("the store answers");
    control
}

fn canary(control: &Control) -> Canary {
    control.engine.state().documents.canaries["canary_1"].canary.clone()
}

#[tokio::test]
async fn nothing_leads_to_a_copy_that_is_being_verified() {
    let control = keeping(&verifying()).await;
    for command in [Command::Approve, Command::Promote, Command::Skip] {
        let refused = control.canaries.command("canary_1", command, Consent::Given, caller()).await.expect_err("its copy is compared");
        assert!(matches!(refused, ControlError::NotNow { .. }), "{command}: {refused}");
    }
    control.canaries.command("canary_1", Command::Abort, Consent::Withheld, caller()).await.expect("the way back is never held up");
    assert_eq!(canary(&control).state(), State::Aborted);
}

/// Said before the canary had to ask: it does not ask then.
#[tokio::test]
async fn a_loss_that_is_accepted_for_the_deployment_is_accepted_for_its_canary() {
    let mut deployment = watching();
    let control = keeping(&deployment).await;
    let lease =
        control.engine.store().acquire_or_renew(control.engine.replica(), Duration::from_secs(60)).await.expect("the store answers");
    let fence = lease.fence().expect("no other replica asks");
    for accepts in [false, true] {
        if accepts {
            deployment.accept_lost_writes();
        }
        let watched = control.deployments.watch_release(&deployment, &fence).await;
        assert_eq!(watched, Ok(Outcome::Watched(Release::Goes(None))));
        assert_eq!(canary(&control).accepts_lost_writes(), accepts);
    }
}

#[tokio::test]
async fn a_retirement_that_a_way_back_schedules_is_told() {
    let mut deployment = watching();
    let control = keeping(&deployment).await;
    control.canaries.command("canary_1", Command::Abort, Consent::Withheld, caller()).await.expect("it has not begun");
    deployment.command(clock::now(), DeploymentCommand::Rollback, &by()).expect("it has a canary");
    let Ok(done) = control.deployments.undo(&deployment).await else { panic!("nothing is in the way") };
    let told: Vec<&str> = done.extras.events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!((done.extras.writes.len(), told), (1, vec!["retirement.scheduled"]));
}
