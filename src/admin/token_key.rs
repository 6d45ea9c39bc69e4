//! `POST /v1/token-key/rotate`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::AdminState;
use super::author::By;
use super::extract::OptionalJson;
use super::problem::Problem;
use crate::config::Period;
use crate::control::{Author, TokenKeyRotated};

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
    By(author): By,
    OptionalJson(body): OptionalJson<RotationBody>,
) -> Result<axum::Json<TokenKeyRotated>, Problem> {
    let author = Author { reason: body.reason.or(author.reason), ..author };
    Ok(axum::Json(state.control.rotate_token_key(body.overlap.unwrap_or(USUAL_OVERLAP), author).await?))
}
