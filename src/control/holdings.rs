//! What of the control plane's state lasts: documents of the store, read into types.
//!
//! Every replica holds all of it, and takes over what others have changed. What is on disk was written by a Pointsman; a
//! body that cannot be read stops the process at its start, and later keeps the last version that could.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::absorb::{Absorbed, Routes};
use super::alias_move::AliasMove;
use super::canary::{Canaries, Running};
use super::deployment::{Deploying, Deployments};
use super::document::{
    ALIAS_MOVE, CANARY, CONFIGURED, DEPARTURE, DEPLOYMENT, EXPERIMENT, KILL_SWITCH, ONLY, OWNER, RETIREMENT, ROUTE, SHADOW, SHADOWED,
    TOKEN_KEY, Unreadable,
};
use super::experiment::{Trial, Trials};
use super::kill_switch::KillSwitch;
use super::loss::Departures;
use super::owners::Owners;
use super::route::RouteState;
use super::shadow::{Mirroring, Mirrorings};
use super::token_keys::{Stored, TokenKeys};
use crate::rollout::retirement::Retirement;
use crate::store::{Delta, Document};

/// One version of everything that lasts. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Holdings {
    /// The store's revision at which this was everything.
    pub(super) revision: u64,
    pub(super) routes: Arc<Routes>,
    pub(super) absorbed: Arc<Absorbed>,
    pub(super) retirements: Arc<BTreeMap<String, Retirement>>,
    pub(super) canaries: Arc<Canaries>,
    pub(super) deployments: Arc<Deployments>,
    pub(super) departures: Arc<Departures>,
    pub(super) experiments: Arc<Trials>,
    /// Once there is one.
    pub(super) token_keys: Option<TokenKeys>,
    pub(super) shadows: Arc<Mirrorings>,
    /// The ids of shadow comparisons, and of canaries with one, by the alias whose reads they want.
    pub(super) shadowed: Arc<BTreeMap<String, String>>,
    /// By alias.
    pub(super) owners: Arc<BTreeMap<String, Owners>>,
    pub(super) kill: Arc<KillSwitch>,
    /// Changes of aliases that are not recorded yet, by alias.
    pub(super) moves: Arc<BTreeMap<String, AliasMove>>,
}

impl Holdings {
    /// With what has changed.
    ///
    /// # Errors
    /// When a document cannot be read.
    pub(super) fn after(&self, delta: Delta) -> Result<Self, Unreadable> {
        let mut next = if delta.whole { Self::default() } else { self.clone() };
        for document in delta.documents {
            next.take(document)?;
        }
        next.revision = delta.revision;
        Ok(next)
    }

    fn take(&mut self, document: Document) -> Result<(), Unreadable> {
        let revision = document.revision;
        match &document.key.kind {
            kind if *kind == ROUTE => put(Arc::make_mut(&mut self.routes), document, |route| RouteState { revision, ..route }),
            kind if *kind == CONFIGURED => put(Arc::make_mut(&mut self.absorbed), document, |spec| spec),
            kind if *kind == CANARY => put(Arc::make_mut(&mut self.canaries), document, |running| Running { revision, ..running }),
            kind if *kind == DEPLOYMENT => {
                put(Arc::make_mut(&mut self.deployments), document, |deploying| Deploying { revision, ..deploying })
            }
            kind if *kind == DEPARTURE => put(Arc::make_mut(&mut self.departures), document, |departure| departure),
            kind if *kind == EXPERIMENT => put(Arc::make_mut(&mut self.experiments), document, |trial| Trial { revision, ..trial }),
            kind if *kind == TOKEN_KEY => {
                let mut keys = BTreeMap::new();
                put(&mut keys, document, |stored: Stored| TokenKeys::at(revision, stored))?;
                self.token_keys = keys.remove(ONLY);
                Ok(())
            }
            kind if *kind == OWNER => put(Arc::make_mut(&mut self.owners), document, |owners: Owners| owners.at(revision)),
            kind if *kind == SHADOW => put(Arc::make_mut(&mut self.shadows), document, |mirroring| Mirroring { revision, ..mirroring }),
            kind if *kind == SHADOWED => put(Arc::make_mut(&mut self.shadowed), document, |owner| owner),
            kind if *kind == KILL_SWITCH => {
                let mut switches = BTreeMap::new();
                put(&mut switches, document, |switch: KillSwitch| switch)?;
                self.kill = Arc::new(switches.remove(ONLY).unwrap_or_default());
                Ok(())
            }
            kind if *kind == ALIAS_MOVE => put(Arc::make_mut(&mut self.moves), document, |intent| AliasMove { revision, ..intent }),
            kind if *kind == RETIREMENT => {
                put(Arc::make_mut(&mut self.retirements), document, |retirement| Retirement { revision, ..retirement })
            }
            // Of a later version, or of a room that reads its documents by itself.
            _ => Ok(()),
        }
    }
}

/// Puts a document's body into its place, or takes it out.
fn put<T: DeserializeOwned, U>(into: &mut BTreeMap<String, U>, document: Document, finish: impl Fn(T) -> U) -> Result<(), Unreadable> {
    let Document { key, body, .. } = document;
    match body {
        Some(body) => {
            let read = serde_json::from_value(body).map_err(|error| Unreadable { key: key.clone(), reason: error.to_string() })?;
            into.insert(key.id, finish(read));
        }
        None => {
            into.remove(&key.id);
        }
    }
    Ok(())
}
