//! HTTP/2 connections: few, each for many calls.
//!
//! Built directly on the `h2` crate: hyper's client would add a task and two channels to each call.

mod line;
mod open;
mod pool;

pub(crate) use line::{Lease, Starved};
pub(crate) use pool::Pool;
