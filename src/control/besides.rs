//! What goes into the same commit as a rollout's next state.

use crate::store::{NewEvent, Write};

#[derive(Default)]
pub(super) struct Besides {
    pub(super) writes: Vec<Write>,
    pub(super) events: Vec<NewEvent>,
}

impl Besides {
    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.events.is_empty()
    }
}

impl From<Vec<Write>> for Besides {
    fn from(writes: Vec<Write>) -> Self {
        Self { writes, events: Vec::new() }
    }
}
