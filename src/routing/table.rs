//! The routing table: every name Pointsman knows, and what stands behind it.
//!
//! Built by `control`, read by `proxy` through one snapshot per request (I3). It is generic over `H`, what a request
//! needs at hand when it has been decided (metric handles), so that this room knows no other.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Guards, Shadow, Split};

/// Where a request can go.
#[derive(Debug)]
pub struct Target<H> {
    /// The variant's name, `stable` where there is no route.
    pub variant: Box<str>,
    /// The index of the upstream in the snapshot this table belongs to.
    pub upstream: usize,
    /// The collection that answers, as far as it is known: for stable, what the alias pointed at when it was listed.
    pub collection: Box<str>,
    /// The name to put on the wire, or none to leave the request's own: stable is forwarded unchanged (I1).
    pub rename: Option<Box<str>>,
    pub handle: H,
}

/// Whether a name is Qdrant's collection or Qdrant's alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    Alias,
    Collection,
    /// Neither was listed: it goes on unchanged, for Qdrant to answer.
    Unknown,
}

/// What stands behind one name.
#[derive(Debug)]
pub struct Entry<H> {
    pub kind: NameKind,
    pub stable: Arc<Target<H>>,
    /// None: the name is transparent.
    pub split: Option<Split<H>>,
    /// Who is asked the same, and answers nobody. A name without a split may have one too.
    pub shadow: Option<Arc<Shadow<H>>>,
    /// Who writes down what is asked, by their index in the snapshot this table belongs to.
    pub captures: Box<[usize]>,
}

/// One version of all of it.
#[derive(Debug)]
pub struct Table<H> {
    /// Grows by one on each change.
    pub revision: u64,
    /// What may not be deleted or moved through the data ports.
    pub guards: Guards,
    names: HashMap<Box<str>, Entry<H>, foldhash::fast::RandomState>,
    unknown: Entry<H>,
}

impl<H> Table<H> {
    pub fn new(revision: u64, names: impl IntoIterator<Item = (Box<str>, Entry<H>)>, unknown: Entry<H>) -> Self {
        Self { revision, guards: Guards::default(), names: names.into_iter().collect(), unknown }
    }

    #[must_use]
    pub fn guarded(self, guards: Guards) -> Self {
        Self { guards, ..self }
    }

    /// What stands behind `name`; names nobody listed share one entry.
    #[must_use]
    pub fn entry(&self, name: &str) -> &Entry<H> {
        self.names.get(name).unwrap_or(&self.unknown)
    }

    /// The entry of requests that name nothing.
    #[must_use]
    pub fn unnamed(&self) -> &Entry<H> {
        &self.unknown
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry<H>)> {
        self.names.iter().map(|(name, entry)| (name.as_ref(), entry))
    }
}
