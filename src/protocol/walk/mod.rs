//! Walks a JSON text or a protobuf message that arrives in pieces, along a fixed tree of containers.
//!
//! A tree of nodes says which keys or fields to follow ([`json::Node`], [`protobuf::Node`]). Everything else, mostly
//! payloads and vectors, is skipped by counting brackets and lengths, many bytes at a step. Memory does not depend on the
//! input. A walker does not validate: for malformed input its result is arbitrary; for well-formed input it reports what a
//! parser would, or that it cannot read it.

pub mod json;
pub mod protobuf;

/// A value without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// A number or a literal, as JSON writes it.
    Bare(&'a [u8]),
    /// The content between the quotes of a JSON string without escapes, or a protobuf string.
    Text(&'a [u8]),
    Varint(u64),
    Fixed32(u32),
}

/// The callbacks for nodes, in their order. Positions are offsets in the input: `outer` ones are those of the brackets, or
/// of the field with its key and length; `inner` ones are those of the content.
pub trait Walk {
    type Tag: Copy + std::fmt::Debug + 'static;

    /// A container begins. Returns whether to walk it; otherwise it is skipped, and only its end is reported.
    fn enter(&mut self, tag: Self::Tag, outer: u64, inner: u64) -> bool;

    /// A container, or a raw value, ends.
    fn leave(&mut self, tag: Self::Tag, inner: u64, outer: u64);

    /// Returns whether the value is valid; otherwise the input counts as unreadable.
    fn scalar(&mut self, tag: Self::Tag, scalar: Scalar<'_>) -> bool;

    /// A piece of a raw value.
    fn raw(&mut self, _tag: Self::Tag, _piece: &[u8]) {}

    /// The input has something other than the known keys, fields and kinds of values.
    fn unexpected(&mut self) {}
}
