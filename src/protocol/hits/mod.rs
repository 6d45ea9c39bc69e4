//! The hits of an answer to a search.
//!
//! One scanner for JSON ([`Json`]) and one for protobuf ([`Protobuf`], in a gRPC frame [`Framed`]) follow the few containers that
//! lead to the hits and skip everything beside them, in whatever pieces the answer comes; they tell a [`Visit`] what they come by.
//! A guard's visitor counts ([`crate::proxy`]); the one here remembers where the hits stand, so that a whole answer can be read,
//! or written with other hits in it ([`Form`]).

mod form;
mod framed;
mod json;
mod protobuf;
mod spans;

pub use form::{Form, Hit};
pub use framed::{Framed, Unreadable};
pub use json::Json;
pub use protobuf::Protobuf;

/// What a scanner tells of the hits it comes by, in the answer's order. Positions are offsets in the answer.
pub trait Visit {
    /// A list of hits begins: in JSON behind its bracket.
    fn list_begins(&mut self, _at: u64) {}

    /// The list's last hit has been; in JSON the closing bracket is here.
    fn list_ends(&mut self, _at: u64) {}

    /// A hit begins: its field in protobuf, what it consists of. Returns whether its score is wanted, which costs more than
    /// skipping the hit.
    fn hit(&mut self, field: u64, content: u64) -> bool;

    /// The hit ends here.
    fn hit_ends(&mut self, _at: u64) {}

    /// The score of a hit that was wanted. Protobuf does not write a score of zero: it is told first, and another one after.
    fn score(&mut self, _score: f64) {}
}
