//! What a handler reads and what it answers, by its signature: the description cannot say another type than the code.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde_json::json;

use super::operation::{Answer, Operation};
use super::schemas::Schemas;
use crate::admin::problem::Problem;

/// A part of a request that a handler takes.
pub(in crate::admin) trait Reads {
    fn describe(operation: &mut Operation, schemas: &mut Schemas);
}

/// What a handler answers.
pub(in crate::admin) trait Answers {
    fn describe(operation: &mut Operation, schemas: &mut Schemas);
}

/// A handler whose arguments and answer are all described.
pub(in crate::admin) trait Documented<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas);
}

macro_rules! documented {
    ($($part:ident)*) => {
        impl<F, Answer, Marker, $($part,)*> Documented<(Marker, $($part,)*)> for F
        where
            F: Fn($($part),*) -> Answer,
            Answer: Future,
            Answer::Output: Answers,
            $($part: Reads,)*
        {
            fn describe(operation: &mut Operation, schemas: &mut Schemas) {
                $($part::describe(operation, schemas);)*
                Answer::Output::describe(operation, schemas);
            }
        }
    };
}

documented!();
documented!(A);
documented!(A B);
documented!(A B C);
documented!(A B C D);
documented!(A B C D E);

/// Parts that clients do not see, or that the path describes.
macro_rules! unseen {
    ($([$($generic:ident)?] $part:ty;)*) => { $(
        impl$(<$generic>)? Reads for $part {
            fn describe(_: &mut Operation, _: &mut Schemas) {}
        }
    )* };
}

unseen! {
    [T] State<T>;
    [T] Extension<T>;
    [] HeaderMap;
}

impl<A: Answers> Answers for Result<A, Problem> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        A::describe(operation, schemas);
    }
}

impl<T: JsonSchema> Answers for axum::Json<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        let schema = schemas.answer::<T>();
        operation.answers(StatusCode::OK, Answer::json("Success.", &schema));
    }
}

/// Of the handlers that answer with a bare status, all answer with this one.
impl Answers for StatusCode {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.answers(Self::NO_CONTENT, Answer::empty("Success."));
    }
}

impl Answers for String {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        <&'static str>::describe(operation, schemas);
    }
}

impl Answers for &'static str {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.answers(StatusCode::OK, Answer::of("text/plain", "Success.", &json!({"type": "string"})));
    }
}
