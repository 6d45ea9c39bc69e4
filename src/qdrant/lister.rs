//! Which aliases and collections an upstream has.

use schemars::JsonSchema;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use qdrant_client::qdrant::{ListAliasesRequest, ListCollectionsRequest};
use tokio::time::Instant;
use tonic::{Code, Status};

use super::channel::{Collections, reason};
use super::{Client, Connection};
use crate::upstream::TargetFault;

/// What an upstream answered. Aliases point at collections, never at aliases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    pub aliases: BTreeMap<String, String>,
    pub collections: BTreeSet<String>,
}

/// Why there is no listing. Never to be read as "there is nothing".
#[derive(Clone, Debug, thiserror::Error)]
pub enum ListingFailed {
    #[error("{authority}: {code:?}: {reason}")]
    Refused { authority: String, code: Code, reason: String },
    #[error("{authority}: no answer within {seconds} s")]
    Timeout { authority: String, seconds: f64 },
    #[error("the address {authority} cannot be used: {reason}")]
    Address { authority: String, reason: String },
    /// By neither protocol.
    #[error("{grpc}; and over REST: {rest}")]
    Neither { grpc: Box<ListingFailed>, rest: String },
}

/// By which an upstream was listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ListingProtocol")]
pub enum Protocol {
    #[default]
    Grpc,
    /// gRPC could not be reached.
    Rest,
}

/// Lists one upstream, again and again, over one connection that it replaces when it fails; over REST while gRPC cannot be
/// reached.
#[derive(Debug)]
pub struct Lister {
    client: Client,
    connection: Connection,
    kept: Option<Collections>,
    protocol: Protocol,
}

/// Until when gRPC is not tried again, known to all who ask one upstream: each of them would wait for a port that is closed to us.
#[derive(Clone, Debug, Default)]
pub struct RestUntil(Arc<Mutex<Option<Instant>>>);

const GRPC_AGAIN: Duration = Duration::from_secs(30);

impl RestUntil {
    fn holds(&self) -> bool {
        self.lock().is_some_and(|until| Instant::now() < until)
    }

    fn begin(&self) {
        *self.lock() = Some(Instant::now() + GRPC_AGAIN);
    }

    fn end(&self) {
        *self.lock() = None;
    }

    /// Nothing panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lister {
    #[must_use]
    pub fn new(client: Client) -> Self {
        let connection = client.grpc();
        Self { client, connection, kept: None, protocol: Protocol::default() }
    }

    /// By which the last listing that succeeded was made.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Asks for all aliases and collections.
    ///
    /// # Errors
    /// When the upstream can be reached by neither protocol, refuses, or takes longer than the client's timeout.
    pub async fn list(&mut self) -> Result<Listing, ListingFailed> {
        let rest_until = self.client.access().rest_until.clone();
        if rest_until.holds()
            && let Ok(listing) = self.client.list_over_rest().await
        {
            self.protocol = Protocol::Rest;
            return Ok(listing);
        }
        rest_until.end();
        let grpc = match self.list_over_grpc().await {
            Err(failed) if failed.is_transport() || matches!(failed, ListingFailed::Timeout { .. }) => Box::new(failed),
            outcome => {
                self.protocol = if outcome.is_ok() { Protocol::Grpc } else { self.protocol };
                return outcome;
            }
        };
        let rest = self.client.list_over_rest().await;
        let listing = rest.map_err(|failure| ListingFailed::Neither { grpc, rest: failure.to_string() })?;
        self.protocol = Protocol::Rest;
        rest_until.begin();
        Ok(listing)
    }

    async fn list_over_grpc(&mut self) -> Result<Listing, ListingFailed> {
        let timeout = self.connection.timeout;
        let outcome = tokio::time::timeout(timeout, self.list_twice()).await;
        if outcome.is_err() {
            // A connection that swallows requests without a word would swallow the next ones too.
            self.kept = None;
        }
        outcome.unwrap_or_else(|_| Err(ListingFailed::Timeout { authority: self.authority(), seconds: timeout.as_secs_f64() }))
    }

    /// A connection kept from last time may have been closed meanwhile; then a fresh one decides.
    async fn list_twice(&mut self) -> Result<Listing, ListingFailed> {
        let reused = self.kept.is_some();
        let first = self.list_once().await;
        match first {
            Err(ref failed) if reused && failed.is_transport() => self.list_once().await,
            first => first,
        }
    }

    async fn list_once(&mut self) -> Result<Listing, ListingFailed> {
        let client = match self.kept.take() {
            Some(client) => client,
            None => self.connection.open().map_err(|error| self.unusable(&error))?,
        };
        let listing = ask(client.clone()).await.map_err(|status| self.refused(&status));
        // Kept unless the transport failed: a refusal says nothing against the connection.
        if !listing.as_ref().is_err_and(ListingFailed::is_transport) {
            self.kept = Some(client);
        }
        listing
    }

    fn authority(&self) -> String {
        self.connection.endpoint.to_string()
    }

    fn unusable(&self, error: &TargetFault) -> ListingFailed {
        ListingFailed::Address { authority: self.authority(), reason: error.to_string() }
    }

    fn refused(&self, status: &Status) -> ListingFailed {
        ListingFailed::refused(self.authority(), status)
    }
}

impl ListingFailed {
    pub(super) fn refused(authority: String, status: &Status) -> Self {
        Self::Refused { authority, code: status.code(), reason: reason(status) }
    }

    fn is_transport(&self) -> bool {
        // A port that speaks something else than gRPC answers with the last one.
        let codes = |code| matches!(code, Code::Unavailable | Code::Internal | Code::Unknown | Code::Cancelled | Code::Unimplemented);
        matches!(self, Self::Refused { code, .. } if codes(*code))
    }
}

/// Both lists at once. They are two calls, and what changes between them shows in the next listing.
pub(super) async fn ask(client: Collections) -> Result<Listing, Status> {
    let client = client.max_decoding_message_size(MAX_LISTING_BYTES);
    let (mut for_aliases, mut for_collections) = (client.clone(), client);
    let (aliases, collections) =
        tokio::try_join!(for_aliases.list_aliases(ListAliasesRequest {}), for_collections.list(ListCollectionsRequest {}))?;
    Ok(Listing {
        aliases: aliases.into_inner().aliases.into_iter().map(|alias| (alias.alias_name, alias.collection_name)).collect(),
        collections: collections.into_inner().collections.into_iter().map(|collection| collection.name).collect(),
    })
}

/// Room for about a hundred thousand of the longest names, and an end to what a broken server could make us hold.
const MAX_LISTING_BYTES: usize = 64 << 20;
