//! Routes: weighted variants on top of one alias, as operators ask for them.
//!
//! ```text
//! requests    what operators ask for           view      how it is shown
//! ```

mod requests;
mod view;

use super::engine::Engine;

pub use requests::Weights;
pub use view::RouteView;

/// The routes of this store. Clones are the same.
#[derive(Clone, Debug)]
pub struct Routes {
    engine: Engine,
}

impl Routes {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine }
    }
}
