//! What is looked for in an answer.

use crate::protocol::Protocol;
use crate::protocol::operations::Hits;

/// Where the hits are in an answer, and what is wanted of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) protocol: Protocol,
    pub(super) hits: Hits,
    /// How many are shown to people.
    pub(super) depth: usize,
    pub(super) payloads: bool,
    /// What an answer may have at most when it is inflated.
    pub(super) limit: usize,
}
