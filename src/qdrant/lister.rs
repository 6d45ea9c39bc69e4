//! Which aliases and collections an upstream has.

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderValue;
use qdrant_client::qdrant::collections_client::CollectionsClient;
use qdrant_client::qdrant::{ListAliasesRequest, ListCollectionsRequest};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::Connection;
use super::channel::{ApiKey, reason};

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
}

/// Lists one upstream, again and again, over one connection that it replaces when it fails.
#[derive(Debug)]
pub struct Lister {
    connection: Connection,
    channel: Option<Channel>,
}

impl Lister {
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        Self { connection, channel: None }
    }

    /// Asks for all aliases and collections.
    ///
    /// # Errors
    /// When the upstream cannot be reached, refuses, or takes longer than the connection's timeout.
    pub async fn list(&mut self) -> Result<Listing, ListingFailed> {
        let timeout = self.connection.timeout;
        let outcome = tokio::time::timeout(timeout, self.list_twice()).await;
        if outcome.is_err() {
            // A connection that swallows requests without a word would swallow the next ones too.
            self.channel = None;
        }
        outcome.unwrap_or_else(|_| Err(ListingFailed::Timeout { authority: self.authority(), seconds: timeout.as_secs_f64() }))
    }

    /// A connection kept from last time may have been closed meanwhile; then a fresh one decides.
    async fn list_twice(&mut self) -> Result<Listing, ListingFailed> {
        let reused = self.channel.is_some();
        let first = self.list_once().await;
        match first {
            Err(ref failed) if reused && failed.is_transport() => self.list_once().await,
            first => first,
        }
    }

    async fn list_once(&mut self) -> Result<Listing, ListingFailed> {
        let channel = match self.channel.take() {
            Some(channel) => channel,
            None => self.connection.open().map_err(|error| self.unusable(&error))?,
        };
        let listing = ask(channel.clone(), self.connection.api_key.clone()).await.map_err(|status| self.refused(&status));
        // Kept unless the transport failed: a refusal says nothing against the connection.
        if !listing.as_ref().is_err_and(ListingFailed::is_transport) {
            self.channel = Some(channel);
        }
        listing
    }

    fn authority(&self) -> String {
        self.connection.endpoint.authority.to_string()
    }

    fn unusable(&self, error: &http::Error) -> ListingFailed {
        ListingFailed::Address { authority: self.authority(), reason: error.to_string() }
    }

    fn refused(&self, status: &Status) -> ListingFailed {
        ListingFailed::Refused { authority: self.authority(), code: status.code(), reason: reason(status) }
    }
}

impl ListingFailed {
    fn is_transport(&self) -> bool {
        matches!(self, Self::Refused { code: Code::Unavailable | Code::Internal | Code::Unknown | Code::Cancelled, .. })
    }
}

/// Both lists at once. They are two calls, and what changes between them shows in the next listing.
async fn ask(channel: Channel, api_key: Option<HeaderValue>) -> Result<Listing, Status> {
    let client = CollectionsClient::new(InterceptedService::new(channel, ApiKey(api_key))).max_decoding_message_size(MAX_LISTING_BYTES);
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
