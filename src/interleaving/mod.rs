//! Merges two result lists into one, and remembers which arm each hit came from.
//!
//! Pure: no I/O, no clock, no randomness except what the caller passes in. The data plane merges answers by [`draft`] and
//! has the result signed; `experiment` makes the token and reads it again when feedback names points.
//!
//! ```text
//! draft   team-draft: two ranked lists, one coin a round      picks   which point was on whose team, in few bytes
//! ```
//!
//! Laws, each with its tests: no item occurs twice; neither team is ever ahead by more than one while both have items left;
//! two equal lists give that list.

mod draft;
mod picks;

pub use draft::{Pick, Team, draft};
pub use picks::{MOST_HITS, Picks};

/// The value of `x-pointsman-variant` for an answer that two arms made together.
pub const INTERLEAVED: &str = "interleaved";

/// Makes the signed token that an application sends back with its feedback; it contains nothing about the unit. A trait, so
/// that the merging code need not know how tokens are made.
pub trait Seal: std::fmt::Debug + Send + Sync {
    /// The token for an answer to the unit with this hash.
    fn seal(&self, unit: u64, picks: Picks) -> String;
}
