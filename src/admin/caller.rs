//! Who changes something, and why: two headers, for the audit log.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

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

fn text(parts: &Parts, name: &str, limit: usize) -> Result<Option<String>, Problem> {
    let Some(value) = parts.headers.get(name) else { return Ok(None) };
    let text = std::str::from_utf8(value.as_bytes()).ok().map(str::trim).filter(|text| !text.is_empty() && text.len() <= limit);
    let text = text.ok_or_else(|| Problem::new(Kind::Malformed, format!("{name} must be 1 to {limit} bytes of UTF-8")))?;
    Ok(Some(text.to_owned()))
}
