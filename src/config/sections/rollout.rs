//! `prometheus`, `freeze`: what rollouts of every alias heed besides their own plans.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::FreezeWindow;
use crate::config::values::{BaseUrl, Period, Secret};

/// The Prometheus that guards with a PromQL query ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct PrometheusConfig {
    /// Where its HTTP API begins; default none: guards that ask it are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<BaseUrl>,
    /// How long an answer may take; default `2s`. A guard without one is inconclusive.
    pub timeout: Period,
    /// The bearer token it wants; default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
}

impl Default for PrometheusConfig {
    fn default() -> Self {
        Self { url: None, timeout: Period::from_secs(2), token: None }
    }
}

/// A time in which no rollout is promoted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FreezeConfig {
    /// Its name, shown with each rollout that it holds back.
    #[schemars(length(min = 1))]
    pub name: String,
    /// As in a canary's plan.
    #[serde(flatten)]
    pub window: FreezeWindow,
}
