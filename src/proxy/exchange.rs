//! The differences between the two protocols in the life of a request.
//!
//! `rest` and `grpc` implement it; [`super::life`], [`super::attempts`] and [`super::interleave`] use it and know nothing
//! else of a protocol. Generic, not boxed: each protocol gets its own compiled code.

use std::sync::Arc;

use http::request::Parts;

use super::begun::Begun;
use super::body::ClientBody;
use super::decide::Question;
use super::headers::HopByHop;
use super::journey::Journey;
use super::respond::Fault;
use crate::live::Live;
use crate::metrics::Handles;
use crate::protocol::Protocol;
use crate::routing::Target;
use crate::upstream::Upstream;

/// A request in one of the two protocols.
pub(super) trait Exchange {
    const PROTOCOL: Protocol;

    fn parts(&self) -> &Parts;

    fn hop_by_hop(&self) -> &HopByHop;

    /// The inputs of the decision. Complete once [`Self::prepare`] has returned.
    fn question(&self) -> Question<'_>;

    /// Reads as much of the request as the decision needs, and refuses what must not be forwarded.
    async fn prepare(&mut self, live: &Live, body: &ClientBody) -> Result<(), Fault>;

    /// One attempt at `target`, up to an answer that can be judged.
    async fn attempt(&self, journey: &mut Journey, upstream: &Arc<Upstream>, target: &Target<Handles>) -> Result<Begun, Fault>;
}
