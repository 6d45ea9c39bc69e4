//! Refuses what would hurt a rollout: the deletion of one of its collections, and changes of its alias (I5).
//!
//! Only operations that may change what a name means come here, and nothing of theirs is read while nothing is guarded:
//! reads and writes know nothing of it. What cannot be looked into is refused, as long as anything is guarded.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use prost::Message;
use qdrant_client::qdrant::ChangeAliases;
use qdrant_client::qdrant::alias_operations::Action;
use serde_json::Value;

use super::body::ClientBody;
use super::classify::{Names, Operation};
use super::grpc::{WholeMessage, whole_message};
use super::identify::bare;
use super::respond::Fault;
use crate::live::Live;
use crate::routing::{AliasAction, Guards};

/// The one operation that deletes a collection, on both protocols.
const DELETE: &str = "collection.delete";

/// Whether an operation has to be checked at all; false for everything but a handful of rare ones.
pub(super) fn concerns(operation: Option<&'static Operation>, live: &Live) -> bool {
    operation.is_some_and(|operation| operation.renames) && !live.table.guards.is_empty()
}

/// Why a REST request may not go on, if it may not.
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
                Err(error) => Some(Fault::ClientGone(error.to_string())),
            }
        }
        _ => against_deletion(live, operation, name),
    }
}

/// Why a gRPC call may not go on, if it may not.
pub(super) async fn against_grpc(
    live: &Live,
    operation: Option<&'static Operation>,
    name: Option<&str>,
    gzip: bool,
    body: &ClientBody,
) -> Option<Fault> {
    match operation?.names {
        Names::Actions => match whole_message(body, live.settings.limits.grpc_inspect_bytes, gzip).await {
            Ok(WholeMessage::Plain(message)) => against_message(&live.table.guards, message),
            Ok(WholeMessage::TooLarge) => Some(unseen("is too large")),
            Ok(WholeMessage::Unknown) => Some(unseen("is compressed in an unknown way")),
            Err(error) => Some(error.into()),
        },
        _ => against_deletion(live, operation, name),
    }
}

fn against_deletion(live: &Live, operation: Option<&'static Operation>, name: Option<&str>) -> Option<Fault> {
    operation.filter(|operation| operation.name == DELETE)?;
    let name = bare(&live.settings.identity.carriers, name?).name;
    live.table.guards.against_deletion(name).map(Fault::Guarded)
}

/// What is not JSON of this shape is Qdrant's to refuse.
fn against_json(guards: &Guards, text: &[u8]) -> Option<Fault> {
    let body: Value = serde_json::from_slice(text).ok()?;
    let actions = body.get("actions")?.as_array()?.iter();
    let found = actions.flat_map(|action| {
        let name = |operation: &str, field: &str| action.get(operation)?.get(field)?.as_str();
        let create = name("create_alias", "alias_name").map(|alias| AliasAction::Create { alias });
        let delete = name("delete_alias", "alias_name").map(|alias| AliasAction::Delete { alias });
        let old_and_new = name("rename_alias", "old_alias_name").zip(name("rename_alias", "new_alias_name"));
        let rename = old_and_new.map(|(old, new)| AliasAction::Rename { old, new });
        [create, delete, rename].into_iter().flatten().collect::<Vec<_>>()
    });
    first_refusal(guards, found)
}

fn against_message(guards: &Guards, message: Bytes) -> Option<Fault> {
    let change = ChangeAliases::decode(message).ok()?;
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
    Fault::Guarded(format!("a rollout is under way, and an alias change that {why} cannot be checked against it"))
}
