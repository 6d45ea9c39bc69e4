//! Reading requests, with problems for answers when they cannot be read.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde_json::json;

use super::api::{Operation, Reads, Schemas};
use super::problem::{Kind, Problem};
use crate::control::Expected;
use crate::routing::SpecFault;

/// How long a body of a few kilobytes may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A JSON body. That its content type says so was checked before any handler is asked.
pub(super) struct Json<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        parse_object(&read(request, state).await?).map(Self)
    }
}

/// The same, where a list is taken as well.
pub(super) struct JsonOrList<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonOrList<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        parse(&read(request, state).await?).map(Self)
    }
}

/// The same, where having none is the same as an empty object.
pub(super) struct OptionalJson<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = read(request, state).await?;
        if body.is_empty() { Ok(Self(T::default())) } else { parse_object(&body).map(Self) }
    }
}

impl<T: JsonSchema> Reads for Json<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        describe_body::<T>(true, operation, schemas);
    }
}

impl<T: JsonSchema> Reads for JsonOrList<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        describe_body::<T>(true, operation, schemas);
    }
}

impl<T: JsonSchema> Reads for OptionalJson<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        describe_body::<T>(false, operation, schemas);
    }
}

fn describe_body<T: JsonSchema>(required: bool, operation: &mut Operation, schemas: &mut Schemas) {
    operation.body(required, &schemas.request::<T>());
    operation.problems.extend([Kind::Malformed, Kind::Invalid, Kind::TooLarge, Kind::SlowBody]);
}

/// The whole body, within its limits of size and time.
pub(super) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let body = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, state)).await;
    let body = body.map_err(|_| Problem::new(Kind::SlowBody, format!("no complete body within {} s", BODY_TIMEOUT.as_secs())))?;
    body.map_err(|rejection| unreadable(&rejection))
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    let kind = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { Kind::TooLarge } else { Kind::Malformed };
    Problem::new(kind, rejection.body_text())
}

/// `serde` reads a list as the fields of a struct in their order, which no client means.
fn parse_object<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        let fault = SpecFault::new(".", "must be a JSON object, not a list");
        return Err(Problem::new(Kind::Invalid, "the body must be a JSON object, not a list").with_errors([fault]));
    }
    parse(body)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (field, inner) = (error.path().to_string(), error.inner());
        let reason = inner.to_string();
        // What is not JSON has no fields; what is JSON of another shape has, and they say where better than a column.
        if inner.is_data() {
            let place = format!(" at line {} column {}", inner.line(), inner.column());
            let reason = reason.strip_suffix(&place).unwrap_or(&reason).to_owned();
            Problem::new(Kind::Invalid, format!("{field}: {reason}")).with_errors([SpecFault { field, reason }])
        } else {
            Problem::new(Kind::Malformed, format!("the body is not JSON: {reason}"))
        }
    })?;
    json.end().map_err(|error| Problem::new(Kind::Malformed, format!("the body is more than one JSON value: {error}")))?;
    Ok(parsed)
}

/// The alias in the path, percent-decoded.
pub(super) struct Alias(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Alias {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path: Result<Path<String>, _> = Path::from_request_parts(parts, state).await;
        path.map(|Path(alias)| Self(alias)).map_err(|rejection| Problem::new(Kind::Malformed, rejection.body_text()))
    }
}

impl Reads for Alias {
    fn describe(_: &mut Operation, _: &mut Schemas) {}
}

/// The id in the path, or the name of what the configuration has made.
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Alias::from_request_parts(parts, state).await.map(|Alias(id)| Self(id))
    }
}

impl Reads for Id {
    fn describe(_: &mut Operation, _: &mut Schemas) {}
}

/// The id and the command in the path.
pub(super) struct Commanded<C> {
    pub(super) id: String,
    pub(super) command: C,
}

impl<S: Send + Sync, C: DeserializeOwned> FromRequestParts<S> for Commanded<C> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path: Result<Path<(String, String)>, _> = Path::from_request_parts(parts, state).await;
        let Path((id, word)) = path.map_err(|rejection| Problem::new(Kind::Malformed, rejection.body_text()))?;
        let command = C::deserialize(StrDeserializer::<ValueError>::new(&word));
        let command = command.map_err(|fault| Problem::new(Kind::UnknownPath, format!("no such command: {fault}")))?;
        Ok(Self { id, command })
    }
}

impl<C: JsonSchema> Reads for Commanded<C> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.path_parameter("command", &schemas.request::<C>());
    }
}

/// Query parameters; unknown ones are faults, since a misspelt one would be a silent default.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query: Result<Query<T>, _> = Query::from_request_parts(parts, state).await;
        query.map(|Query(params)| Self(params)).map_err(|rejection| Problem::new(Kind::Malformed, rejection.body_text()))
    }
}

impl<T: JsonSchema> Reads for Params<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.query(&schemas.request_inline::<T>());
    }
}

/// The `Idempotency-Key` header of a creation.
pub(super) struct IdempotencyKey(pub(super) Option<String>);

const MAX_KEY: usize = 200;

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let key = value.to_str().ok().filter(|key| !key.is_empty() && key.len() <= MAX_KEY);
        let key = key.ok_or_else(|| Problem::new(Kind::Malformed, format!("Idempotency-Key must be 1 to {MAX_KEY} visible characters")))?;
        Ok(Self(Some(key.to_owned())))
    }
}

impl Reads for IdempotencyKey {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let description = "The same request with the same key creates one thing, however often it is sent within a day.";
        let schema = json!({"type": "string", "pattern": "^[ -~]+$", "minLength": 1, "maxLength": MAX_KEY});
        operation.header("Idempotency-Key", description, &schema);
    }
}

/// The `If-Match` header.
pub(super) struct IfMatch(pub(super) Expected);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(IF_MATCH) else { return Ok(Self(Expected::Unsaid)) };
        let expected = match value.as_bytes() {
            b"*" => Some(Expected::Any),
            tag => revision(tag).map(Expected::Revision),
        };
        expected.map(Self).ok_or_else(|| Problem::new(Kind::Malformed, "If-Match must be * or one ETag as it was sent, such as \"7\""))
    }
}

impl Reads for IfMatch {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let description = "The ETag of the revision to change, or `*` for any revision.";
        operation.header("If-Match", description, &json!({"type": "string", "pattern": r#"^(\*|"[0-9]{1,19}")$"#}));
    }
}

fn revision(tag: &[u8]) -> Option<u64> {
    let digits = tag.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
