//! Why a change was refused.

use crate::control::documents::{Noun, Owners, RouteDocument, Shadowed, Stored, Unreadable};
use crate::experiment::LayerPart;
use crate::qdrant::{AliasFailed, Difference, Failure, ListingFailed};
use crate::rollout::Illegal;
use crate::rollout::loss::Loss;
use crate::routing::SpecFault;
use crate::store::CommitError;

#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("`{0}` has no route")]
    NoRoute(String),
    #[error(transparent)]
    UnknownName(#[from] UnknownName),
    /// Another change came first, or the caller looked at another one.
    #[error("the route of `{alias}` is at revision {current}, not {expected}; read it again before changing it", current = shown(*current))]
    Stale { alias: String, expected: String, current: Option<u64> },
    #[error("the route of `{alias}` exists at revision {current}; name it in If-Match to change it")]
    Unconditional { alias: String, current: u64 },
    #[error("{}", joined(.0))]
    Invalid(Vec<SpecFault>),
    /// Nothing was changed: what cannot be kept is not acknowledged.
    #[error("the change was not made: {0}")]
    Commit(#[from] CommitError),
    /// The store holds what this version cannot read; the last table stays in force.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("there is no {} `{id}`", .noun.title())]
    NotFound { noun: Noun, id: String },
    #[error("the role {role} may not do `{action}`")]
    Forbidden { role: &'static str, action: &'static str },
    #[error("`{collection}` cannot be retired: {}", .by.join("; "))]
    InUse { collection: String, by: Vec<String> },
    #[error("the retirement `{id}` is {state} and cannot be cancelled")]
    NotCancellable { id: String, state: &'static str },
    #[error("`{collection}` is being deleted by the retirement `{id}`")]
    BeingDeleted { collection: String, id: String },
    /// What has to be known before a change is not.
    #[error("an upstream could not be listed: {0}")]
    Unlisted(String),
    #[error("`{id}` does not take `{command}`: {why}")]
    NotNow { id: String, command: &'static str, why: String },
    /// A decision token whose experiment is not held here, or whose key is not.
    #[error("token: {0}")]
    UnknownToken(&'static str),
    #[error("the canary `{0}` has compared nothing")]
    NoComparison(String),
    #[error("`{alias}` has a shadow comparison, that of {owner}: there is one at a time")]
    Shadowed { alias: String, owner: String },
    #[error("captures are off: they hold what users look for, so the configuration has to say `shadow.capture: true` first")]
    CapturesOff,
    #[error("{0} captures are under way at this replica already; end one")]
    TooManyCaptures(usize),
    #[error(transparent)]
    StoppedShadow(#[from] crate::rollout::shadow::Stopped),
    #[error("the experiment `{id}` has no phase {phase}")]
    NoPhase { id: String, phase: u32 },
    #[error(
        "the experiment `{0}` has ended: its analysis is frozen by phases, and what it was made from is no longer kept, so there are no ranges of it"
    )]
    Frozen(String),
    #[error("the experiment `{id}` is {state}")]
    ClosedExperiment { id: String, state: &'static str },
    #[error(transparent)]
    IllegalExperiment(#[from] crate::experiment::Illegal),
    #[error("the experiment `{id}` is at revision {current}, not {expected}; read it again before changing it")]
    StaleExperiment { id: String, expected: u64, current: u64 },
    #[error("`{collection}` {why}")]
    Unfit { collection: String, why: String, differences: Vec<Difference> },
    #[error("there is no webhook `{0}`")]
    NoWebhook(String),
    #[error("`{alias}` belongs to {owner}: one thing at a time runs on an alias")]
    Occupied { alias: String, owner: String },
    #[error("{part} of `{alias}` overlaps with {}; free is {}", .theirs.join(" and "), if .free.is_empty() { "nothing".to_owned() } else { .free.join(", ") })]
    Overlaps { alias: String, part: LayerPart, theirs: Vec<String>, free: Vec<String> },
    /// Nothing was changed.
    #[error("{loss}; {what} would lose them. {instead}To do it all the same: `accept_lost_writes: true`, or --accept-lost-writes")]
    LostWrites { loss: Box<Loss>, what: &'static str, instead: String },
    #[error(transparent)]
    Illegal(#[from] Illegal),
    #[error("`{collection}` {why}; use force to have it all the same")]
    Unsuitable { collection: String, why: String, differences: Vec<Difference> },
    #[error("{reason}; use force to move `{alias}` all the same")]
    PresentUnread { alias: String, reason: String },
    /// What Qdrant has done is done; only the record is missing.
    #[error("{}, not recorded: {reason}. The audit entry and the event follow when the store answers", moved(.alias, .collection.as_deref()))]
    Unrecorded { alias: String, collection: Option<String>, reason: String },
    #[error(transparent)]
    Alias(#[from] AliasFailed),
    #[error(transparent)]
    Listing(#[from] ListingFailed),
    #[error(transparent)]
    Upstream(#[from] Failure),
    #[error("what replica `{replica}` has counted cannot be read: {reason}")]
    Observation { replica: String, reason: String },
    #[error("the control plane is stopping")]
    Stopping,
}

/// A name that Qdrant does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Qdrant has no {kind} `{name}`{}", .meant.as_ref().map_or_else(String::new, |meant| format!("; did you mean `{meant}`?")))]
pub struct UnknownName {
    /// What it is not there as.
    pub kind: &'static str,
    pub name: String,
    /// One that is near.
    pub meant: Option<String>,
}

impl UnknownName {
    pub(in crate::control) fn new(kind: &'static str, name: &str) -> Self {
        Self { kind, name: name.to_owned(), meant: None }
    }
}

impl ControlError {
    /// Another rollout, at another replica perhaps, had the alias a moment before.
    pub(in crate::control) fn occupied(self, alias: &str) -> Self {
        let owner = match &self {
            Self::Commit(CommitError::Conflict { key, .. }) if key.kind == Owners::KIND => "another rollout",
            Self::Commit(CommitError::Conflict { key, current: Some(_) }) if key.kind == RouteDocument::KIND => "a route of its own",
            Self::Commit(CommitError::Conflict { key, .. }) if key.kind == Shadowed::KIND => {
                return Self::Shadowed { alias: alias.to_owned(), owner: "a request that was faster".to_owned() };
            }
            _ => return self,
        };
        Self::Occupied { alias: alias.to_owned(), owner: owner.to_owned() }
    }
}

fn moved(alias: &str, collection: Option<&str>) -> String {
    match collection {
        Some(collection) => format!("`{alias}` was moved to `{collection}`"),
        None => format!("`{alias}` was deleted"),
    }
}

fn shown(revision: Option<u64>) -> String {
    revision.map_or_else(|| "none (there is no route)".to_owned(), |revision| revision.to_string())
}

pub(in crate::control) fn joined<F: ToString>(faults: &[F]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
