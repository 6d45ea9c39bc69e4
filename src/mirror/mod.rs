//! Asks a shadow what users asked, and compares what it answers with what they got; writes down what users asked, and asks it
//! again.
//!
//! ```text
//! proxy (every worker) --live::Mirror--> run -> compare -> ask (rest, grpc) -> shadow, and the reference once more
//!                                         |        |         |
//!                                         |      first <- answer               -> stats::ranking -> metrics::Comparisons
//!                                         |        |         |
//!                                         |      replay ----ask  <- golden <- a file, by a command
//!                                         v
//!                                      record -> golden -> live::Capture -> whoever reads it
//! ```
//!
//! One thread of its own, with its own runtime and connections, so that no data worker ever parses an answer or waits for
//! a shadow. It knows `live`, `metrics`, `stats`, `routing` and `protocol`, and nothing of `proxy`.
//! Invariants: at most `shadow.concurrency` questions are asked at a time, each for at most `shadow.timeout`; no variant's series
//! counts them, but a collection that is asked is in use (I3, I5); what cannot be read is counted, not guessed. It stops with
//! the process and does not wait for its queue.

mod answer;
mod ask;
mod compare;
mod exchange;
mod first;
mod grpc;
mod lists;
mod record;
#[cfg(test)]
mod recorded_tests;
mod replay;
mod rest;
mod run;
mod shape;
mod telling;
#[cfg(test)]
mod tests;
mod wire;

pub use exchange::AskFailed;
pub use replay::{Replay, Unknown, check};
pub use run::start;
