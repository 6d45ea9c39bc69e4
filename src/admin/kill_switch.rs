//! `GET|PUT /v1/kill-switch`

use axum::Json as Answer;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::AdminState;
use super::caller::By;
use super::extract::Json;
use super::problem::Problem;
use crate::control::KillSwitch;

pub(super) async fn show(State(state): State<AdminState>) -> Answer<KillSwitch> {
    Answer(state.control.kill_switch.show())
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "KillSwitchChange")]
pub(super) struct SwitchBody {
    /// Whether every alias is held on stable.
    on: bool,
    /// Why, for the audit log.
    reason: Option<String>,
}

pub(super) async fn turn(
    State(state): State<AdminState>,
    By(caller): By,
    Json(body): Json<SwitchBody>,
) -> Result<Answer<KillSwitch>, Problem> {
    let caller = caller.because(body.reason);
    Ok(Answer(state.control.kill_switch.turn(body.on, caller).await?))
}
