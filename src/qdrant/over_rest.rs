//! Lists and alias changes over REST, for an upstream of which only the REST port can be reached: an HTTP ingress, or a platform
//! that publishes one port.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use qdrant_client::qdrant::alias_operations::Action;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::FailureKind;
use super::{Client, Failure, Listing};

#[derive(Deserialize)]
struct Aliases {
    aliases: Vec<Alias>,
}

#[derive(Deserialize)]
struct Alias {
    alias_name: String,
    collection_name: String,
}

#[derive(Deserialize)]
struct Collections {
    collections: Vec<Collection>,
}

#[derive(Deserialize)]
struct Collection {
    name: String,
}

impl Client {
    pub(super) async fn list_over_rest(&self) -> Result<Listing, Failure> {
        let (aliases, collections) = tokio::try_join!(self.get::<Aliases>("/aliases"), self.get::<Collections>("/collections"))?;
        let aliases: BTreeMap<_, _> = aliases.aliases.into_iter().map(|alias| (alias.alias_name, alias.collection_name)).collect();
        let collections: BTreeSet<_> = collections.collections.into_iter().map(|collection| collection.name).collect();
        Ok(Listing { aliases, collections })
    }

    /// Sends one action, once.
    pub(super) async fn act_over_rest(&self, action: &Action) -> Result<(), Failure> {
        let path = format!("/collections/aliases?timeout={}", self.timeout().as_secs().max(1));
        let body = json!({"actions": [as_json(action)]});
        if self.call::<bool>(Method::POST, &path, Some(&body)).await? {
            return Ok(());
        }
        Err(self.failed("UpdateAliases", FailureKind::Unreadable("the change was answered with `false`".to_owned())))
    }
}

fn as_json(action: &Action) -> Value {
    match action {
        Action::CreateAlias(create) => {
            json!({"create_alias": {"alias_name": create.alias_name, "collection_name": create.collection_name}})
        }
        Action::DeleteAlias(delete) => json!({"delete_alias": {"alias_name": delete.alias_name}}),
        Action::RenameAlias(rename) => {
            json!({"rename_alias": {"old_alias_name": rename.old_alias_name, "new_alias_name": rename.new_alias_name}})
        }
    }
}
