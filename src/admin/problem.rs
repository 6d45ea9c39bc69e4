//! Problem documents (RFC 9457): the one shape of everything that went wrong.

use std::any::Any;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::second_look::Missed;
use crate::control::ControlError;
use crate::metrics::Refusal;
use crate::qdrant::AliasFailed;
use crate::rollout::loss::Loss;
use crate::routing::SpecFault;
use crate::store::CommitError;

/// What kind of problem it is: its type, its title and its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Malformed,
    Unauthorized,
    Forbidden,
    ForeignHost,
    CrossSite,
    MediaType,
    UnknownPath,
    UnknownName,
    UnknownId,
    NoRoute,
    Conflict,
    LostWrites,
    WrongMethod,
    SlowBody,
    Stale,
    TooLarge,
    Invalid,
    Unconditional,
    Internal,
    Unavailable,
    Unrecorded,
    Busy,
    Upstream,
    NotReady,
}

impl Kind {
    /// All there are, as the document lists them.
    const ALL: [Self; 23] = [
        Self::Malformed,
        Self::Unauthorized,
        Self::ForeignHost,
        Self::CrossSite,
        Self::MediaType,
        Self::UnknownPath,
        Self::UnknownName,
        Self::UnknownId,
        Self::NoRoute,
        Self::Conflict,
        Self::LostWrites,
        Self::WrongMethod,
        Self::SlowBody,
        Self::Stale,
        Self::TooLarge,
        Self::Invalid,
        Self::Unconditional,
        Self::Internal,
        Self::Unavailable,
        Self::Unrecorded,
        Self::Busy,
        Self::Upstream,
        Self::NotReady,
    ];

    pub(super) fn status(self) -> StatusCode {
        self.describe().0
    }

    pub(super) fn slug(self) -> &'static str {
        self.describe().1
    }

    pub(super) fn title(self) -> &'static str {
        self.describe().2
    }

    /// The `type` of a problem document.
    pub(super) fn urn(self) -> String {
        format!("urn:pointsman:problem:{}", self.slug())
    }

    fn describe(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed", "The request cannot be read"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "A valid bearer token is needed"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "The caller's role may not do this"),
            Self::ForeignHost => (StatusCode::FORBIDDEN, "foreign-host", "The request is addressed to a host that is not allowed"),
            Self::CrossSite => (StatusCode::FORBIDDEN, "cross-site", "The request comes from a page of another site"),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body is not of a type that is taken"),
            Self::UnknownPath => (StatusCode::NOT_FOUND, "unknown-path", "There is no such resource"),
            Self::UnknownName => (StatusCode::NOT_FOUND, "unknown-name", "Qdrant has no such alias or collection"),
            Self::UnknownId => (StatusCode::NOT_FOUND, "unknown-id", "There is no such thing"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "The request does not fit the state"),
            Self::LostWrites => (StatusCode::CONFLICT, "lost-writes", "The change would lose acknowledged writes"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "no-route", "The alias has no route"),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "wrong-method", "The resource does not take this method"),
            Self::SlowBody => (StatusCode::REQUEST_TIMEOUT, "slow-body", "The request body did not arrive in time"),
            Self::Stale => (StatusCode::PRECONDITION_FAILED, "stale", "The resource has changed"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request body is too large"),
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The request is understood but not acceptable"),
            Self::Unconditional => (StatusCode::PRECONDITION_REQUIRED, "unconditional", "The change must name the revision it is for"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong inside Pointsman"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The change cannot be made at present"),
            Self::Unrecorded => (StatusCode::SERVICE_UNAVAILABLE, "unrecorded", "The change was made and is not recorded yet"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "There is no room for another one"),
            Self::Upstream => (StatusCode::BAD_GATEWAY, "upstream", "Qdrant did not do it"),
            Self::NotReady => (StatusCode::SERVICE_UNAVAILABLE, "not-ready", "This process should not be sent traffic"),
        }
    }
}

