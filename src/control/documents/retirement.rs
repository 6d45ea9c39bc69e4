//! A retirement's document: the scheduled deletion of a collection.

use ulid::Ulid;

use super::{Documents, Observations, Place, Resource, Stored, replace};
use crate::control::clock;
use crate::rollout::loss::Stake;
use crate::rollout::retirement::Retirement;
use crate::store::{Kind, NewEvent, Timestamp, Write};

/// Sorts by its ULID, which is by age.
pub(in crate::control) fn new_retirement_id() -> String {
    format!("ret_{}", Ulid::generate())
}

impl Retirement {
    /// One that has no revision yet is a new one.
    pub(in crate::control) fn write(&self) -> Write {
        replace(&self.id, self, self.revision)
    }

    /// What followers are told of the state a retirement has come to.
    pub(in crate::control) fn event(&self) -> NewEvent {
        let mut body = serde_json::json!({
            "retirement": self.id,
            "upstream": self.upstream,
            "collection": self.collection,
            "reasons": self.reasons,
            "snapshot": self.snapshot_name,
        });
        // Otherwise the reason is that of the change.
        if !self.reasons.is_empty() {
            body["reason"] = self.reasons.join("; ").into();
        }
        NewEvent { kind: format!("retirement.{}", self.state.name()), subject: self.collection.clone(), body }
    }
}

impl Stored for Retirement {
    const KIND: Kind = Kind::new("retirement");

    fn stored_at(self, _: &str, revision: u64) -> Self {
        Self { revision, ..self }
    }

    fn due_at(&self) -> Option<Timestamp> {
        self.look_at().map(clock::stored)
    }
}

impl Resource for Retirement {
    fn id(&self) -> &str {
        &self.id
    }

    fn is_live(&self) -> bool {
        !self.state.is_terminal()
    }

    fn held_alias(&self) -> Option<&str> {
        None
    }

    fn stands_on(&self) -> Option<&str> {
        None
    }

    /// It is about a collection, and needs none.
    fn places(&self, _: &Documents) -> Vec<Place<'_>> {
        Vec::new()
    }

    fn stake_of_move(&self, _: &str, _: &str, _: &str) -> Option<Stake> {
        None
    }

    fn observations(&self) -> Option<Observations> {
        None
    }
}
