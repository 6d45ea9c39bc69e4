//! The hits of an answer to a search.
//!
//! A [`Visit`] is told of them as an answer passes by, in whatever pieces it comes, in JSON ([`in_json`]) or protobuf
//! ([`in_message`]). A guard's visitor counts; the one here remembers where the hits stand, so that a whole answer can be read, or
//! written with other hits in it ([`Form`]).

mod finder;
mod form;
mod spans;

pub use finder::{Finder, in_json, in_message};
pub use form::{Form, Hit};

/// What a visitor is told of the hits, in the answer's order.
pub trait Visit {
    /// A list of hits begins: its first hit, or its end, is here.
    fn list_begins(&mut self, _at: u64) {}

    /// Behind the list's last hit.
    fn list_ends(&mut self, _at: u64) {}

    /// A hit begins: with its bracket or its field's key, and what is in it. Returns whether its score is wanted, which costs more
    /// than skipping the hit.
    fn hit(&mut self, outer: u64, inner: u64) -> bool;

    /// What is in the hit ends, and the hit.
    fn hit_ends(&mut self, _inner: u64, _outer: u64) {}

    /// The score of a hit that was wanted. Protobuf does not write a score of zero: it is told first, and another one after.
    fn score(&mut self, _score: f64) {}
}
