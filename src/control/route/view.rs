//! Routes as they are shown.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Routes;
use crate::control::documents::RouteDocument;
use crate::control::engine::{ControlError, State};
use crate::routing::{Interval, RouteSpec};

/// A route in the form it is written in, with what became of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Route")]
pub struct RouteView {
    pub alias: String,
    pub revision: u64,
    /// With the salt and what is split spelt out.
    #[serde(flatten)]
    pub spec: RouteSpec,
    /// Of the units, by variant.
    pub share_percent: BTreeMap<String, f64>,
    /// Which slots belong to which variant, counted from 0 in the order above.
    pub allocation: Vec<Interval>,
    pub warnings: Vec<String>,
}

impl Routes {
    /// All routes, by alias.
    #[must_use]
    pub fn list(&self) -> Vec<RouteView> {
        let state = self.engine.state();
        state.documents.routes.iter().map(|(alias, route)| view(&state, alias, route)).collect()
    }

    /// # Errors
    /// When there is no such route.
    pub fn show(&self, alias: &str) -> Result<RouteView, ControlError> {
        let state = self.engine.state();
        let route = state.documents.routes.get(alias).ok_or_else(|| ControlError::NoRoute(alias.to_owned()))?;
        Ok(view(&state, alias, route))
    }
}

fn view(state: &State, alias: &str, route: &RouteDocument) -> RouteView {
    let policy = state.plan.policy.with(route.spec.anonymous, route.spec.split);
    let shares = route.spec.variants.iter().enumerate().map(|(place, variant)| (variant.name.clone(), route.share_percent(place)));
    RouteView {
        alias: alias.to_owned(),
        revision: route.revision,
        spec: RouteSpec {
            salt: Some(route.spec.salt_for(alias).as_str().to_owned()),
            anonymous: Some(policy.anonymous),
            split: Some(policy.reads),
            ..route.spec.clone()
        },
        share_percent: shares.collect(),
        allocation: route.allocation.intervals().to_vec(),
        warnings: state.warnings(alias, route),
    }
}
