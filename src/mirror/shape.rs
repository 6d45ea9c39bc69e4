//! Describes what to read from an answer.

use crate::protocol::Protocol;
use crate::protocol::operations::Hits;

/// Where the hits are in an answer, and which parts of them are needed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) protocol: Protocol,
    pub(super) hits: Hits,
    /// How many hits are kept in readable form.
    pub(super) depth: usize,
    pub(super) payloads: bool,
    /// The maximum decompressed size of an answer.
    pub(super) limit: usize,
}
