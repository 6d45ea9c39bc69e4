//! What every method of every service does around the engine's work: check the names, obey faults, run off the event loop, log, time, and turn
//! failures into statuses.

use std::future::Future;
use std::time::Instant;

use tonic::{Code, Request, Response, Status};

use super::convert::Malformed;
use super::suffering;
use super::timed::Timed;
use crate::Shared;
use crate::engine::{EngineError, ErrorKind, Store, check_existing};
use crate::requests::Protocol;

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
        ErrorKind::Forbidden => Code::PermissionDenied,
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
    pub(super) shared: Shared,
}

impl Calls {
    /// A call on one collection or alias.
    pub(super) async fn on<M: Send + 'static, T: Timed + Send + 'static>(
        &self,
        method: &'static str,
        request: Request<M>,
        name: impl FnOnce(&M) -> &str,
        work: impl FnOnce(&Store, &str, M) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let collection = name(request.get_ref()).to_owned();
        self.logged(method, request, Some(collection), |shared, name, message| blocking(shared, move |store| work(store, &name, message)))
            .await
    }

    /// A call that concerns no collection, or all.
    pub(super) async fn global<M: Send + 'static, T: Timed + Send + 'static>(
        &self,
        method: &'static str,
        request: Request<M>,
        work: impl FnOnce(&Store, M) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        self.logged(method, request, None, |shared, _, message| blocking(shared, move |store| work(store, message))).await
    }

    /// Any call; `on` and `global` serve those whose work is on the store alone.
    pub(super) async fn logged<M, T: Timed, F: Future<Output = Result<T, Failure>>>(
        &self,
        method: &'static str,
        request: Request<M>,
        collection: Option<String>,
        work: impl FnOnce(Shared, String, M) -> F,
    ) -> Result<Response<T>, Status> {
        let resolved = collection.as_deref().and_then(|name| self.shared.store.resolve(name));
        let names = (collection.clone(), resolved.clone());
        let headers = request.metadata().clone().into_headers();
        let number = self.shared.log.begin(Protocol::Grpc, method, method, names, &headers);
        let result = self.faulted(request, collection, resolved, work).await;
        let code = result.as_ref().err().map_or(Code::Ok, Status::code);
        self.shared.log.finish(number, code as u16);
        result
    }

    async fn faulted<M, T: Timed, F: Future<Output = Result<T, Failure>>>(
        &self,
        request: Request<M>,
        collection: Option<String>,
        resolved: Option<String>,
        work: impl FnOnce(Shared, String, M) -> F,
    ) -> Result<Response<T>, Status> {
        let started = Instant::now();
        if let Some(name) = &collection {
            check_existing(PLACE, name).map_err(Failure::from)?;
        }
        let plan = self.shared.faults.plan(collection.as_deref(), resolved.as_deref());
        let slow_body = plan.slow_body;
        suffering::suffer(plan, request.extensions().get()).await?;
        let answer = work(self.shared.clone(), collection.unwrap_or_default(), request.into_inner()).await?;
        let mut response = Response::new(answer.timed(started.elapsed().as_secs_f64()));
        if let Some(slow_body) = slow_body {
            response.extensions_mut().insert(slow_body);
        }
        Ok(response)
    }
}

/// The store's runner knows the store's errors only, so a message's own come through it as a value.
async fn blocking<T: Send + 'static>(
    shared: Shared,
    work: impl FnOnce(&Store) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    shared.run(move |store| Ok(work(store))).await?
}
