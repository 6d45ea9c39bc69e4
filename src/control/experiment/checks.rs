//! May an experiment begin?

use crate::control::error::{ControlError, UnknownName};
use crate::control::names::{Named, known_alias};
use crate::control::state::Control;
use crate::experiment::ExperimentSpec;
use crate::live::DEFAULT_UPSTREAM;
use crate::qdrant::{Client, Compatibility, Description};

impl Control {
    /// Every arm must be there, green and not empty, and able to stand in for the control. Without an alias applications ask
    /// each collection in its own way, so those may differ.
    pub(super) async fn check_experiment(&self, spec: &ExperimentSpec) -> Result<(), ControlError> {
        let arms = spec.arms.iter().enumerate();
        let named = arms.filter_map(|(index, arm)| {
            let collection = arm.collection.as_deref()?;
            Some(Named::new(format!("arms[{index}].collection"), arm.upstream.as_deref(), collection))
        });
        self.resolve(spec.alias.as_deref(), &named.collect::<Vec<_>>()).await?;
        let plan = self.plan();
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

/// A collection that is there, green and not empty.
pub(in crate::control) async fn served(client: &Client, collection: &str) -> Result<Description, ControlError> {
    let found = client.describe(collection).await.map_err(|failure| {
        if failure.is_not_found() { ControlError::UnknownName(UnknownName::new("collection", collection)) } else { failure.into() }
    })?;
    let unsuitable = |why: String| ControlError::Unfit { collection: collection.to_owned(), why, differences: Vec::new() };
    if found.state.status != "green" {
        return Err(unsuitable(format!("is {}, not green", found.state.status)));
    }
    if found.state.points_count == 0 {
        return Err(unsuitable("is empty".to_owned()));
    }
    Ok(found)
}

/// Nothing stands in the way of asking both with the same queries.
pub(in crate::control) fn same_schema(control: &Description, arm: &Description) -> Result<(), ControlError> {
    let found = Compatibility::of(&control.schema, &arm.schema);
    let why = found.blocking().map(ToString::to_string).collect::<Vec<_>>();
    if why.is_empty() {
        return Ok(());
    }
    let why = format!("cannot be compared with `{}`: {}", control.name, why.join("; "));
    Err(ControlError::Unfit { collection: arm.name.clone(), why, differences: found.differences })
}
