//! What may be said to a deployment's canary while the copy is compared with its source.

use crate::config::Period;
use crate::control::canary::Running;
use crate::control::document::{CANARY, DEPLOYMENT, write};
use crate::control::testing::{author, config, control};
use crate::control::{Consent, ControlError, clock};
use crate::qdrant::{Checkpoint, CloneRecord, Created, Place};
use crate::rollout::deployment::{Built, Deployment, DeploymentState, Outcome};
use crate::rollout::{By, Canary, CanarySpec, Command, Plan, StageSpec, State};
use crate::store::{Change, Expected};

fn by() -> By {
    By::new("ada", "because")
}

fn verifying() -> Deployment {
    let spec = serde_json::from_value(serde_json::json!({"alias": "docs", "source": "collection:docs_v1"})).expect("a spec");
    let now = clock::now();
    let mut deployment = Deployment::create("dep_1", spec, "docs_v2", now, &by());
    let place = |collection: &str| Place { upstream: "default".to_owned(), collection: collection.to_owned() };
    let record = CloneRecord { name: "docs_v2".to_owned(), created: Created::Yes, done: Vec::new() };
    let checkpoint = Checkpoint { source: place("docs_v1"), target: place("docs_v2"), total: 0, ranges: Vec::new() };
    let checked = Outcome::Checked { previous: "docs_v1".to_owned(), schema: None, differences: Vec::new(), warnings: Vec::new() };
    deployment.report(now, checked);
    deployment.report(now, Outcome::Built(Built { record, surprises: Vec::new() }));
    deployment.report(now, Outcome::Copied(checkpoint));
    assert_eq!(deployment.state(), DeploymentState::Verifying);
    deployment
}

#[tokio::test]
async fn nothing_leads_to_a_copy_that_is_being_verified() {
    let control = control(config()).await;
    let stages = vec![StageSpec::new(100.0, Period::default())];
    let spec = CanarySpec { deployment: Some("dep_1".to_owned()), stages, ..CanarySpec::new("docs", "docs_v2") };
    let plan = Plan::try_from(spec).expect("a legal plan");
    let running = Running::new(Canary::create("canary_1", plan, clock::now(), &by()));
    let documents = vec![
        write(&DEPLOYMENT, "dep_1", Some(&verifying()), Expected::Absent),
        write(&CANARY, "canary_1", Some(&running), Expected::Absent),
    ];
    control.commit(Change::unaudited(documents)).await.expect("the store answers");
    for command in [Command::Approve, Command::Promote, Command::Skip] {
        let refused = control.command_canary("canary_1", command, Consent::Given, author()).await.expect_err("its copy is compared");
        assert!(matches!(refused, ControlError::NotNow { .. }), "{command}: {refused}");
    }
    control.command_canary("canary_1", Command::Abort, Consent::Withheld, author()).await.expect("the way back is never held up");
    assert_eq!(control.0.state.load().held.canaries["canary_1"].canary.state(), State::Aborted);
}
