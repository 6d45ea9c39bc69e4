//! A canary from its plan to its end: what an operator may ask for, and the state machine that carries it out.
//!
//! Pure: no I/O, no async, no clock. `control` owns a [`Canary`] as a JSON document, gives it the time, evidence,
//! commands and the outcomes of its effects, stores what it has become, and only then executes what is
//! [due](Canary::due). Whatever replica does that, and whenever the one before it died, the canary goes on where it was.
//!
//! The laws, each with its tests:
//!
//! 1. The share grows only in `stepping`: on entering a stage, or on its return after the kill switch.
//! 2. Guards are heard in every live state, pauses and approvals included; a failing one rolls back at once.
//! 3. A stage is left upwards only when its time is over *and* every guard passes on enough requests and units of both
//!    cohorts. No data, errors in measuring and inconclusive verdicts hold (I7).
//! 4. Each stage has a window of its own: what was seen before it neither fails nor masks it.
//! 5. Unobserved time is not stage time: after a downtime the rest of the stage is still to come (I6).
//! 6. The way back needs neither evidence nor a healthy canary, and is tried for ever (I8).
//! 7. A comparison before the first stage moves no user: the share stays zero until every limit holds on enough
//!    comparisons.
//! 8. What it rests on is looked at at every look: an alias that others have moved ends it, and it never goes further while
//!    that is not known (I6).
//! 9. A canary that would lose acknowledged writes by its promotion holds, unless its plan or an operator accepts that (I11).
//!    The way back is never held up.
//! 10. Terminal states are final; every transition has an actor, a reason and its evidence.

mod basis;
mod canary;
pub mod deployment;
mod evaluation;
mod evidence;
pub mod loss;
mod plan;
pub mod retirement;
pub mod shadow;
mod share;
mod time;

#[cfg(test)]
mod tests;

pub use crate::config::{Day, FreezeWindow, TimeOfDay, Timestamp};
pub use basis::{Basis, BasisFault};
pub use canary::{
    By, Canary, CanaryStatus, Command, Effect, Ending, Endpoint, History, Illegal, Notice, PauseReason, Pending, Phase, ShadowStatus,
    State, Transition, Way,
};
pub use evaluation::{Evaluation, Verdict};
pub use evidence::{CohortNumbers, ComparisonNumbers, Evidence, Measurement};
pub use plan::{
    AtDeadline, CanarySpec, Guard, Level, Limit, NoData, Plan, PlanFaults, Rule, ShadowStage, Stage, StageSpec, Statistic, filled,
};
pub use share::{Cohorts, Share, cohorts, salt};
