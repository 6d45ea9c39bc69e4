//! HTTP/2 towards Qdrant's gRPC port: a few connections per worker, and one call over the least busy of them.
//!
//! On the `h2` crate directly: hyper's client would add a task and two channels to each call.

mod body;
mod call;
mod error;
mod pool;
mod pump;

pub(super) use body::AnswerBody;
pub(super) use call::{Started, call};
pub(super) use error::CallError;
pub(super) use pool::Pool;
