//! `shadow`: what comparing answers with those of a shadow may cost, and whether questions may be recorded.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::{Period, Size};

/// Bounds of the mirror. What does not fit is dropped and counted; users never wait for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct ShadowConfig {
    /// Questions asked of shadows at a time; default 8. It is what a shadow can be burdened with.
    #[schemars(range(min = 1, max = 1024))]
    pub concurrency: usize,
    /// Questions that wait to be asked; default 256. Further ones are dropped. Needs a restart.
    #[schemars(range(min = 1, max = 100_000))]
    pub queue: usize,
    /// Larger questions and answers are not compared; default `1MiB`.
    pub max_bytes: Size,
    /// What may be held of all questions and answers together; default `64MiB`. Needs a restart.
    pub max_memory: Size,
    /// For one answer of a shadow; default `10s`. A question that has waited for as long is not asked any more.
    pub timeout: Period,
    /// Whether clients of the admin API may record queries; default false. They hold what users look for.
    pub capture: bool,
}

impl Default for ShadowConfig {
    fn default() -> Self {
        Self {
            concurrency: 8,
            queue: 256,
            max_bytes: Size::from_mib(1),
            max_memory: Size::from_mib(64),
            timeout: Period::from_secs(10),
            capture: false,
        }
    }
}
