//! An alias change that Qdrant was about to be asked for, as it is stored.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Departure, Stored};
use crate::config::Period;
use crate::control::clock;
use crate::rollout::Timestamp;
use crate::rollout::loss::Loss;
use crate::store::Kind;

/// No change of an alias takes this long: Qdrant is waited for much shorter.
pub(in crate::control) const OVER: Duration = Duration::from_secs(60);

/// How long the listing of one member of a cluster may lag behind what another has done.
const LAG: Duration = Duration::from_secs(5);

/// An alias change that a replica was about to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::control) struct AliasMove {
    /// The store's, at which it was written.
    #[serde(skip)]
    pub(in crate::control) revision: u64,
    /// The process that was about to.
    pub(in crate::control) replica: String,
    pub(in crate::control) at: Timestamp,
    pub(in crate::control) action: String,
    pub(in crate::control) actor: String,
    pub(in crate::control) reason: Option<String>,
    pub(in crate::control) from: Option<String>,
    /// None: the alias was to be deleted.
    pub(in crate::control) to: Option<String>,
    pub(in crate::control) retire_old: Option<Period>,
    /// What is remembered of the two collections once it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::control) departure: Option<Departure>,
    /// The loss of writes that its author accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::control) lost_writes: Option<Loss>,
    /// Qdrant did not say no, and may still make it although the aliases do not show it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::control) in_doubt: bool,
}

/// What a move brings along, to be kept wherever it is recorded.
#[derive(Clone, Debug, Default)]
pub(in crate::control) struct Terms {
    pub(in crate::control) retire_old: Option<Period>,
    pub(in crate::control) departure: Option<Departure>,
    pub(in crate::control) lost_writes: Option<Loss>,
}

impl Stored for AliasMove {
    const KIND: Kind = Kind::new("alias_move");

    fn stored_at(self, _: &str, revision: u64) -> Self {
        Self { revision, ..self }
    }
}

impl AliasMove {
    /// Whether the aliases may not show yet what became of it.
    pub(in crate::control) fn is_recent(&self) -> bool {
        self.age() < if self.in_doubt { OVER } else { LAG }
    }

    /// A clock that was set back makes it old, too.
    pub(in crate::control) fn age(&self) -> Duration {
        Duration::from_millis(clock::now().millis().abs_diff(self.at.millis()))
    }
}
