//! What every method of every service does around the engine's work: check the names, obey faults, run off the event loop, log, time, and turn
//! failures into statuses.

use std::sync::Arc;
use std::time::Instant;

use tonic::{Code, Request, Response, Status};

use super::convert::Malformed;
use super::timed::Timed;
use crate::engine::{EngineError, ErrorKind, Store, check_existing};

/// Where Qdrant says a gRPC message was wrong.
const PLACE: &str = "body";

/// A failure on the way through one call.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Malformed(error) => error.into(),
            // Messages have a body, not a JSON body or a path.
            Failure::Engine(error) if error.kind == ErrorKind::Validation => {
                let rule = error.message.split_once(": ").map_or(error.message.as_str(), |(_, rule)| rule);
                Self::invalid_argument(format!("Validation error in {PLACE}: {rule}"))
            }
            Failure::Engine(error) => Self::new(code(error.kind), error.message),
        }
    }
}

fn code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::BadInput | ErrorKind::BadRequest | ErrorKind::Validation | ErrorKind::Inference => Code::InvalidArgument,
        ErrorKind::ChecksumMismatch => Code::DataLoss,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::AlreadyExists => Code::AlreadyExists,
        ErrorKind::Service => Code::Internal,
        ErrorKind::NotServed => Code::Unimplemented,
    }
}

/// The names inside a batch mean nothing, and yet must be well formed.
pub(super) fn check_inner<'a>(list: &str, names: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
    for (at, name) in names.enumerate() {
        check_existing(PLACE, name).map_err(|mut error| {
            error.message = error.message.replacen("[collection_name", &format!("[{list}[{at}].collection_name"), 1);
            error
        })?;
    }
    Ok(())
}

/// An answer for what Qdrant serves and the sandbox does not.
pub(super) fn not_served<T>(method: &str) -> Result<T, Failure> {
    Err(EngineError::not_served(method).into())
}

/// The services' common state.
#[derive(Clone)]
pub(super) struct Calls {
    store: Arc<Store>,
}

impl Calls {
    pub(super) fn new(store: Arc<Store>) -> Self {
        Self { store }
    }

    /// A call on one collection or alias.
    pub(super) async fn on<M: Send + 'static, T: Timed + Send + 'static>(
        &self,
        method: &'static str,
        request: Request<M>,
        name: impl FnOnce(&M) -> &str,
        work: impl FnOnce(&Store, &str, M) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let collection = name(request.get_ref()).to_owned();
        self.run(method, request, Some(collection), work).await
    }

    /// A call that concerns no collection, or all.
    pub(super) async fn global<M: Send + 'static, T: Timed + Send + 'static>(
        &self,
        method: &'static str,
        request: Request<M>,
        work: impl FnOnce(&Store, M) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        self.run(method, request, None, |store, _, message| work(store, message)).await
    }

    async fn run<M: Send + 'static, T: Timed + Send + 'static>(
        &self,
        method: &'static str,
        request: Request<M>,
        collection: Option<String>,
        work: impl FnOnce(&Store, &str, M) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let started = Instant::now();
        if let Some(name) = &collection {
            check_existing(PLACE, name).map_err(Failure::from)?;
        }
        let store = Arc::clone(&self.store);
        let message = request.into_inner();
        let name = collection.unwrap_or_default();
        let worked = tokio::task::spawn_blocking(move || work(&store, &name, message)).await;
        match worked {
            Ok(result) => Ok(Response::new(result?.timed(started.elapsed().as_secs_f64()))),
            Err(error) => Err(Status::internal(format!("Service internal error: {method}: {error}"))),
        }
    }
}
