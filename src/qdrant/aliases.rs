//! Changes of aliases: one request with one action each, and a listing afterwards that says what became of it.
//!
//! Called by `control` when it creates, switches, renames or deletes an alias. A switch is a single `create_alias`, which
//! repoints in place: deleting and creating would leave readers without the name in between, and Qdrant does not undo the
//! first action of a request when the second fails. Nothing here is ever sent twice; when an answer is lost, the listing
//! decides.

use std::time::Duration;

use qdrant_client::qdrant::alias_operations::Action;
use qdrant_client::qdrant::{AliasOperations, ChangeAliases, CreateAlias, DeleteAlias, RenameAlias};
use serde::{Deserialize, Serialize};

use super::channel::reason;
use super::failure::{Code, Failure, FailureKind};
use super::{Client, Listing, ListingFailed, Protocol};

/// What an alias points at before and after a change; `None` is no such alias.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct AliasChanged {
    pub alias: String,
    pub previous: Option<String>,
    pub target: Option<String>,
    /// Qdrant's answer was lost or an error, and the listing shows that the change was made all the same.
    pub answer_lost: bool,
}

/// Why an alias is not as wanted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AliasFailed {
    /// Nothing was sent, or nothing is known of what was sent.
    #[error("{operation}: the aliases cannot be listed: {source}")]
    Listing { operation: String, source: ListingFailed },
    /// Nothing was sent.
    #[error("alias `{alias}` points at {}, not at {} as expected", name(.found.as_deref()), name(.expected.as_deref()))]
    Unexpected { alias: String, expected: Option<String>, found: Option<String> },
    /// Nothing was sent.
    #[error("{upstream}: {reason}")]
    Refused { upstream: String, reason: String },
    /// The listing shows that nothing has changed.
    #[error("{failure}; alias `{alias}` points at {}", name(.found.as_deref()))]
    Request { alias: String, found: Option<String>, failure: Box<Failure> },
    /// Accepted, and yet not so; another client may have changed it in the same moment.
    #[error("alias `{alias}` was to point at {} and points at {}", name(.wanted.as_deref()), name(.found.as_deref()))]
    NotSeen { alias: String, wanted: Option<String>, found: Option<String> },
}

fn name(target: Option<&str>) -> String {
    target.map_or_else(|| "nothing".to_owned(), |target| format!("`{target}`"))
}

/// A member of a cluster may lag behind the one that answered.
const LOOKS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

impl Client {
    /// Points an alias at a collection, whatever it points at now. With `expect`, only if it points there.
    ///
    /// # Errors
    /// When the target is missing or the name is a collection's, when the alias is not as expected, and when the change
    /// was refused or cannot be seen.
    pub async fn switch_alias(&self, alias: &str, collection: &str, expect: Option<&str>) -> Result<AliasChanged, AliasFailed> {
        let (before, by) = self.listing("before the switch").await?;
        let found = before.aliases.get(alias);
        if expect.is_some() && found.map(String::as_str) != expect {
            return Err(AliasFailed::Unexpected { alias: alias.into(), expected: expect.map(Into::into), found: found.cloned() });
        }
        self.check_target(&before, alias, collection)?;
        let action = Action::CreateAlias(CreateAlias { collection_name: collection.to_owned(), alias_name: alias.to_owned() });
        self.change((action, by), alias, &before, Some(collection)).await
    }

    /// Makes an alias that is not there yet.
    ///
    /// # Errors
    /// As [`Self::switch_alias`], and when the alias exists.
    pub async fn create_alias(&self, alias: &str, collection: &str) -> Result<AliasChanged, AliasFailed> {
        let (before, by) = self.listing("before the creation").await?;
        if let Some(found) = before.aliases.get(alias) {
            return Err(AliasFailed::Unexpected { alias: alias.into(), expected: None, found: Some(found.clone()) });
        }
        self.check_target(&before, alias, collection)?;
        let action = Action::CreateAlias(CreateAlias { collection_name: collection.to_owned(), alias_name: alias.to_owned() });
        self.change((action, by), alias, &before, Some(collection)).await
    }

