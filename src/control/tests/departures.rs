//! What is remembered of collections that an alias has left, over several moves.

use serde_json::json;

use super::alias_moves::{config, qdrant, to_v1, to_v2};
use crate::control::ControlError;
use crate::control::testing::{caller, start};

#[tokio::test]
async fn going_back_does_not_forget_what_the_other_collection_lacks() {
    let (sandbox, folder) = (qdrant().await, tempfile::tempdir().expect("a temporary folder"));
    let control = start(config(&sandbox, folder.path())).await.expect("it starts").control;
    control.aliases.switch("docs", to_v2(), caller()).await.expect("nothing is known of the two");
    let written = json!({"writes": {"default": {"docs_v1": {"acknowledged": 5, "unknown": 0}}}});
    control.engine.store().put_observation("writes", "replica_of_others", &written).await.expect("the store answers");
    control.aliases.switch("docs", to_v1(), caller()).await.expect("docs_v2 got nothing that docs_v1 lacks");
    let refused = control.aliases.switch("docs", to_v2(), caller()).await.expect_err("docs_v2 lacks five writes");
    assert!(matches!(&refused, ControlError::LostWrites { loss, .. } if loss.acknowledged == 5), "{refused}");
}
