//! `POST /v1/token-key/rotate`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::AdminState;
use super::caller::By;
use super::extract::OptionalJson;
use super::problem::Problem;
use crate::config::Period;
use crate::control::TokenKeyRotated;

/// As long as an experiment lasts by default.
const USUAL_OVERLAP: Period = Period::from_secs(14 * 86_400);

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TokenKeyRotation")]
pub(super) struct RotationBody {
    /// How long tokens that are signed with the present key are still taken, at most 366 days. Default `14d`.
    overlap: Option<Period>,
    /// Why, for the audit log.
    reason: Option<String>,
}

pub(super) async fn rotate(
    State(state): State<AdminState>,
    By(caller): By,
    OptionalJson(body): OptionalJson<RotationBody>,
) -> Result<axum::Json<TokenKeyRotated>, Problem> {
    let caller = caller.because(body.reason);
    Ok(axum::Json(state.control.token_key.rotate(body.overlap.unwrap_or(USUAL_OVERLAP), caller).await?))
}
