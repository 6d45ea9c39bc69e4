//! Qdrant's wire formats: what a request is, where it names its collection, how a message is framed, and where an answer has its
//! hits.
//!
//! ```text
//! operations   one table of every REST route and gRPC method, and the name in a path
//! hits         the hits of an answer, as it passes by or as a whole
//! points       a point's id; what a write touches
//! names        the name in a message: found, replaced, taken out
//! walk         JSON and protobuf in pieces, along a few containers
//! messages     protobuf's numbers, gRPC's frame, gzip
//! ```
//!
//! Used by the data plane, the mirror and the control plane alike, and knows none of them. Pure: no I/O, no async, no clock.
//! All bytes that come here are from the network: nothing is believed, memory is bounded by what the caller says (I9), and what
//! cannot be read is an error.

pub mod hits;
mod kinds;
pub mod messages;
pub mod names;
pub mod operations;
pub mod points;
pub mod walk;

pub use kinds::{Class, Protocol, Read};
