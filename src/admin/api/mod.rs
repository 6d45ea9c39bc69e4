//! What an endpoint is, and its description as OpenAPI 3.1.
//!
//! ```text
//! endpoint    one method of a path: how it is routed    document    all endpoints as OpenAPI
//! describe    what a handler reads and answers, by      operation   one of them
//!             its signature                             problems    the answers that are no success
//! examples    what a test sends, with the answers       schemas     JSON Schemas of the types on the wire
//! ```
//!
//! `admin::endpoints` has the table of all endpoints; extractors and answers say what they are by [`Reads`] and [`Answers`].

mod describe;
mod document;
mod endpoint;
mod examples;
mod operation;
mod problems;
mod schemas;

pub(super) use describe::{Answers, Reads};
pub(super) use document::document;
pub(super) use endpoint::{Endpoint, Right, Tag, delete, get, patch, post, put};
pub(super) use operation::{Answer, Operation};
pub(super) use schemas::Schemas;

#[cfg(test)]
pub(super) use examples::{Exchange, exchanges};
