//! A shadow comparison as it is stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::control::clock;
use crate::control::document::{SHADOW, SHADOWED, json};
use crate::rollout::shadow::{Shadow, ShadowState};
use crate::store::{Expected, Key, NewEvent, Write};

pub(in crate::control) type Mirrorings = BTreeMap<String, Mirroring>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::control) struct Mirroring {
    pub(in crate::control) shadow: Shadow,
    /// The store's revision of the last change; its `ETag`.
    #[serde(skip)]
    pub(in crate::control) revision: u64,
}

impl Mirroring {
    pub(in crate::control) fn is_live(&self) -> bool {
        self.shadow.is_live()
    }

    /// What people call it.
    pub(in crate::control) fn name(&self) -> String {
        format!("the shadow comparison `{}`", self.shadow.id())
    }

    pub(in crate::control) fn alias(&self) -> &str {
        &self.shadow.spec().alias
    }

    /// The collection it leads to, with the name of its upstream where that is not the default one.
    pub(in crate::control) fn place(&self) -> (Option<&str>, &str) {
        (self.shadow.spec().upstream.as_deref(), &self.shadow.spec().collection)
    }

    /// The document, and the alias's place for a shadow when this one has left it.
    pub(super) fn writes(&self, before: Option<&Self>) -> Vec<Write> {
        let key = Key::new(SHADOW, self.shadow.id());
        let due_at = self.shadow.due_at().map(clock::stored);
        let expected = before.map_or(Expected::Absent, |before| Expected::Revision(before.revision));
        let mut writes = vec![Write::Put { key, body: json(self), due_at, expected }];
        if before.is_some_and(|before| before.shadow.mirrors()) && !self.shadow.mirrors() {
            writes.push(Write::Delete { key: Key::new(SHADOWED, self.alias()), expected: Expected::Any });
        }
        writes
    }

    /// What there is to tell since `before`: that it has begun, and that its report stands.
    pub(super) fn events(&self, before: Option<&Self>) -> Vec<NewEvent> {
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
