//! What a shadow comparison has found: how much the answers of a collection that serves no user differ from those
//! that users got, and how much the reference differs from itself when it is asked twice.
//!
//! PURE. Written by the mirror through `metrics`, flushed by replica, merged and reported by the control plane.
//!
//! ```text
//! findings    all there is to show
//! report      means with intervals, the noise floor, and what is left when it is taken off
//! summary     two series, counters, the worst regressions; what is stored
//! series      sums, by bucket       worst       both lists of the queries that changed most
//! columns     how a series is stored
//! ```
//!
//! Invariants: merging is addition, exact in any order (integers, in millionths); everything has a size that does not depend on
//! the traffic (I9); repeats of one query, and queries of one unit, land in one bucket and never count as independent.

mod columns;
mod findings;
mod measure;
mod report;
mod series;
mod summary;
mod sums;
#[cfg(test)]
mod tests;
mod worst;

pub use columns::SeriesFault;
pub use findings::Findings;
pub use measure::{Measure, Range};
pub use report::{CONFIDENCE, Interval, MeasureReport, Report, ShareReport};
pub use series::{Paired, Series};
pub use summary::{Counters, Dropped, Failure, Summary};
pub use sums::{Count, Sums};
pub use worst::{Listed, MAX_PAYLOAD_BYTES, MAX_WORST, Regression, Worst};
