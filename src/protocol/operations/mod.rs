//! Classifies requests: which operation it is, and where its path names a collection.
//!
//! One table ([`table::OPERATIONS`]) holds every REST route and every gRPC method; no other code knows a path. Operations
//! that are not in the table pass through unchanged.

mod operation;
mod path;
mod table;

pub use operation::{Hits, Names, Operation};
pub use path::{Located, Name, locate, origin_form, rewritten};
pub use table::{OPERATIONS, grpc};

#[cfg(test)]
mod tests;
