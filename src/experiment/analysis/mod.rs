//! From sums to a sentence.
//!
//! ```text
//! reading     one metric of one arm, as an estimate that knows units
//! split       are the units where chance should have put them?
//! comparison  one metric of one arm against the control, with what is besides said of
//!             shares and counts, ranks, a margin (no worse than), and the outlook (power)
//! preference  one metric's hits, where both arms answered together
//! judged      whatever has a p-value; company holds all of a role against each other
//! decision    what a person would say
//! report      all of it
//! ```
//!
//! Which inference counts: as long as an experiment runs, intervals and p-values that hold at every look; at its planned
//! end, once, those of a fixed horizon. Both are always shown.

mod company;
mod comparison;
mod decision;
mod judged;
mod margin;
mod outlook;
mod preference;
mod ranks;
mod reading;
mod report;
mod setting;
mod shares;
mod split;

pub use comparison::Comparison;
pub use decision::{Decision, Verdict};
pub use margin::NonInferiority;
pub use outlook::Outlook;
pub use preference::{Preference, SignTest};
pub use ranks::RankReport;
pub use report::{ArmReport, MetricReport, Question, Report, analyse};
pub use shares::{CountReport, ShareReport};
pub use split::{Dealt, Split, SplitAlarm, judge as split_of};

/// Where the latency grid of [`super::ArmSeen`] has its bounds, in milliseconds.
pub type Bounds<'a> = &'a [f64];
