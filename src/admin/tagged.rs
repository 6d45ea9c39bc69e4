//! Answers that carry the revision of what they show.

use axum::http::StatusCode;
use axum::http::header::{ETAG, LOCATION};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::api::{Answer, Answers, Operation, Schemas};

/// A view with its `ETag`.
pub(super) struct Tagged<V> {
    revision: u64,
    view: V,
}

/// What has just been made, and where it is.
pub(super) struct Created<V> {
    location: String,
    made: Tagged<V>,
}

/// What was put: made, or replaced.
pub(super) struct Put<V> {
    created: bool,
    put: Tagged<V>,
}

pub(super) fn tagged<V>(revision: u64, view: V) -> Tagged<V> {
    Tagged { revision, view }
}

pub(super) fn created<V>(location: String, revision: u64, view: V) -> Created<V> {
    Created { location, made: tagged(revision, view) }
}

pub(super) fn put<V>(created: bool, revision: u64, view: V) -> Put<V> {
    Put { created, put: tagged(revision, view) }
}

impl<V: Serialize> IntoResponse for Tagged<V> {
    fn into_response(self) -> Response {
        ([(ETAG, format!("\"{}\"", self.revision))], axum::Json(self.view)).into_response()
    }
}

impl<V: Serialize> IntoResponse for Created<V> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, [(LOCATION, self.location)], self.made).into_response()
    }
}

impl<V: Serialize> IntoResponse for Put<V> {
    fn into_response(self) -> Response {
        (if self.created { StatusCode::CREATED } else { StatusCode::OK }, self.put).into_response()
    }
}

impl<V: JsonSchema> Answers for Tagged<V> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.answers(StatusCode::OK, Answer::json("Success.", &schemas.answer::<V>()).tagged());
    }
}

impl<V: JsonSchema> Answers for Created<V> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        let answer = Answer::json("Created.", &schemas.answer::<V>()).tagged().header("Location", "The path of what was created.");
        operation.answers(StatusCode::CREATED, answer);
    }
}

impl<V: JsonSchema> Answers for Put<V> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.answers(StatusCode::OK, Answer::json("Replaced, or left as it was.", &schemas.answer::<V>()).tagged());
        operation.answers(StatusCode::CREATED, Answer::json("Created.", &schemas.answer::<V>()).tagged());
    }
}
