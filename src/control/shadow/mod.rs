//! Shadow comparisons under way: reads of an alias are mirrored by what `rollout` says, counted, reported and kept.
//!
//! Every replica keeps all of them and mirrors for them; the one that holds the controller's lease also ends them when
//! their time has come. A canary's own comparison, before its first stage, is counted here as well.
//!
//! ```text
//! requests    what operators ask for           steps     what is due, by the controller
//! view        how it is shown                  gauges    for a scrape
//! seen        what all replicas have compared
//! ```

mod gauges;
mod requests;
mod seen;
mod steps;
#[cfg(test)]
mod tests;
mod view;

use super::documents::{Noun, ShadowDocument};
use super::engine::{ControlError, Engine};

pub use view::ShadowView;

/// The shadow comparisons of this store. Clones are the same.
#[derive(Clone, Debug)]
pub struct Shadows {
    engine: Engine,
}

impl Shadows {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine }
    }

    fn known(&self, id: &str) -> Result<ShadowDocument, ControlError> {
        let found = self.engine.state().documents.shadows.get(id).cloned();
        found.ok_or_else(|| ControlError::NotFound { noun: Noun::Shadow, id: id.to_owned() })
    }
}
