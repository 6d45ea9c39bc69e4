//! An alias change that Qdrant was about to be asked for, as it is stored.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock;
use crate::config::Period;
use crate::rollout::Timestamp;

/// What somebody was about to do to an alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AliasMove {
    /// The store's, at which it was written.
    #[serde(skip)]
    pub(super) revision: u64,
    /// The process that was about to.
    pub(super) replica: String,
    pub(super) at: Timestamp,
    pub(super) action: String,
    pub(super) actor: String,
    pub(super) reason: Option<String>,
    pub(super) from: Option<String>,
    /// None: the alias was to be deleted.
    pub(super) to: Option<String>,
    pub(super) retire_old: Option<Period>,
}

impl AliasMove {
    /// A clock that was set back makes it old, too.
    pub(super) fn age(&self) -> Duration {
        Duration::from_millis(clock::now().millis().abs_diff(self.at.millis()))
    }
}
