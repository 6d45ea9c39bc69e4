//! The store: all durable state of Pointsman, in a SQLite file or in a PostgreSQL database shared by several replicas.
//!
//! `control` alone calls it; it knows no room above. State is JSON documents under a kind and an id, and what belongs to
//! them: an audit log, events, deliveries to be made, the controller's lease, the replicas, their observations.
//!
//! What it promises:
//! - A [`Change`] happens as a whole or not at all, and has survived a power cut when [`Store::commit`] returns.
//! - Every write says what it expects to find. Of several that expect the same, one wins.
//! - There is one revision for the whole store. Commits become visible in its order, so [`Store::changed_since`] never
//!   misses one.
//! - A controller that lost its lease changes nothing more: its writes carry a [`Fence`].
//! - Leases and ages go by the database's clock. Due times belong to the caller, and so does the clock they are compared
//!   with.
//! - What it cannot read it leaves alone: a damaged or newer file is refused, never replaced.
//!
//! Both databases take the same SQL text; `dialect` holds the few exceptions.

mod change;
mod changes;
mod commit;
mod db;
mod dialect;
mod document;
mod error;
mod files;
mod history;
mod key;
mod lease;
mod lock;
mod migrations;
mod observations;
mod open;
mod outbox;
mod pooler;
mod postgres_url;
mod probe;
mod read;
mod replicas;
mod retention;
mod rows;
mod servers;
mod timestamp;
mod transfer;
mod url;

#[cfg(test)]
mod tests;

pub use change::{AuditEntry, Change, Committed, Expected, Fence, IdempotencyKey, NewDelivery, NewEvent, Replay, Write};
pub use changes::Changes;
pub use db::Store;
pub use document::{Delta, Document};
pub use error::{CommitError, ImportError, OpenError, StoreError};
pub use files::write_private;
pub use history::{AuditRow, Event, Filter, Page};
pub use key::{Key, Kind};
pub use lease::Lease;
pub use observations::Observation;
pub use outbox::{Backlog, Delivery};
pub use postgres_url::PostgresUrl;
pub use probe::{ProbeFault, Probed};
pub use replicas::{Replica, ReplicaReport};
pub use retention::{Keep, Retention};
pub use timestamp::Timestamp;
pub use transfer::{Export, Imported};
pub use url::{StoreUrl, StoreUrlFault};
