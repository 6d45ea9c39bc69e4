//! Who changes something, and why: two headers, for the audit log.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::json;

use super::api::{Operation, Reads, Schemas};
use super::problem::{Kind, Problem};
use crate::control::{Caller, Role};

const ACTOR: &str = "x-pointsman-actor";
const REASON: &str = "x-pointsman-reason";
const MAX_ACTOR: usize = 200;
const MAX_REASON: usize = 2000;
/// Of callers that do not say.
const UNNAMED: &str = "admin";

/// Taken as it is said: the holder of the token is trusted with the name. Without a token there is none to check, and every caller
/// is taken for an admin; the port listens on the loopback alone then.
pub(super) struct By(pub(super) Caller);

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let actor = text(parts, ACTOR, MAX_ACTOR)?.unwrap_or_else(|| UNNAMED.to_owned());
        Ok(Self(Caller::new(actor, Role::Admin).because(text(parts, REASON, MAX_REASON)?)))
    }
}

impl Reads for By {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let text = |limit: usize| json!({"type": "string", "pattern": "\\S", "minLength": 1, "maxLength": limit});
        operation.header(ACTOR, "Who makes the change, for the audit log. Default `admin`.", &text(MAX_ACTOR));
        operation.header(REASON, "Why, for the audit log.", &text(MAX_REASON));
    }
}

fn text(parts: &Parts, name: &str, limit: usize) -> Result<Option<String>, Problem> {
    let Some(value) = parts.headers.get(name) else { return Ok(None) };
    let text = std::str::from_utf8(value.as_bytes()).ok().map(str::trim).filter(|text| !text.is_empty() && text.len() <= limit);
    let text = text.ok_or_else(|| Problem::new(Kind::Malformed, format!("{name} must be 1 to {limit} bytes of UTF-8")))?;
    Ok(Some(text.to_owned()))
}
