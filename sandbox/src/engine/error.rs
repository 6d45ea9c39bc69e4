//! Failures of the engine, with Qdrant's own wording.
//!
//! REST turns a kind into a status, gRPC into a code; the text is the same on both, because clients read it.

use std::fmt;

use qdrant_edge::{OperationError, PointId};

/// Result of every operation on the store.
pub type EngineResult<T> = Result<T, EngineError>;

/// What went wrong, as far as a protocol has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request contradicts the collection (400, INVALID_ARGUMENT).
    BadInput,
    /// The request makes no sense by itself (400, INVALID_ARGUMENT).
    BadRequest,
    /// A field breaks its rules (422, INVALID_ARGUMENT).
    Validation,
    /// Text could not be embedded (400, INVALID_ARGUMENT).
    Inference,
    /// Not for this client (403, PERMISSION_DENIED).
    Forbidden,
    /// A collection, alias, point or snapshot is missing (404, NOT_FOUND).
    NotFound,
    /// A collection is there already (409, ALREADY_EXISTS).
    AlreadyExists,
    /// The engine itself failed (500, INTERNAL).
    Service,
    /// Qdrant serves it, the sandbox does not (501, UNIMPLEMENTED).
    NotServed,
}

/// A failure with the text a client sees.
#[derive(Clone, Debug)]
pub struct EngineError {
    /// Decides the status or code.
    pub kind: ErrorKind,
    /// The whole text, prefix included.
    pub message: String,
}

impl EngineError {
    fn new(kind: ErrorKind, message: String) -> Self {
        Self { kind, message }
    }

    /// `Wrong input: …`, 400.
    pub fn bad_input(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::BadInput, format!("Wrong input: {what}"))
    }

    /// `Bad request: …`, 400.
    pub fn bad_request(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::BadRequest, format!("Bad request: {what}"))
    }

    /// A broken rule, 422; `place` is where the value stood, such as `JSON body`.
    pub fn validation(place: &str, field: &str, rule: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Validation, format!("Validation error in {place}: [{field}: {rule}]"))
    }

    /// A text that does not parse, 400; `place` is where it stood, such as `JSON body`.
    pub fn malformed(place: &str, why: impl fmt::Display) -> Self {
        Self::new(ErrorKind::BadRequest, format!("Format error in {place}: {why}"))
    }

    /// A parameter that cannot be read, 400.
    pub fn unreadable(place: &str, why: impl fmt::Display) -> Self {
        Self::new(ErrorKind::BadRequest, format!("Deserialize error in {place}: {why}"))
    }

    /// A body above the limit, 400 as in Qdrant, whatever one would expect.
    pub fn too_large(limit: usize) -> Self {
        Self::new(ErrorKind::BadRequest, format!("JSON payload has exceeded limit ({limit} bytes)."))
    }

    /// `Not found: …`, 404.
    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::NotFound, format!("Not found: {what}"))
    }

    /// A missing collection or alias target.
    pub fn no_collection(name: &str) -> Self {
        Self::not_found(format_args!("Collection `{name}` doesn't exist!"))
    }

    /// A missing point.
    pub fn no_point(id: PointId) -> Self {
        Self::not_found(format_args!("No point with id {id} found"))
    }

    /// `Wrong input: …` with 409.
    pub fn already_exists(name: &str) -> Self {
        Self::new(ErrorKind::AlreadyExists, format!("Wrong input: Collection `{name}` already exists!"))
    }

    /// `Service internal error: …`, 500.
    pub fn service(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Service, format!("Service internal error: {what}"))
    }

    /// A text that could not be embedded, 400.
    pub fn inference(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Inference, what.to_string())
    }

    /// `Forbidden: …`, 403.
    pub fn forbidden(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Forbidden, format!("Forbidden: {what}"))
    }

    /// Something a real server does and the sandbox does not, 501.
    pub fn not_served(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::NotServed, format!("Not served by the sandbox: {what}"))
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EngineError {}

impl From<OperationError> for EngineError {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::PointIdError { missed_point_id } => Self::no_point(missed_point_id),
            OperationError::ServiceError { description, .. } => Self::service(description),
            OperationError::WrongSparse => Self::bad_input("Conversion between sparse and regular vectors failed"),
            OperationError::WrongMulti => Self::bad_input("Conversion between multi and regular vectors failed"),
            OperationError::WrongVectorDimension { .. }
            | OperationError::VectorNameNotExists { .. }
            | OperationError::TypeError { .. }
            | OperationError::TypeInferenceError { .. }
            | OperationError::ValidationError { .. }
            | OperationError::MissingRangeIndexForOrderBy { .. }
            | OperationError::MissingMapIndexForFacet { .. }
            | OperationError::VariableTypeError { .. }
            | OperationError::NonFiniteNumber { .. } => Self::bad_input(error),
            OperationError::InconsistentStorage { .. }
            | OperationError::OutOfMemory { .. }
            | OperationError::Cancelled { .. }
            | OperationError::Timeout { .. } => Self::service(error),
        }
    }
}

impl From<std::io::Error> for EngineError {
    fn from(error: std::io::Error) -> Self {
        Self::service(error)
    }
}
