//! May a shadow comparison begin?

use crate::control::error::ControlError;
use crate::control::experiment::{same_schema, served};
use crate::control::names::{Named, known_alias};
use crate::control::state::Control;
use crate::live::DEFAULT_UPSTREAM;
use crate::rollout::shadow::ShadowSpec;

impl Control {
    /// The shadow must be there, green and not empty, and be able to stand in for what the alias points at: it is asked with
    /// the same queries, and a collection of other vectors could answer none of them.
    /// Where the alias points.
    pub(super) async fn check_shadow(&self, spec: &ShadowSpec) -> Result<String, ControlError> {
        self.resolve(Some(&spec.alias), &[Named::new("collection", spec.upstream.as_deref(), &spec.collection)]).await?;
        let plan = self.plan();
        let here = plan.client(DEFAULT_UPSTREAM)?;
        let listing = here.list().await?;
        let stable = known_alias(&listing, &spec.alias)?;
        let upstream = plan.upstream(spec.upstream.as_deref()).unwrap_or(DEFAULT_UPSTREAM);
        let found = served(&plan.client(upstream)?, &spec.collection).await?;
        same_schema(&here.describe(stable).await?, &found)?;
        Ok(stable.to_owned())
    }
}
