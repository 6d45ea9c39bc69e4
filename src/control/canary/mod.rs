//! Canaries under way: what `rollout` decides is carried out here.
//!
//! Every replica keeps all of them, routes by them and counts for their guards; the one that holds the controller's lease
//! also looks at the evidence and executes what is due. The order is always the same: the machine's new state is in the
//! store before anything of it is done, so the controller that comes after a crash finds what was meant and does it again.
//!
//! ```text
//! requests    what operators ask for              steps       one look at one canary, by the controller
//! view        how it is shown                     gauges      for a scrape
//! effects     what the machine wants done         evidence    what was seen, and what the guards say of it
//! events      what there is to tell               observed    what replicas have counted
//! comparison  before the first stage              readings    what Prometheus says
//! ```

mod comparison;
mod effects;
mod events;
mod evidence;
mod gauges;
mod guards;
mod observed;
mod readings;
mod requests;
mod steps;
mod view;

use super::documents::{CanaryDocument, Noun};
use super::engine::{ControlError, Engine};
use super::loss::Losses;
use super::shadow::Shadows;

pub(in crate::control) use events::transitions;
pub use view::CanaryView;

/// The canaries of this store. Clones are the same.
#[derive(Clone, Debug)]
pub struct Canaries {
    engine: Engine,
    losses: Losses,
    shadows: Shadows,
}

impl Canaries {
    pub(super) fn new(engine: Engine, losses: Losses, shadows: Shadows) -> Self {
        Self { engine, losses, shadows }
    }

    fn document(&self, id: &str) -> Option<CanaryDocument> {
        self.engine.state().documents.canaries.get(id).cloned()
    }

    fn known(&self, id: &str) -> Result<CanaryDocument, ControlError> {
        self.document(id).ok_or_else(|| ControlError::NotFound { noun: Noun::Canary, id: id.to_owned() })
    }
}
