//! Aliases, changed by operators: looked at from all sides first, then moved with one request, then in the table.
//!
//! ```text
//! requests    what operators ask for           moves     what is about to be asked of Qdrant is written down first
//! view        how it is shown                  decision  where one request would go, and why
//! ```

mod arms;
mod decision;
mod moves;
mod requests;
mod view;

use super::canary::Canaries;
use super::deployment::Deployments;
use super::engine::Engine;
use super::experiment::Experiments;
use super::loss::Losses;

pub use arms::Arm;
#[cfg(test)]
pub(in crate::control) use arms::by_alias as arms_by_alias;
pub use decision::Explained;
pub use requests::{AliasChange, AliasChanged, Comparison};
pub use view::{AliasView, CollectionView};

/// The aliases of the default upstream. Clones are the same.
#[derive(Clone, Debug)]
pub struct Aliases {
    engine: Engine,
    losses: Losses,
    canaries: Canaries,
    deployments: Deployments,
    experiments: Experiments,
}

impl Aliases {
    pub(super) fn new(engine: Engine, losses: Losses, canaries: Canaries, deployments: Deployments, experiments: Experiments) -> Self {
        Self { engine, losses, canaries, deployments, experiments }
    }
}
