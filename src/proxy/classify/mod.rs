//! Phase 1: what does this request want, and where does it name a collection?
//!
//! One table ([`table::OPERATIONS`]) holds every REST route and every gRPC method; nothing else in the data plane knows
//! a path. What is not in the table passes through unchanged. Called by the service for each request.

mod operation;
mod path;
mod table;

pub use operation::{Hits, Names, Operation};
pub use path::{Located, Name, locate, rewritten};
pub use table::{OPERATIONS, grpc};

#[cfg(test)]
mod tests;
