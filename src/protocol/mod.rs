//! Qdrant's wire formats: the operation of a request, its collection name, the framing of messages, and the hits of answers.
//!
//! ```text
//! operations   one table of every REST route and gRPC method, and the name in a path
//! hits         the hits of an answer, as it passes by or as a whole
//! points       a point's id; what a write touches
//! names        the name in a message: found, replaced, removed
//! walk         JSON and protobuf in pieces, along a few containers
//! messages     protobuf's numbers, gRPC's frame, gzip
//! ```
//!
//! Used by the data plane, the mirror and the control plane; imports none of them. Pure: no I/O, no async, no clock. All
//! input comes from the network: nothing is trusted, the caller bounds the memory (I9), and unreadable input is an error.

pub mod hits;
mod kinds;
pub mod messages;
pub mod names;
pub mod operations;
pub mod points;
pub mod walk;

pub use kinds::{Class, Protocol, Read};
