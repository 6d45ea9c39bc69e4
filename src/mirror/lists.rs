//! Ranked lists, independent of the protocol.

use serde_json::Value;

use crate::protocol::points::PointId;
use crate::stats::ranking::{Hit, PointKey};
use crate::stats::shadow::Listed;

/// One list, the best hit first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct List {
    pub(super) hits: Vec<Hit>,
    /// The first hits in readable form.
    pub(super) listed: Vec<Listed>,
}

impl List {
    /// Adds a hit; its payload only if it is among the first `depth`.
    pub(super) fn push(&mut self, depth: usize, id: PointId, score: Option<f64>, payload: impl FnOnce() -> Option<Value>) {
        self.hits.push(Hit { id: key(id), score });
        if self.listed.len() < depth {
            self.listed.push(Listed { id: id.to_string(), score, payload: payload() });
        }
    }
}

fn key(id: PointId) -> PointKey {
    match id {
        PointId::Number(number) => PointKey::of_number(number),
        PointId::Uuid(uuid) => PointKey::of_uuid(uuid.as_bytes()),
    }
}
