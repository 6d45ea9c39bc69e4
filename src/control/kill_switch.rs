//! The kill switch: every alias on stable, at once, whatever routes and canaries say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rollout::Timestamp;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KillSwitch {
    pub on: bool,
    pub actor: Option<String>,
    pub reason: Option<String>,
    pub since: Option<Timestamp>,
}
