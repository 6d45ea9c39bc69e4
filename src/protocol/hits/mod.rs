//! The hits of an answer to a search.
//!
//! A [`Visit`] gets them while an answer passes by in pieces, in JSON ([`in_json`]) or protobuf ([`in_message`]). A guard's
//! visitor counts them; the visitor in this room records their positions, so that a whole answer can be read, or written
//! with other hits ([`Form`]).

mod finder;
mod form;
mod spans;

pub use finder::{Finder, in_json, in_message};
pub use form::{Form, Hit};

/// The callbacks for hits, in the answer's order.
pub trait Visit {
    /// A list of hits begins; its first hit, or its end, is at this offset.
    fn list_begins(&mut self, _at: u64) {}

    /// After the list's last hit.
    fn list_ends(&mut self, _at: u64) {}

    /// A hit begins: `outer` includes its bracket or its field's key, `inner` is its content. Returns whether the score is
    /// wanted, which costs more than skipping the hit.
    fn hit(&mut self, outer: u64, inner: u64) -> bool;

    /// The content of the hit ends, and the hit.
    fn hit_ends(&mut self, _inner: u64, _outer: u64) {}

    /// The score of a hit that was wanted. Protobuf does not write a score of zero: zero is reported first, and another
    /// score after it.
    fn score(&mut self, _score: f64) {}
}
