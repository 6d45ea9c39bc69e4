//! The data plane: one request, from accept to observe.
//!
//! ```text
//! acceptor -> worker -> connection -> service -> operation -> (grpc: inspect) -> decide <- identify
//!                                                   |
//!                                 rest / grpc::serve -> h1 / h2 -> upstream
//!                                                   |
//!                                  journey (fallback, retry, refresh) -> body::Answer -> observe
//!                                  interleave (two journeys, one answer)
//! ```
//!
//! It reads a [`crate::live::Live`] snapshot, writes to `metrics`, requests a refresh, and hands queries to the mirror; it
//! knows nothing else of the control plane. Keeps I1 (requests to stable are forwarded unchanged), I3 (one snapshot a
//! request), I9 (bodies stream) and I10.

mod accepting;
mod acceptor;
mod access;
mod attempts;
mod begun;
mod body;
mod client;
mod connection;
mod deadline;
mod decide;
mod exchange;
mod grpc;
mod guard;
mod h1;
mod h2;
mod headers;
mod health;
mod interleave;
mod journey;
mod life;
mod look;
mod missing;
mod observe;
mod respond;
mod rest;
mod service;
mod tee;
mod unread;
mod worker;

pub use acceptor::{Listen, Neighbours, Proxy, StartError};

/// The parsers of client and upstream input, for fuzzing. No other code outside the data plane may call them.
pub mod parse {
    pub use super::h1::parse::{AnswerHead, BadHead, Decoder, Delimited, Malformed, Step, answer_head};
    pub use super::interleave::parse::{wanted_by_json, wanted_by_message};
    pub use super::look::Tally;
    pub use super::rest::forwarded_head;
}
