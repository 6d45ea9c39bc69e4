//! What differs between the two protocols in the life of a request.
//!
//! Implemented by [`super::rest::Rest`] and [`super::grpc::Call`]; used by [`super::life`], [`super::attempts`] and
//! [`super::interleave`], which know nothing else of a protocol. Generic, not boxed: each protocol gets its own life.

use std::sync::Arc;

use http::Response;
use http::request::Parts;

use super::body::{ClientBody, Source};
use super::decide::Question;
use super::headers::HopByHop;
use super::interleave::{Fit, Unfit};
use super::journey::Journey;
use super::respond::Fault;
use crate::live::Live;
use crate::metrics::{Handles, Outcome, Protocol};
use crate::routing::Target;
use crate::upstream::Upstream;

/// An answer of one target, as far as has been looked at.
pub(super) struct Begun {
    pub(super) answer: Response<Source>,
    pub(super) outcome: Outcome,
    /// The upstream failed: an error that is its own and not the request's.
    pub(super) failed: bool,
    /// It says that the collection is missing.
    pub(super) missing: bool,
}

pub(super) trait Exchange {
    const PROTOCOL: Protocol;

    fn parts(&self) -> &Parts;

    fn hop_by_hop(&self) -> &HopByHop;

    /// What the decision is made from. Complete once [`Self::prepare`] has returned.
    fn question(&self) -> Question<'_>;

    /// Reads as much of the request as the decision needs, and refuses what must not go on.
    async fn prepare(&mut self, live: &Live, body: &ClientBody) -> Result<(), Fault>;

    /// One attempt at `target`, up to an answer that can be judged.
    async fn attempt(&self, journey: &mut Journey, upstream: &Arc<Upstream>, target: &Target<Handles>) -> Result<Begun, Fault>;

    /// Whether two arms can answer it together.
    async fn fit(&self, journey: &Journey) -> Result<Fit, Unfit>;

    /// Asks for answers that can be read, from here on.
    fn uncompressed(&mut self);
}
