//! A gRPC call, from its head to its trailers.

mod exchange;
mod inspect;

pub(super) use exchange::serve;
pub(super) use inspect::{WholeMessage, whole_message};
