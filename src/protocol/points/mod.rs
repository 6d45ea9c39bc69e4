//! Points, as requests and answers name them.

mod id;

pub use id::{PointId, PointIdFault};
