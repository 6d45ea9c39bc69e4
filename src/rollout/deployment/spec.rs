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
    pub alias: String,
    pub source: Source,
    /// The new collection's name; default: `{alias}_{yyyymmdd}_{hhmmss}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// A JSON merge patch over the schema of the source, or of the old collection where the source is `external`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<Value>,
    #[serde(default)]
    pub copy: CopySettings,
    /// Points that may be missing, too many or different after the copy. Above zero where applications go on writing.
    #[serde(default)]
    pub max_differences: u64,
    #[serde(default)]
    pub ready: ReadyWhen,
    /// How long the new collection may take to become ready.
    #[serde(default = "one_hour")]
    pub ready_within: Period,
    /// Asked of the new collection; none is "not validated", never "passed".
    #[serde(default)]
    pub validation_queries: Vec<ValidationQuery>,
    /// Undo what was made when something fails; else leave it for people to look at.
    #[serde(default = "yes")]
    pub rollback_on_failure: bool,
    /// How long the new collection is watched once it has the alias, with the way back open.
    #[serde(default = "five_minutes")]
    pub watch: Period,
    #[serde(default = "ten_seconds")]
    pub watch_every: Period,
    /// Looks that may find the collection not green; one more leads back.
    #[serde(default = "five")]
    pub max_failures: u32,
    /// What real traffic must be like during the watch.
    #[serde(default = "Guard::defaults")]
    pub guards: Vec<Guard>,
    /// How long the old collection is kept after the watch; null: for ever.
    #[serde(default = "one_day")]
    pub retire_old: Option<Period>,
    /// Only say what would be done. Never stored.
    #[serde(default, skip_serializing)]
    pub dry_run: bool,
    /// The new collection differs so that requests made for the old one may fail, and that is meant.
    #[serde(default)]
    pub acknowledge_incompatible: bool,
    /// The switch may lose acknowledged writes: those that came after the copy was known to be equal. Default: the deployment
    /// waits for an operator.
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
