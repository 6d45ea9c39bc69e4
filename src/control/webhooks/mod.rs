//! Events on their way to people: what is owed to whom, in which words, and when it is tried again.
//!
//! Every commit of [`super::ledger`] owes its events to the webhooks that want them, in the same transaction. The replica
//! that holds the lease delivers, one courier a webhook, so that a slow one holds up nobody else; [`super::steward`] keeps
//! the couriers running. A delivery is made at least once and in the order of the events; it is tried for a day.

mod announce;
mod backoff;
mod board;
mod courier;
mod message;
mod sentence;
mod signature;
mod transport;
mod views;
mod webhook;

#[cfg(test)]
mod tests;

pub(super) use announce::announce;
pub(super) use board::Board;
pub(super) use courier::Couriers;
pub(super) use webhook::Webhook;

pub use views::{WebhookTest, WebhookView};
