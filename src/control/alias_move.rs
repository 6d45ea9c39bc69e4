//! An alias change that Qdrant was about to be asked for, as it is stored.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock;
use super::loss::Departure;
use crate::config::Period;
use crate::rollout::Timestamp;
use crate::rollout::loss::Loss;

/// No change of an alias takes this long: Qdrant is waited for much shorter.
pub(super) const OVER: Duration = Duration::from_secs(60);

/// How long the listing of one member of a cluster may lag behind what another has done.
const LAG: Duration = Duration::from_secs(5);

/// An alias change that a replica was about to make.
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
    /// What is remembered of the two collections once it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) departure: Option<Departure>,
    /// The loss of writes that its author accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lost_writes: Option<Loss>,
    /// Qdrant did not say no, and may still make it although the aliases do not show it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) in_doubt: bool,
}

/// What a move brings along, to be kept wherever it is recorded.
#[derive(Clone, Debug, Default)]
pub(super) struct Terms {
    pub(super) retire_old: Option<Period>,
    pub(super) departure: Option<Departure>,
    pub(super) lost_writes: Option<Loss>,
}

impl AliasMove {
    /// Whether the aliases may not show yet what became of it.
    pub(super) fn is_recent(&self) -> bool {
        self.age() < if self.in_doubt { OVER } else { LAG }
    }

    /// A clock that was set back makes it old, too.
    pub(super) fn age(&self) -> Duration {
        Duration::from_millis(clock::now().millis().abs_diff(self.at.millis()))
    }
}
