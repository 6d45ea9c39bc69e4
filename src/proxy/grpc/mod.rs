//! A gRPC call, from its head to its trailers.

mod exchange;
mod gzip;
mod inspect;
mod scan;
mod splice;
pub(super) mod wire;

pub(super) use exchange::serve;
pub(super) use inspect::{WholeMessage, whole_message};
pub(super) use splice::PREFIX;

/// The parsers of network bytes, for fuzzing and benchmarks.
pub mod parse {
    pub use super::scan::{Found, Scanner};
    pub use super::splice::{TooLong, rename};
    pub use super::wire::Malformed;
}

#[cfg(test)]
mod tests;
