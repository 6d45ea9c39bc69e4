//! May an experiment begin?

use super::Experiments;
use crate::control::engine::{ControlError, Named, known_alias, same_schema, served};
use crate::experiment::ExperimentSpec;
use crate::live::DEFAULT_UPSTREAM;
use crate::qdrant::Description;

impl Experiments {
    /// Every arm must be there, green and not empty, and able to stand in for the control. Without an alias applications ask
    /// each collection in its own way, so those may differ.
    pub(super) async fn check(&self, spec: &ExperimentSpec) -> Result<(), ControlError> {
        let arms = spec.arms.iter().enumerate();
        let named = arms.filter_map(|(index, arm)| {
            let collection = arm.collection.as_deref()?;
            Some(Named::new(format!("arms[{index}].collection"), arm.upstream.as_deref(), collection))
        });
        self.engine.resolve(spec.alias.as_deref(), &named.collect::<Vec<_>>()).await?;
        let plan = self.engine.plan();
        let here = plan.client(DEFAULT_UPSTREAM)?;
        let stable = match &spec.alias {
            None => None,
            Some(alias) => {
                let listing = here.list().await?;
                Some(known_alias(&listing, alias)?.to_owned())
            }
        };
        let mut control: Option<Description> = None;
        for arm in &spec.arms {
            let Some(collection) = arm.collection.as_deref().or(stable.as_deref()) else { continue };
            let upstream = plan.upstream(arm.upstream.as_deref()).unwrap_or(DEFAULT_UPSTREAM);
            let found = served(&plan.client(upstream)?, collection).await?;
            match &control {
                None => control = Some(found),
                Some(control) if spec.alias.is_some() => same_schema(control, &found)?,
                Some(_) => {}
            }
        }
        Ok(())
    }
}
