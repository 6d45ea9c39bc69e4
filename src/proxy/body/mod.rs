//! Bodies on their way through: the client's request, which may have to be sent twice, and the answer.
//!
//! Nothing here collects an answer (I9). What is kept of a request for a second sending is bounded by
//! `fallback.replay_bytes`, and what is held back of a gRPC message to read its name by `limits.grpc_inspect_bytes`.

mod answer;
mod drain;
mod incoming;
mod outgoing;

pub(super) use answer::{Answer, AnswerError, Replay, Source, grpc_outcome};
pub(super) use drain::{Rest, leave};
pub(super) use incoming::{BodyFault, ClientBody, Read};
pub(super) use outgoing::Outgoing;
