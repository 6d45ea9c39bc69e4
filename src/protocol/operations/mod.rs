//! What does a request want, and where does its path name a collection?
//!
//! One table ([`table::OPERATIONS`]) holds every REST route and every gRPC method; nothing else knows a path. What is not in the
//! table passes through unchanged.

mod operation;
mod path;
mod table;

pub use operation::{Hits, Names, Operation};
pub use path::{Located, Name, locate, origin_form, rewritten};
pub use table::{OPERATIONS, grpc};

#[cfg(test)]
mod tests;
