//! HTTP/2 to Qdrant's gRPC port: one call over a connection of `upstream`'s pool.

mod body;
mod call;
mod error;
mod pump;

pub(super) use body::AnswerBody;
pub(super) use call::{Started, call};
pub(super) use error::CallError;
