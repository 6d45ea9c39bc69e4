//! Points: their ids, and which points a write touches.

mod id;
pub mod touched;

pub use id::{PointId, PointIdFault};
