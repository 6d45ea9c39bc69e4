//! Experiments under way: what `experiment` says is routed, counted, reported and kept.
//!
//! Every replica keeps all of them, deals units by them and takes feedback for them; the one that holds the controller's
//! lease also moves them on when their time has come.
//!
//! ```text
//! requests    what people ask for              steps     what is due, by the controller
//! checks      may it begin?                    route     who goes where, for the table
//! plan        how large must it be?            views     how it is shown
//! interleaving  which arms answer together     seen      what all replicas have counted
//! feedback    reported values on their way     conclude  what follows
//! book        what was reported here           trial     the document
//! assignment  where a unit is, for who asks    sharing   whose the alias is, and what of it is free
//! pages       under which names it is counted  flush     how it gets to the store
//! keys        which values were counted already  gauges    for a scrape
//! ```

mod assignment;
mod book;
mod checks;
mod conclude;
mod feedback;
mod flush;
mod gauges;
mod interleaving;
mod keys;
mod pages;
mod plan;
mod requests;
mod route;
mod seen;
mod sharing;
mod steps;
mod trial;
mod views;

#[cfg(test)]
mod tests;

pub(super) use book::Book;
pub(super) use checks::{same_schema, served};
pub use feedback::Taken;
pub(super) use pages::scope_of_all;
pub use plan::{PlanRequest, Planned, plan};
pub use requests::{ExperimentChange, Handover, StopRequest};
pub(super) use route::{Surroundings, experiment_split};
pub(super) use trial::{Trial, Trials};
pub use views::{AssignmentView, ExperimentView};
