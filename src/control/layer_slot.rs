//! A unit's place among the experiments that share an alias, as decisions and assignments show it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A unit's place among the experiments of an alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LayerSlot {
    pub salt: String,
    pub slot: u32,
}
