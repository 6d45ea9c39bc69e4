//! An alias that is moved by force to what a rollout is working on.

use super::alias_moves::{config, points_at, qdrant, to_v2};
use crate::control::testing::{caller, start};
use crate::control::{AliasChange, Consent};
use crate::rollout::deployment::{DeploymentCommand, DeploymentSpec};

/// Nothing is carried out by itself here, so the deployment stays where it is.
#[tokio::test]
async fn the_collection_of_a_deployment_gets_no_alias_by_hand() {
    let (sandbox, folder) = (qdrant().await, tempfile::tempdir().expect("a temporary folder"));
    let control = start(config(&sandbox, folder.path())).await.expect("it starts").control;
    let spec = serde_json::json!({"alias": "docs", "source": "external", "collection": "docs_v2"});
    let spec: DeploymentSpec = serde_json::from_value(spec).expect("a spec");
    let made = control.deployments.create(spec, None, caller()).await.expect("nothing runs on the alias");
    for alias in ["docs", "other"] {
        let forced = AliasChange { force: true, accept_lost_writes: true, ..to_v2() };
        let refused = control.aliases.switch(alias, forced, caller()).await.expect_err("it would be deleted").to_string();
        assert!(refused.contains(&format!("pointsman deployment ready {} --accept-lost-writes", made.id)), "{alias}: {refused}");
    }
    assert_eq!(control.deployments.show(&made.id).expect("it is there").state, "checking", "it was not ended");
    control.deployments.command(&made.id, DeploymentCommand::Cancel, Consent::Withheld, caller()).await.expect("at any point");
    let forced = AliasChange { force: true, ..to_v2() };
    let refused = control.aliases.switch("docs", forced, caller()).await.expect_err("it is being undone").to_string();
    assert!(refused.contains("on its way back"), "{refused}");
    assert_eq!(points_at(&sandbox).await.as_deref(), Some("docs_v1"));
}
