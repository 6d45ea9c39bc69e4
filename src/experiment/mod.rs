//! Experiments: who is in which arm, what was seen of each, and what may be concluded from it.
//!
//! Pure: no I/O, no async, no clock. `control` keeps an [`Experiment`] as a document, routes by its allocation, adds up
//! what every replica has [seen](Seen), and shows what [`analysis`] makes of it.
//!
//! ```text
//! spec        the request for an experiment, and its validation     metric    what is measured, by itself or by feedback
//! machine     scheduled, baseline, running, settling, ended          phase     one set of weights and who is where by it
//! token       the decision an application sends back                feedback  one reported value, placed or refused
//! seen        everything counted in one phase, in sums               credits   what hits of both arms have won
//! layer       what several experiments on one alias share            analysis  from there to a sentence
//! slice       time in pieces that are counted apart, so that a range can be asked for
//! ```
//!
//! Laws, each with its tests: a unit's arm follows from its id and the phase alone (I2); it is in one experiment of an
//! alias at most; raising the exposure only adds
//! units; a change of weights begins a new phase, whose results are kept apart; what cannot be believed is not concluded.

pub mod analysis;
mod credits;
mod feedback;
mod layer;
mod loss;
mod machine;
mod metric;
mod phase;
mod seen;
mod slice;
mod spec;
mod token;

#[cfg(test)]
mod tests;

pub use credits::Credits;
pub use feedback::{Ambiguity, Credit, Feedback, Place, Placed, Refused};
pub use layer::{LayerPart, layer_salt};
pub use machine::{Experiment, Illegal, Refusal, State, Step};
pub use metric::{Automatic, Direction, MetricKind, MetricSpec, Role};
pub use phase::{Assignment, BASELINE, FIRST_SPLIT, Phase, salt, statistics_salt};
pub use seen::{ArmSeen, LATENCY_GROUPS, Seen};
pub use slice::{Covered, Part, Range, Slice, Slices};
pub use spec::{ArmSpec, ExperimentSpec, Targeting};
pub use token::{AnyToken, Interleaved, Token, TokenKey};
