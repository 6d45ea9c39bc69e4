//! One endpoint: a method of a path, the handler that answers it, and its description.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::describe::Documented;
use super::operation::Operation;
use super::problems;
use super::schemas::Schemas;
use crate::admin::AdminState;
use crate::admin::lane::{self, LaneName, Lanes};
use crate::admin::problem::Kind;

/// Which token a request needs where `admin.token` is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::admin) enum Right {
    /// None: it changes nothing.
    Read,
    /// `admin.token`.
    Change,
    /// `admin.token` or `admin.feedback_token`: what applications report, and what they ask before they act.
    Feedback,
}

/// What endpoints are grouped by in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::admin) enum Tag {
    Routes,
    Aliases,
    Canaries,
    Deployments,
    Experiments,
    Shadows,
    Retirements,
    Events,
    Process,
}

/// One row of the table.
pub(in crate::admin) struct Endpoint {
    pub(in crate::admin) method: Method,
    pub(in crate::admin) path: &'static str,
    /// The `operationId`: what generated clients call it.
    pub(in crate::admin) id: &'static str,
    pub(super) tag: Tag,
    pub(super) summary: &'static str,
    pub(in crate::admin) right: Right,
    /// Which problems its handler answers beside those of every request and of what it reads.
    pub(super) fails: &'static [Kind],
    lane: Option<LaneName>,
    handler: MethodRouter<AdminState>,
    describe: fn(&mut Operation, &mut Schemas),
}

impl Tag {
    pub(super) const ALL: [Self; 9] = [
        Self::Routes,
        Self::Aliases,
        Self::Canaries,
        Self::Deployments,
        Self::Experiments,
        Self::Shadows,
        Self::Retirements,
        Self::Events,
        Self::Process,
    ];

    pub(super) const fn describe(self) -> (&'static str, &'static str) {
        match self {
            Self::Routes => ("routes", "Weighted variants of an alias, and the kill switch."),
            Self::Aliases => ("aliases", "Qdrant's aliases and collections, and where a read of an alias goes."),
            Self::Canaries => ("canaries", "Moving an alias to another collection in stages."),
            Self::Deployments => ("deployments", "Building a new collection and giving it the alias (blue-green)."),
            Self::Experiments => ("experiments", "A/B tests between collections, and the feedback they are judged by."),
            Self::Shadows => ("shadows", "Mirrored reads whose answers are compared, and captures of real queries."),
            Self::Retirements => ("retirements", "The scheduled deletion of collections."),
            Self::Events => ("events", "What has happened: the audit log, events, webhooks."),
            Self::Process => ("process", "Health, status, metrics and the log of this process."),
        }
    }
}

impl Endpoint {
    fn new<H, T>(method: Method, filter: MethodFilter, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, AdminState> + Documented<T>,
        T: 'static,
    {
        let right = if method == Method::GET { Right::Read } else { Right::Change };
        Self {
            method,
            path,
            id: "",
            tag: Tag::Process,
            summary: "",
            right,
            fails: &[],
            lane: None,
            handler: on(filter, handler),
            describe: H::describe,
        }
    }

    pub(in crate::admin) fn named(self, id: &'static str, tag: Tag, summary: &'static str) -> Self {
        Self { id, tag, summary, ..self }
    }

    pub(in crate::admin) fn fails(self, fails: &'static [Kind]) -> Self {
        Self { fails, ..self }
    }

    pub(in crate::admin) fn for_applications(self) -> Self {
        Self { right: Right::Feedback, ..self }
    }

    pub(in crate::admin) fn lane(self, lane: LaneName) -> Self {
        Self { lane: Some(lane), ..self }
    }

    /// What takes long to compute is in a lane.
    pub(in crate::admin) fn route(self, router: Router<AdminState>, lanes: &Lanes) -> Router<AdminState> {
        let handler = match self.lane {
            Some(name) => self.handler.layer(from_fn_with_state(Arc::clone(lanes.of(name)), lane::compute)),
            None => self.handler,
        };
        router.route(self.path, handler)
    }

    /// What it reads and answers, its problems included.
    pub(super) fn operation(&self, schemas: &mut Schemas) -> Operation {
        let mut operation = Operation::default();
        operation.path_parameters(self.path);
        (self.describe)(&mut operation, schemas);
        operation.problems.extend(problems::of_every(self.right, &self.method));
        operation.problems.extend(self.lane.is_some().then_some([Kind::Busy, Kind::Unavailable]).into_iter().flatten());
        operation.problems.extend(self.fails);
        operation
    }
}

macro_rules! by_method {
    ($($name:ident $method:ident)*) => { $(
        pub(in crate::admin) fn $name<H, T>(path: &'static str, handler: H) -> Endpoint
        where
            H: Handler<T, AdminState> + Documented<T>,
            T: 'static,
        {
            Endpoint::new(Method::$method, MethodFilter::$method, path, handler)
        }
    )* };
}

by_method! { get GET put PUT post POST patch PATCH delete DELETE }