    /// Deletes an alias; one that is not there is deleted already, and nothing is sent.
    ///
    /// # Errors
    /// When the deletion was refused or cannot be seen.
    pub async fn delete_alias(&self, alias: &str) -> Result<AliasChanged, AliasFailed> {
        let (before, by) = self.listing("before the deletion").await?;
        if !before.aliases.contains_key(alias) {
            return Ok(AliasChanged { alias: alias.into(), previous: None, target: None, answer_lost: false });
        }
        let action = Action::DeleteAlias(DeleteAlias { alias_name: alias.to_owned() });
        self.change((action, by), alias, &before, None).await
    }

    /// Gives an alias another name. Qdrant would let the new name cover a collection or another alias; here it may not.
    ///
    /// # Errors
    /// When the old name is missing or the new one taken, and when the change was refused or cannot be seen.
    pub async fn rename_alias(&self, old: &str, new: &str) -> Result<AliasChanged, AliasFailed> {
        let (before, by) = self.listing("before the renaming").await?;
        let Some(target) = before.aliases.get(old).cloned() else {
            return Err(self.refused_alias(format!("there is no alias `{old}` to rename")));
        };
        if before.aliases.contains_key(new) || before.collections.contains(new) {
            return Err(self.refused_alias(format!("`{new}` is taken, alias `{old}` cannot be renamed to it")));
        }
        let action = Action::RenameAlias(RenameAlias { old_alias_name: old.to_owned(), new_alias_name: new.to_owned() });
        self.change((action, by), new, &before, Some(&target)).await
    }

    fn check_target(&self, listing: &Listing, alias: &str, collection: &str) -> Result<(), AliasFailed> {
        if !listing.collections.contains(collection) {
            return Err(self.refused_alias(format!("there is no collection `{collection}` for alias `{alias}` to point at")));
        }
        if listing.collections.contains(alias) {
            return Err(self.refused_alias(format!("`{alias}` is the name of a collection and cannot be an alias")));
        }
        Ok(())
    }

    fn refused_alias(&self, reason: String) -> AliasFailed {
        AliasFailed::Refused { upstream: self.name().to_owned(), reason }
    }

    async fn listing(&self, when: &str) -> Result<(Listing, Protocol), AliasFailed> {
        self.list_by().await.map_err(|source| AliasFailed::Listing { operation: format!("{}: {when}", self.name()), source })
    }

    /// Sends the one action by the protocol that could be listed by, then looks until `alias` is as wanted.
    async fn change(
        &self,
        (action, by): (Action, Protocol),
        alias: &str,
        before: &Listing,
        wanted: Option<&str>,
    ) -> Result<AliasChanged, AliasFailed> {
        let outcome = match by {
            Protocol::Grpc => self.send_action(action).await,
            Protocol::Rest => self.act_over_rest(&action).await,
        };
        let mut found = None;
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
            found = self.listing("after the change").await?.0.aliases.get(alias).cloned();
            if found.as_deref() == wanted {
                let previous = before.aliases.get(alias).cloned();
                return Ok(AliasChanged { alias: alias.into(), previous, target: found, answer_lost: outcome.is_err() });
            }
            if outcome.as_ref().is_err_and(|failure| !failure.leaves_doubt()) {
                break;
            }
        }
        Err(match outcome {
            Err(failure) => AliasFailed::Request { alias: alias.into(), found, failure: Box::new(failure) },
            Ok(()) => AliasFailed::NotSeen { alias: alias.into(), wanted: wanted.map(Into::into), found },
        })
    }

    /// On a connection of its own: on a kept one that turns out closed, it would be open whether the action was sent.
    async fn send_action(&self, action: Action) -> Result<(), Failure> {
        const OPERATION: &str = "UpdateAliases";
        let (connection, timeout) = (self.grpc(), self.timeout());
        let mut client = connection.open().map_err(|error| self.failed(OPERATION, FailureKind::Unusable(error.to_string())))?;
        let request = ChangeAliases { actions: vec![AliasOperations { action: Some(action) }], timeout: Some(timeout.as_secs().max(1)) };
        let answer = tokio::time::timeout(timeout, client.update_aliases(request)).await;
        let answer = answer.map_err(|_| self.failed(OPERATION, FailureKind::Timeout(timeout)))?;
        let answer = answer.map_err(|status| {
            let kind = FailureKind::Refused { code: Code::Grpc(status.code()), reason: reason(&status), retry_after: None };
            self.failed(OPERATION, kind)
        })?;
        if answer.into_inner().result {
            return Ok(());
        }
        Err(self.failed(OPERATION, FailureKind::Unreadable("the change was answered with `false`".to_owned())))
    }
}
