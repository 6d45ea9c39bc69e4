//! Two lists of hits as one: who picks what, and whose hit it was afterwards.
//!
//! Pure: no I/O, no clock, no randomness but what is handed in. The data plane merges answers by [`draft`] and has the
//! result sealed; `experiment` makes the seal and reads it again when feedback names points.
//!
//! ```text
//! draft   team-draft: two ranked lists, one coin a round      picks   which point was on whose team, in few bytes
//! ```
//!
//! Laws, each with its tests: no item twice; neither team is ever ahead by more than one while both have items left; two
//! equal lists give that list.

mod draft;
mod picks;

pub use draft::{Pick, Team, draft};
pub use picks::{MOST_HITS, Picks};

/// The variant an answer is from that two arms have made together.
pub const INTERLEAVED: &str = "interleaved";

/// Makes what an application sends back with its feedback: authenticated, and without a word about the unit. A trait, so
/// that whoever merges answers need not know what a seal is made of.
pub trait Seal: std::fmt::Debug + Send + Sync {
    /// For an answer to the unit with this hash.
    fn seal(&self, unit: u64, picks: Picks) -> String;
}
