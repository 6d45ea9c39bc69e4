//! The collection's name in a gRPC message: it is field 1 of every message that has one.

mod nameless;
mod scan;
mod splice;
#[cfg(test)]
mod tests;

pub use nameless::{NoMessage, PLACE, nameless};
pub use scan::{Found, Scanner};
pub use splice::{TooLong, rename, renamed};
