//! `GET /livez`, `GET /readyz`

use axum::extract::State;

use super::AdminState;
use super::problem::{Kind, Problem};
use crate::control::NotReady;

/// The process runs its event loop; nothing else is claimed.
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// Whether to send this process traffic.
pub(super) async fn readyz(State(state): State<AdminState>) -> Result<String, Problem> {
    let reasons = state.control.readiness().reasons();
    if reasons.is_empty() {
        let degraded = state.control.readiness().store_lost().map(|reason| format!("ready; nothing can be changed: {reason}\n"));
        return Ok(degraded.unwrap_or_else(|| "ready\n".to_owned()));
    }
    let reasons: Vec<&str> = reasons.into_iter().map(NotReady::describe).collect();
    Err(Problem::new(Kind::NotReady, reasons.join("; ")))
}
