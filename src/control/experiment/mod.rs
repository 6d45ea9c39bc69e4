//! Experiments under way: what `experiment` says is counted, reported and kept; the table deals units by it.
//!
//! Every replica keeps all of them, deals units by them and takes feedback for them; the one that holds the controller's
//! lease also moves them on when their time has come.
//!
//! ```text
//! requests    what operators ask for           steps     what is due, by the controller
//! view        how it is shown                  gauges    for a scrape
//! checks      may it begin?                    sharing   what of an alias is free
//! plan        how large must it be?            seen      what all replicas have counted
//! feedback    reported values on their way     conclude  what follows
//! book        what was reported here           flush     how it gets to the store
//! assignment  where a unit is                  keys      which values were counted already
//! ```

mod assignment;
mod book;
mod checks;
mod conclude;
mod feedback;
mod flush;
mod gauges;
mod keys;
mod plan;
mod requests;
mod seen;
mod sharing;
mod steps;
mod view;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::documents::{ExperimentDocument, Noun};
use super::engine::{ControlError, Engine, State};
use super::loss::Losses;

pub use feedback::Taken;
pub(in crate::control) use gauges::ArmUnits;
pub use plan::{PlanRequest, Planned, plan};
pub use requests::ExperimentChange;
pub use view::{AssignmentView, ExperimentView};

use book::Book;

/// The experiments of this store. Clones are the same.
#[derive(Clone, Debug)]
pub struct Experiments {
    engine: Engine,
    losses: Losses,
    /// What was reported to this process.
    book: Arc<Book>,
}

impl Experiments {
    pub(super) fn new(engine: Engine, losses: Losses) -> Self {
        Self { engine, losses, book: Arc::default() }
    }

    pub(in crate::control) fn known(&self, id: &str) -> Result<ExperimentDocument, ControlError> {
        known(&self.engine.state(), id).cloned()
    }
}

fn known<'s>(state: &'s State, id: &str) -> Result<&'s ExperimentDocument, ControlError> {
    state.documents.experiments.get(id).ok_or_else(|| ControlError::NotFound { noun: Noun::Experiment, id: id.to_owned() })
}
