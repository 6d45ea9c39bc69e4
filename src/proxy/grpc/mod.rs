//! A gRPC call, from its head to its trailers.

mod gzip;
mod inspect;
mod scan;
mod serve;
mod splice;

pub(super) use inspect::{WholeMessage, whole_message};
pub(super) use serve::serve;

/// The parsers of network bytes, for fuzzing and benchmarks.
pub mod parse {
    pub use super::scan::{Found, Malformed, Scanner};
    pub use super::splice::{TooLong, rename};
}

#[cfg(test)]
mod tests;
