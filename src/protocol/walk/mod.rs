//! Walks a JSON text or a protobuf message that comes in pieces, along a few containers that are known beforehand.
//!
//! A tree of nodes says which keys or fields lead on ([`json::Node`], [`protobuf::Node`]); of everything beside them, payloads and
//! vectors most of all, brackets and lengths are counted, many bytes at a step. Memory does not depend on the input. A walker is no
//! validator: of what is not well-formed it may say anything; of what is, it says what a parser would, or that it cannot.

pub mod json;
pub mod protobuf;

/// A value without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// A number or a literal, as JSON writes it.
    Bare(&'a [u8]),
    /// What stands between the quotes of a JSON string without escapes, or a protobuf string.
    Text(&'a [u8]),
    Varint(u64),
    Fixed32(u32),
}

/// What a walker tells of the nodes it comes by, in their order. Positions are offsets in the input: `outer` ones are those of the
/// brackets, or of the field with its key and length; `inner` ones are those of what is in it.
pub trait Walk {
    type Tag: Copy + std::fmt::Debug + 'static;

    /// A container begins. Returns whether it is to be walked; otherwise it is skipped, and its end is told all the same.
    fn enter(&mut self, tag: Self::Tag, outer: u64, inner: u64) -> bool;

    /// A container, or a raw value, ends.
    fn leave(&mut self, tag: Self::Tag, inner: u64, outer: u64);

    /// Returns whether it makes sense; otherwise the input counts as unreadable.
    fn scalar(&mut self, tag: Self::Tag, scalar: Scalar<'_>) -> bool;

    /// A piece of a raw value.
    fn raw(&mut self, _tag: Self::Tag, _piece: &[u8]) {}

    /// Something stands where only known keys, fields and kinds of values were expected.
    fn unexpected(&mut self) {}
}
