//! Bodies: the client's request, which may have to be sent twice, and the answer.
//!
//! No code here buffers a whole answer (I9). `fallback.replay_bytes` bounds what is kept of a request for a retry or
//! fallback, and `limits.grpc_inspect_bytes` what is buffered of a gRPC message to read its name.

mod answer;
mod drain;
mod incoming;
mod outgoing;

pub(super) use answer::{Answer, AnswerError, Replay, Source, grpc_outcome};
pub(super) use drain::{Rest, leave};
pub(super) use incoming::{BodyFault, ClientBody, Read};
pub(super) use outgoing::Outgoing;
