//! Why a change of a route was refused, and why the control plane could not start.

use super::PlanFault;
use crate::routing::SpecFault;

#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("`{0}` has no route")]
    NoRoute(String),
    #[error("Qdrant listed neither an alias nor a collection `{0}`")]
    UnknownName(String),
    /// Somebody else was faster, or the caller looked at something else.
    #[error("the route of `{alias}` is at revision {current}, not {expected}; read it again before changing it", current = shown(*current))]
    Stale { alias: String, expected: String, current: Option<u64> },
    #[error("the route of `{alias}` exists at revision {current}; name it in If-Match to change it")]
    Unconditional { alias: String, current: u64 },
    #[error("{}", joined(.0))]
    Invalid(Vec<SpecFault>),
    /// Nothing was changed: what cannot be kept is not acknowledged.
    #[error("the change could not be written to disk and was not made: {0}")]
    Store(#[from] JournalError),
    #[error("the control plane is stopping")]
    Stopping,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{}", joined(.0))]
    Plan(Vec<PlanFault>),
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A route came back that this configuration cannot serve.
    #[error("the stored route of `{alias}` does not fit the configuration: {}; correct the configuration or the route in {path}", joined(.faults))]
    Route { alias: String, path: String, faults: Vec<SpecFault> },
}

/// What went wrong with the state file.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("{path}: {action}: {source}")]
    Io { path: String, action: &'static str, source: std::io::Error },
    #[error("{path} is damaged and was left as it is: {reason}. Repair it, or move it away to start without stored routes")]
    Damaged { path: String, reason: String },
}

fn shown(revision: Option<u64>) -> String {
    revision.map_or_else(|| "none (there is no route)".to_owned(), |revision| revision.to_string())
}

fn joined<F: ToString>(faults: &[F]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
