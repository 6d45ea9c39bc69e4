//! Connections for HTTP/2: few, each for many calls.
//!
//! On the `h2` crate directly: hyper's client would add a task and two channels to each call.

mod line;
mod open;
mod pool;

pub(crate) use line::{Lease, Starved};
pub(crate) use pool::Pool;
