//! The answer of one target, as far as it has been inspected.

use http::Response;

use super::body::Source;
use super::observe::Observation;
use crate::metrics::{FallbackCause, Outcome};

pub(super) struct Begun {
    pub(super) answer: Response<Source>,
    pub(super) outcome: Outcome,
    /// Of HTTP, or of gRPC; none where that comes with the trailers.
    pub(super) status: Option<u16>,
    /// The upstream failed: an error that is its own and not the request's.
    pub(super) failed: bool,
    /// It says that the collection is missing.
    pub(super) missing: bool,
}

/// A variant's refusal, held until stable has been asked.
pub(super) struct HeldRefusal {
    pub(super) begun: Begun,
    pub(super) observation: Observation,
    pub(super) cause: FallbackCause,
}
