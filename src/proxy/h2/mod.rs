//! HTTP/2 towards Qdrant's gRPC port: a few connections per worker, and one call over the least busy of them.
//!
//! On the `h2` crate directly: hyper's client would add a task and two channels to each call.

mod body;
mod call;
mod pool;
mod pump;

pub(super) use body::AnswerBody;
pub(super) use call::{CallError, Started, call};
pub(super) use pool::Pool;
