//! A shadow comparison as it is stored.

use serde::{Deserialize, Serialize};

use super::{Documents, Observations, Place, Resource, Stored, put_new, remove, replace};
use crate::config::DEFAULT_UPSTREAM;
use crate::control::clock;
use crate::rollout::loss::Stake;
use crate::rollout::shadow::{Shadow, ShadowState};
use crate::store::{Expected, Kind, NewEvent, Timestamp, Write};

/// Whose reads of an alias are mirrored for: the id of a shadow comparison of its own, or of a canary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::control) struct Shadowed(pub(in crate::control) String);

impl Shadowed {
    /// The place for a shadow of `alias`, taken by `id`.
    pub(in crate::control) fn by(id: &str, alias: &str) -> Write {
        put_new(alias, &Self(id.to_owned()))
    }

    pub(in crate::control) fn left(alias: &str) -> Write {
        remove::<Self>(alias, Expected::Any)
    }
}

impl Stored for Shadowed {
    const KIND: Kind = Kind::new("shadowed");

    fn stored_at(self, _: &str, _: u64) -> Self {
        self
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::control) struct ShadowDocument {
    pub(in crate::control) shadow: Shadow,
    /// The store's revision of the last change; its `ETag`.
    #[serde(skip)]
    pub(in crate::control) revision: u64,
}

impl ShadowDocument {
    pub(in crate::control) fn alias(&self) -> &str {
        &self.shadow.spec().alias
    }

    /// The collection that is asked the same, with the name of its upstream.
    pub(in crate::control) fn target(&self) -> (&str, &str) {
        let spec = self.shadow.spec();
        (spec.upstream.as_deref().unwrap_or(DEFAULT_UPSTREAM), &spec.collection)
    }

    /// What the names of its findings begin with, and where they are counted.
    pub(in crate::control) fn scope(&self) -> String {
        format!("shadow/{}/", self.shadow.id())
    }

    /// The document, and the alias's place for a shadow when this one has left it.
    pub(in crate::control) fn writes(&self, before: Option<&Self>) -> Vec<Write> {
        let mut writes = vec![replace(self.shadow.id(), self, before.map_or(0, |before| before.revision))];
        if before.is_some_and(|before| before.shadow.mirrors()) && !self.shadow.mirrors() {
            writes.push(Shadowed::left(self.alias()));
        }
        writes
    }

    /// What there is to tell since `before`: that it has begun, and that its report stands.
    pub(in crate::control) fn events(&self, before: Option<&Self>) -> Vec<NewEvent> {
        let known = before.map_or(0, |before| before.shadow.history().len());
        let told = self.shadow.history().iter().skip(known).filter_map(|step| {
            let word = match step.state {
                ShadowState::Running => "started",
                ShadowState::Settling => return None,
                ShadowState::Ended => "ended",
            };
            let (id, collection) = (self.shadow.id(), &self.shadow.spec().collection);
            let body = serde_json::json!({"shadow": id, "collection": collection, "actor": step.actor, "reason": step.reason});
            Some(NewEvent { kind: format!("shadow.{word}"), subject: self.alias().to_owned(), body })
        });
        told.collect()
    }
}

impl Stored for ShadowDocument {
    const KIND: Kind = Kind::new("shadow");

    fn stored_at(self, _: &str, revision: u64) -> Self {
        Self { revision, ..self }
    }

    fn due_at(&self) -> Option<Timestamp> {
        self.shadow.due_at().map(clock::stored)
    }
}

impl Resource for ShadowDocument {
    fn id(&self) -> &str {
        self.shadow.id()
    }

    fn is_live(&self) -> bool {
        self.shadow.is_live()
    }

    /// It answers no one, so the alias may be moved.
    fn held_alias(&self) -> Option<&str> {
        None
    }

    fn stands_on(&self) -> Option<&str> {
        None
    }

    fn places(&self, _: &Documents) -> Vec<Place<'_>> {
        let (upstream, collection) = self.target();
        let place = (Some(upstream).filter(|upstream| *upstream != DEFAULT_UPSTREAM), collection);
        self.is_live().then_some(place).into_iter().collect()
    }

    fn stake_of_move(&self, _: &str, _: &str, _: &str) -> Option<Stake> {
        None
    }

    /// Its report is frozen in the document.
    fn observations(&self) -> Option<Observations> {
        Some(Observations { prefix: self.scope(), kept: None })
    }

    fn split_alias(&self) -> Option<&str> {
        Some(self.alias())
    }

    fn arms(&self) -> Vec<(&str, Place<'_>)> {
        let spec = self.shadow.spec();
        let place = (spec.upstream.as_deref(), spec.collection.as_str());
        self.shadow.mirrors().then_some(("shadow", place)).into_iter().collect()
    }

    fn compared_under(&self) -> Option<String> {
        self.is_live().then(|| self.scope())
    }
}
