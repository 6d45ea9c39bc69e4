//! What the control plane asks of Qdrant, over gRPC with the official client's generated services.
//!
//! Called by `control` alone. The services stand on a channel of our own rather than on `qdrant_client::Qdrant`: that one
//! takes no certificate authority but the system's, and an upstream must be reached here with the very TLS settings the
//! data path uses.

mod channel;
mod lister;

pub use channel::Connection;
pub use lister::{Lister, Listing, ListingFailed};
