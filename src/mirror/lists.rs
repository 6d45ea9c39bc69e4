//! Ranked lists, as both protocols have them.

use serde_json::Value;

use crate::stats::ranking::{Hit, PointKey};
use crate::stats::shadow::{Listed, MAX_PAYLOAD_BYTES};

/// One list, the best hit first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct List {
    pub(super) hits: Vec<Hit>,
    /// The first of them as people read them.
    pub(super) listed: Vec<Listed>,
}

/// A point's id.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Id {
    Number(u64),
    Text(String),
}

impl List {
    /// Adds a hit; its payload only if it is among the first `depth`, and small.
    pub(super) fn push(&mut self, depth: usize, id: Id, score: Option<f64>, payload: impl FnOnce() -> Option<Value>) {
        let score = score.filter(|score| score.is_finite());
        let key = match &id {
            Id::Number(number) => PointKey::of_number(*number),
            Id::Text(text) => PointKey::of_text(text),
        };
        self.hits.push(Hit { id: key, score });
        if self.listed.len() < depth {
            let id = match id {
                Id::Number(number) => number.to_string(),
                Id::Text(text) => text,
            };
            let payload = payload().filter(|payload| payload.to_string().len() <= MAX_PAYLOAD_BYTES);
            self.listed.push(Listed { id, score, payload });
        }
    }
}
