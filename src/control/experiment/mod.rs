//! Experiments under way: what `experiment` says is routed, counted, reported and kept.
//!
//! Every replica keeps all of them, deals units by them and takes feedback for them; the one that holds the controller's
//! lease also moves them on when their time has come.
//!
//! ```text
//! requests    what people ask for              steps     what is due, by the controller
//! checks      may it begin?                    route     who goes where, for the table
//! plan        how large must it be?            views     how it is shown
//! feedback    reported values on their way     seen      what all replicas have counted
//! book        what was reported here           conclude  what follows
//! trial       the document
//! ```

mod book;
mod checks;
mod conclude;
mod feedback;
mod plan;
mod requests;
mod route;
mod seen;
mod steps;
mod trial;
mod views;

pub(super) use book::Book;
pub(super) use checks::{same_schema, served};
pub use feedback::Taken;
pub use plan::{PlanRequest, Planned, plan};
pub use requests::{ExperimentChange, Handover, StopRequest};
pub(super) use route::{Surroundings, experiment_route};
pub(super) use seen::scope_of_all;
pub(super) use trial::{Trial, Trials};
pub use views::{AssignmentView, ExperimentView};
