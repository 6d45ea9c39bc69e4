//! Refuses requests that would break a rollout: the deletion of one of its collections, and changes of its alias (I5).
//!
//! Only operations that may change what a name means come here, and their bodies are read only while something is guarded:
//! reads and writes never pay for it. While anything is guarded, a request that cannot be inspected is refused.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use prost::Message;
use qdrant_client::qdrant::alias_operations::Action;
use qdrant_client::qdrant::{ChangeAliases, DeleteCollection};
use serde::Deserialize;

use super::body::ClientBody;
use super::grpc::{WholeMessage, whole_message};
use super::respond::Fault;
use crate::live::Live;
use crate::protocol::operations::{Names, Operation};
use crate::routing::{AliasAction, Guards, bare};

/// The one operation that deletes a collection, on both protocols.
const DELETE: &str = "collection.delete";

/// Whether an operation must be checked at all; false for all but a few rare ones.
pub(super) fn concerns(operation: Option<&'static Operation>, live: &Live) -> bool {
    operation.is_some_and(|operation| operation.renames) && !live.table.guards.is_empty()
}

/// Why a REST request must be refused, if it must.
pub(super) async fn against_rest(
    live: &Live,
    operation: Option<&'static Operation>,
    name: Option<&str>,
    headers: &HeaderMap,
    body: &ClientBody,
) -> Option<Fault> {
    match operation?.names {
        Names::Actions => {
            if headers.contains_key(CONTENT_ENCODING) {
                return Some(unseen("is compressed"));
            }
            match body.hold_whole(live.settings.limits.grpc_inspect_bytes).await {
                Ok(Some(text)) => against_json(&live.table.guards, &text),
                Ok(None) => Some(unseen("is too large")),
                Err(error) => Some(error.into()),
            }
        }
        _ => against_deletion(live, operation, name),
    }
}

/// Why a gRPC call must be refused, if it must. The whole message is read: the last of two names counts, wherever it is.
pub(super) async fn against_grpc(live: &Live, operation: Option<&'static Operation>, gzip: bool, body: &ClientBody) -> Option<Fault> {
    let operation = operation?;
    if operation.names != Names::Actions && operation.name != DELETE {
        return None;
    }
    let message = match whole_message(body, live.settings.limits.grpc_inspect_bytes, gzip).await {
        Ok(WholeMessage::Plain(message)) => message,
        Ok(WholeMessage::TooLarge) => return Some(unseen("is too large")),
        Ok(WholeMessage::Unknown) => return Some(unseen("is compressed in an unknown way")),
        Err(error) => return Some(error.into()),
    };
    if operation.names == Names::Actions {
        return against_message(&live.table.guards, message);
    }
    match DeleteCollection::decode(message) {
        Ok(delete) => against_deletion(live, Some(operation), Some(&delete.collection_name)),
        Err(_) => Some(unseen("cannot be read")),
    }
}

fn against_deletion(live: &Live, operation: Option<&'static Operation>, name: Option<&str>) -> Option<Fault> {
    operation.filter(|operation| operation.name == DELETE)?;
    let name = bare(&live.settings.identity.carriers, name?).name;
    live.table.guards.against_deletion(name).map(Fault::Guarded)
}

/// The body in Qdrant's own shape, so that it means the same here and there. Other shapes are refused as well: Qdrant would
/// refuse them, or knows more than this version.
#[derive(Deserialize)]
struct AliasChange {
    actions: Vec<ActionFields>,
}

#[derive(Deserialize)]
enum ActionFields {
    #[serde(rename = "create_alias")]
    Create { alias_name: String },
    #[serde(rename = "delete_alias")]
    Delete { alias_name: String },
    #[serde(rename = "rename_alias")]
    Rename { old_alias_name: String, new_alias_name: String },
}

fn against_json(guards: &Guards, text: &[u8]) -> Option<Fault> {
    let Ok(change) = serde_json::from_slice::<AliasChange>(text) else { return Some(unseen("cannot be read")) };
    let found = change.actions.iter().map(|action| match action {
        ActionFields::Create { alias_name } => AliasAction::Create { alias: alias_name },
        ActionFields::Delete { alias_name } => AliasAction::Delete { alias: alias_name },
        ActionFields::Rename { old_alias_name, new_alias_name } => AliasAction::Rename { old: old_alias_name, new: new_alias_name },
    });
    first_refusal(guards, found)
}

fn against_message(guards: &Guards, message: Bytes) -> Option<Fault> {
    let Ok(change) = ChangeAliases::decode(message) else { return Some(unseen("cannot be read")) };
    let found = change.actions.iter().filter_map(|operation| {
        Some(match operation.action.as_ref()? {
            Action::CreateAlias(create) => AliasAction::Create { alias: &create.alias_name },
            Action::DeleteAlias(delete) => AliasAction::Delete { alias: &delete.alias_name },
            Action::RenameAlias(rename) => AliasAction::Rename { old: &rename.old_alias_name, new: &rename.new_alias_name },
        })
    });
    first_refusal(guards, found)
}

fn first_refusal<'a>(guards: &Guards, mut actions: impl Iterator<Item = AliasAction<'a>>) -> Option<Fault> {
    actions.find_map(|action| guards.against(action)).map(Fault::Guarded)
}

fn unseen(why: &str) -> Fault {
    Fault::Guarded(format!("a route or rollout is in place, and a change of names that {why} cannot be checked against it"))
}
