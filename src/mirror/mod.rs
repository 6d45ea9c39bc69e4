//! The mirror: sends copies of users' queries to a shadow and compares the answers; records queries, and replays them.
//!
//! ```text
//! proxy (every worker) --live::Mirror--> run -> compare -> ask (rest, grpc) -> shadow, and the reference once more
//!                                         |        |         |
//!                                         |      first <- answer               -> stats::ranking -> metrics::Comparisons
//!                                         |        |         |
//!                                         |      replay ----ask  <- golden <- a file, by a command
//!                                         v
//!                                      record -> golden -> live::Capture -> the client that reads it
//! ```
//!
//! It runs on a separate thread, with its own runtime and connections, so that no data worker ever parses an answer or waits
//! for a shadow. It imports `live`, `metrics`, `stats`, `routing` and `protocol`, and not `proxy`. Invariants: at most
//! `shadow.concurrency` queries run at a time, each for at most `shadow.timeout`; mirrored queries appear in no variant's
//! series, but their collection counts as in use (I3, I5); answers that cannot be read are counted, not guessed. The thread
//! stops with the process and does not wait for its queue.

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