/// A full queue has room again as soon as one request in it is done.
const IN_A_SECOND: &str = "1";

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Problem {
    /// What kind of problem it is. Programs decide by it.
    #[serde(rename = "type")]
    #[schemars(schema_with = "types")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    #[serde(serialize_with = "as_number")]
    #[schemars(with = "u16")]
    status: StatusCode,
    /// What happened to this request, and what to do next.
    detail: String,
    /// Every faulty field, where fields are at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// When to ask again.
    #[serde(skip)]
    retry_after: Option<HeaderValue>,
    #[serde(skip)]
    refusal: Option<Refusal>,
    /// What would be lost, where that is the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    lost_writes: Option<Box<Loss>>,
    /// What another replica may have made a moment ago.
    #[serde(skip)]
    missed: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FieldError {
    /// Where, such as `variants[1].weight`; empty for the request as a whole.
    field: String,
    reason: String,
}

impl Problem {
    /// Why the request was turned away, as it is counted and logged.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (status, title, name) = (kind.status(), kind.title(), kind.urn());
        let retry_after = (kind == Kind::Busy).then(|| HeaderValue::from_static(IN_A_SECOND));
        let refusal = match kind {
            Kind::Unauthorized => Some(Refusal::Unauthorized),
            Kind::ForeignHost => Some(Refusal::ForeignHost),
            Kind::CrossSite => Some(Refusal::CrossSite),
            Kind::MediaType => Some(Refusal::MediaType),
            _ => None,
        };
        Self {
            kind: name,
            title,
            status,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after,
            refusal,
            lost_writes: None,
            missed: false,
        }
    }

    pub(super) fn with_errors(mut self, faults: impl IntoIterator<Item = SpecFault>) -> Self {
        self.errors.extend(faults.into_iter().map(|fault| FieldError { field: fault.field, reason: fault.reason }));
        self
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        let kind = match &error {
            ControlError::NoRoute(_) => Kind::NoRoute,
            ControlError::NotFound { .. } | ControlError::NoWebhook(_) | ControlError::NoComparison(_) | ControlError::NoPhase { .. } => {
                Kind::UnknownId
            }
            ControlError::Forbidden { .. } => Kind::Forbidden,
            ControlError::LostWrites { .. } => Kind::LostWrites,
            ControlError::Occupied { .. }
            | ControlError::Shadowed { .. }
            | ControlError::StoppedShadow(_)
            | ControlError::Overlaps { .. }
            | ControlError::CapturesOff
            | ControlError::InUse { .. }
            | ControlError::NotCancellable { .. }
            | ControlError::NotNow { .. }
            | ControlError::BeingDeleted { .. }
            | ControlError::Illegal(_)
            | ControlError::Unsuitable { .. }
            | ControlError::Unfit { .. }
            | ControlError::ClosedExperiment { .. }
            | ControlError::Frozen(_)
            | ControlError::IllegalExperiment(_)
            | ControlError::Alias(AliasFailed::Unexpected { .. } | AliasFailed::Refused { .. }) => Kind::Conflict,
            ControlError::Alias(_)
            | ControlError::Listing(_)
            | ControlError::Upstream(_)
            | ControlError::PresentUnread { .. }
            | ControlError::Unlisted(_) => Kind::Upstream,
            ControlError::Unrecorded { .. } => Kind::Unrecorded,
            ControlError::TooManyCaptures(_) => Kind::Busy,
            ControlError::UnknownName(_) => Kind::UnknownName,
            ControlError::Stale { .. } | ControlError::StaleExperiment { .. } => Kind::Stale,
            ControlError::Unconditional { .. } => Kind::Unconditional,
            ControlError::Invalid(_) | ControlError::UnknownToken(_) => Kind::Invalid,
            ControlError::Commit(CommitError::Conflict { .. }) => Kind::Stale,
            ControlError::Commit(CommitError::KeyReused(_)) => Kind::Invalid,
            ControlError::Commit(_) | ControlError::Unreadable(_) | ControlError::Observation { .. } | ControlError::Stopping => {
                Kind::Unavailable
            }
        };
        let missed = matches!(kind, Kind::UnknownId | Kind::NoRoute);
        let problem = Self { missed, ..Self::new(kind, error.to_string()) };
        match error {
            ControlError::Invalid(faults) => problem.with_errors(faults),
            ControlError::UnknownToken(reason) => problem.with_errors([SpecFault::new("token", reason)]),
            ControlError::Unsuitable { differences, .. } | ControlError::Unfit { differences, .. } => {
                problem.with_errors(differences.into_iter().map(|difference| SpecFault::new(difference.path, difference.sentence)))
            }
            ControlError::LostWrites { loss, .. } => Self { lost_writes: Some(loss), ..problem },
            _ => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let body = serde_json::to_vec(&self).expect("a problem is strings and a number");
        let mut response = (self.status, body).into_response();
        if self.missed {
            response.extensions_mut().insert(Missed);
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// What a caller sees of a bug; the log has the panic itself.
pub(super) fn of_panic(_: Box<dyn Any + Send>) -> Response<Body> {
    Problem::new(Kind::Internal, "a bug in Pointsman; its log says more").into_response()
}

fn types(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": Kind::ALL.map(Kind::urn)})
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}
