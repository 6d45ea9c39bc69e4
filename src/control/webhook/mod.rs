//! Events on their way to people: what is owed to whom, in which words, and when it is tried again.
//!
//! Every commit of the engine owes its events to the webhooks that want them, in the same transaction. The replica
//! that holds the lease delivers, one courier a webhook, so that a slow one holds up no other; the leader's loop keeps
//! the couriers running. A delivery is made at least once and in the order of the events; it is tried for a day.

mod backoff;
mod board;
mod courier;
mod message;
mod sentence;
mod signature;
mod transport;
mod view;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::engine::Engine;

pub(in crate::control) use courier::Couriers;
pub use view::{WebhookTest, WebhookView};

use board::{Board, LastAttempt};

/// The webhooks of the configuration. Clones are the same.
#[derive(Clone, Debug)]
pub struct Webhooks {
    engine: Engine,
    /// What has become of deliveries.
    board: Arc<Board>,
}

impl Webhooks {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, board: Arc::default() }
    }

    /// The newest attempts of this process, by webhook: for its report to the others.
    pub(in crate::control) fn last_attempts(&self) -> std::collections::BTreeMap<String, LastAttempt> {
        self.board.last()
    }
}
