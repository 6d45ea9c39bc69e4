//! Retirements under way: what `rollout::retirement` decides is carried out here.
//!
//! Every replica keeps all of them; the one that holds the controller's lease looks at those that are due. A state is in
//! the store before anything of it is done, under the lease's fence and against the revision the decision stood on. So
//! whatever is made to lead to the collection meanwhile, at any replica, either comes first, and the retirement ends, or comes
//! after the announcement, and is refused.
//!
//! ```text
//! requests    what operators ask for                  steps        one look at everything that is due
//! view        how it is shown                         gauges       for a scrape
//! family      the same for what a family has too many facts        what is known of a collection, gathered afresh
//! replicas    what the other replicas have in flight
//! ```

mod facts;
mod family;
mod gauges;
mod replicas;
mod requests;
mod steps;
mod view;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::Mutex;

use super::documents::Noun;
use super::engine::{ControlError, Engine};
use super::loss::Losses;
use crate::rollout::retirement::Retirement;

pub use family::{FamilyPlan, FamilyRequest};
pub use requests::RetirementRequest;
pub use view::RetirementView;

/// The retirements of this store. Clones are the same.
#[derive(Clone, Debug)]
pub struct Retirements {
    engine: Engine,
    losses: Losses,
    /// Held by the one round that is under way.
    round: Arc<Mutex<()>>,
}

impl Retirements {
    pub(super) fn new(engine: Engine, losses: Losses) -> Self {
        Self { engine, losses, round: Arc::default() }
    }

    fn document(&self, id: &str) -> Option<Retirement> {
        self.engine.state().documents.retirements.get(id).cloned()
    }

    fn known(&self, id: &str) -> Result<Retirement, ControlError> {
        self.document(id).ok_or_else(|| ControlError::NotFound { noun: Noun::Retirement, id: id.to_owned() })
    }
}
