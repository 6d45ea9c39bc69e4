//! `GET|PUT /log-level`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AdminState;
use super::caller::By;
use super::extract::Json;
use super::problem::{Kind, Problem};
use crate::logging::LogHandle;
use crate::routing::SpecFault;

/// The owner of the log's filter.
pub trait LogFilter: Send + Sync {
    /// # Errors
    /// When logging has ended.
    fn filter(&self) -> Result<String, String>;

    /// # Errors
    /// When `filter` is not one; the old one stays.
    fn set_filter(&self, filter: &str) -> Result<(), String>;
}

impl LogFilter for LogHandle {
    fn filter(&self) -> Result<String, String> {
        self.current().map_err(|fault| fault.to_string())
    }

    fn set_filter(&self, filter: &str) -> Result<(), String> {
        self.set(filter).map_err(|fault| fault.to_string())
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogLevel {
    /// A level (off, error, warn, info, debug, trace), or levels per component: `info,pointsman::proxy=debug`.
    #[schemars(regex(pattern = r"\S"))]
    filter: String,
}

pub(super) async fn show(State(state): State<AdminState>) -> Result<axum::Json<LogLevel>, Problem> {
    in_force(&state)
}

/// Until the next restart or reload.
pub(super) async fn set(
    State(state): State<AdminState>,
    By(caller): By,
    Json(wanted): Json<LogLevel>,
) -> Result<axum::Json<LogLevel>, Problem> {
    let refused = |reason: String| {
        Problem::new(Kind::Invalid, format!("filter: {reason}")).with_errors([SpecFault { field: "filter".to_owned(), reason }])
    };
    state.control.allow_log_level(&caller)?;
    let before = in_force(&state)?;
    state.log.set_filter(&wanted.filter).map_err(refused)?;
    tracing::info!(filter = wanted.filter, actor = caller.actor, "log level changed");
    let after = in_force(&state)?;
    // More has to be logged especially while the store is lost, so the change stands without its entry.
    if let Err(error) = state.control.record_log_level(caller, &before.filter, &after.filter).await {
        tracing::warn!(%error, "the change of the log level could not be put into the audit log");
    }
    Ok(after)
}

fn in_force(state: &AdminState) -> Result<axum::Json<LogLevel>, Problem> {
    let filter = state.log.filter().map_err(|reason| Problem::new(Kind::Internal, reason))?;
    Ok(axum::Json(LogLevel { filter }))
}
