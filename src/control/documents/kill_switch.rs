//! The kill switch: every alias on stable, at once, whatever routes and canaries say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Stored;
use crate::rollout::Timestamp;
use crate::store::Kind;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KillSwitch {
    pub on: bool,
    pub actor: Option<String>,
    pub reason: Option<String>,
    pub since: Option<Timestamp>,
}

impl KillSwitch {
    pub(in crate::control) const OFF: &Self = &Self { on: false, actor: None, reason: None, since: None };
}

impl Stored for KillSwitch {
    const KIND: Kind = Kind::new("kill_switch");

    fn stored_at(self, _: &str, _: u64) -> Self {
        self
    }
}
