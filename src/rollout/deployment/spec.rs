//! What an operator writes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Source;
use crate::config::Period;
use crate::qdrant::{CopySettings, ReadyWhen, ValidationQuery};
use crate::rollout::Guard;

/// A new collection that is to take an alias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploymentSpec {
    /// The alias that the new collection gets.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[^/\x00]+$"))]
    pub alias: String,
    /// Where the points come from: `collection:<name>`, `snapshot:<location>` or `external`.
    pub source: Source,
    /// The name of the new collection. Default: `{alias}_{yyyymmdd}_{hhmmss}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,255}$"))]
    pub collection: Option<String>,
    /// A JSON merge patch (RFC 7396) over the schema of the source, or of the old collection where the source is `external`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<Value>,
    /// How the points are copied.
    #[serde(default)]
    pub copy: CopySettings,
    /// How many points may be missing, too many or different after the copy.
    #[serde(default)]
    pub max_differences: u64,
    /// When the new collection counts as ready.
    #[serde(default)]
    pub ready: ReadyWhen,
    /// How long the new collection may take to become ready, above 0 and at most 366 days.
    #[serde(default = "one_hour")]
    pub ready_within: Period,
    /// Queries that the new collection must answer well. Without any, the deployment is "not validated" and not "passed".
    #[serde(default)]
    pub validation_queries: Vec<ValidationQuery>,
    /// Whether to undo what was made when something fails. Otherwise it is left for an operator to look at.
    #[serde(default = "yes")]
    pub rollback_on_failure: bool,
    /// How long the new collection is watched once it has the alias. A failure moves the alias back.
    #[serde(default = "five_minutes")]
    pub watch: Period,
    /// How often the new collection is looked at during the watch, above 0.
    #[serde(default = "ten_seconds")]
    pub watch_every: Period,
    /// How many looks may find the collection not green. One more rolls back.
    #[serde(default = "five")]
    pub max_failures: u32,
    /// The guards that real traffic is judged by during the watch.
    #[serde(default = "Guard::defaults")]
    pub guards: Vec<Guard>,
    /// How long the old collection is kept after the watch. Null keeps it for good.
    #[serde(default = "one_day")]
    pub retire_old: Option<Period>,
    /// Whether to answer with the steps only. Nothing is done.
    #[serde(default, skip_serializing)]
    pub dry_run: bool,
    /// Whether the new collection may differ so that requests for the old one fail.
    #[serde(default)]
    pub acknowledge_incompatible: bool,
    /// Whether the switch may lose acknowledged writes: those after the copy was known to be equal. Without it, the deployment waits for an
    /// operator.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accept_lost_writes: bool,
}

const fn yes() -> bool {
    true
}

const fn five() -> u32 {
    5
}

const fn ten_seconds() -> Period {
    Period::from_secs(10)
}

const fn five_minutes() -> Period {
    Period::from_secs(300)
}

const fn one_hour() -> Period {
    Period::from_secs(3_600)
}

const fn one_day() -> Option<Period> {
    Some(Period::from_secs(86_400))
}
