//! Points, as requests and answers name them.

mod id;
pub mod touched;

pub use id::{PointId, PointIdFault};
