//! Long computations: on threads of their own, a few at a time, so that they hold up neither the control plane nor its lease.
//!
//! A resource in a lane is computed on a blocking thread as soon as one of the lane's slots is free; a bounded number of
//! requests wait for that, each for half a minute at most; what waits too long, and the next one, is answered 503 with
//! `Retry-After`. Identical `GET`s that wait share one
//! computation. None joins a computation that has begun, so an answer is never older than its request.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::response::Parts;
use axum::http::{Method, Response};
use axum::middleware::Next;
use axum::response::IntoResponse;
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use super::extract::read;
use super::problem::{Kind, Problem};
use crate::control::aside;

/// How long a request waits for a slot. Its caller has given up by then, or had better ask again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Those of the API. Each kind has its own, so that readers of reports hold up neither scrapes nor feedback.
#[derive(Clone)]
pub(super) struct Lanes {
    /// What is computed from everything that was counted.
    pub(super) reports: Arc<Lane>,
    /// Pages about the whole process, and lists, which may wait for the store.
    pub(super) overviews: Arc<Lane>,
    /// For a Prometheus; they wait for nothing.
    pub(super) scrapes: Arc<Lane>,
    /// What applications report.
    pub(super) feedback: Arc<Lane>,
}

/// Which of them an endpoint is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LaneName {
    Reports,
    Overviews,
    Scrapes,
    Feedback,
}

impl Lanes {
    pub(super) fn of(&self, name: LaneName) -> &Arc<Lane> {
        match name {
            LaneName::Reports => &self.reports,
            LaneName::Overviews => &self.overviews,
            LaneName::Scrapes => &self.scrapes,
            LaneName::Feedback => &self.feedback,
        }
    }
}

impl Default for Lanes {
    fn default() -> Self {
        // Half of the cores at most, since the data plane has the same ones.
        let slots = std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).clamp(1, 4));
        Self {
            reports: Lane::new("reports", slots, 32),
            overviews: Lane::new("lists and overviews", 4, 64),
            scrapes: Lane::new("scrapes", 1, 64),
            feedback: Lane::new("batches of feedback", slots, 256),
        }
    }
}

/// Slots, and who waits for them.
#[derive(Debug)]
pub(super) struct Lane {
    what: &'static str,
    most_waiting: usize,
    patience: Duration,
    slots: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Computations that have not begun, by what is asked for.
    shared: Mutex<HashMap<Asked, Shared>>,
}

/// What, and with which token: some things look different to a caller who has one.
type Asked = (String, Option<Vec<u8>>);

/// None until it is there.
type Shared = watch::Receiver<Option<Answer>>;

#[derive(Clone, Debug)]
struct Answer {
    head: Parts,
    body: Bytes,
}

impl Answer {
    async fn of(response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        // A body that breaks is one of ours, and none of ours does.
        Self { head, body: to_bytes(body, usize::MAX).await.unwrap_or_default() }
    }
}

/// The layer of a resource in a lane.
pub(super) async fn compute(State(lane): State<Arc<Lane>>, request: Request, next: Next) -> Response<Body> {
    if request.method() == Method::GET {
        let key = (request.uri().to_string(), request.headers().get(AUTHORIZATION).map(|token| token.as_bytes().to_vec()));
        lane.share(key, next.run(request)).await
    } else {
        // A client that sends its body slowly holds no slot while it does.
        match whole(request).await {
            Ok(request) => lane.alone(next.run(request)).await,
            Err(problem) => problem.into_response(),
        }
    }
}

async fn whole(request: Request) -> Result<Request, Problem> {
    let (head, body) = request.into_parts();
    let body = read(Request::from_parts(head.clone(), body), &()).await?;
    Ok(Request::from_parts(head, Body::from(body)))
}

impl Lane {
    pub(super) fn new(what: &'static str, slots: usize, most_waiting: usize) -> Arc<Self> {
        Self::with_patience(what, slots, most_waiting, PATIENCE)
    }

    pub(super) fn with_patience(what: &'static str, slots: usize, most_waiting: usize, patience: Duration) -> Arc<Self> {
        let semaphore = |places| Arc::new(Semaphore::new(places));
        let (slots, waiting) = (semaphore(slots), semaphore(most_waiting));
        Arc::new(Self { what, most_waiting, patience, slots, waiting, shared: Mutex::default() })
    }

    async fn alone(&self, work: impl Future<Output = Response<Body>> + Send + 'static) -> Response<Body> {
        let Some(place) = self.place() else { return self.busy() };
        let slot = self.slot().await;
        drop(place);
        let Some(slot) = slot else { return self.late() };
        // The slot is free when the work has ended, whether or not this request still waits for it.
        let work = async move {
            let _slot = slot;
            work.await
        };
        aside(work).await.unwrap_or_else(stopping)
    }

    async fn share(self: &Arc<Self>, key: Asked, work: impl Future<Output = Response<Body>> + Send + 'static) -> Response<Body> {
        let Some(mut answer) = self.joined(key, work) else { return self.busy() };
        match answer.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone()) {
            Some(Answer { head, body }) => Response::from_parts(head, Body::from(body)),
            None => stopping(),
        }
    }

    /// The computation of this that has not begun; a new one where there is none, and room for it.
    fn joined(self: &Arc<Self>, key: Asked, work: impl Future<Output = Response<Body>> + Send + 'static) -> Option<Shared> {
        let mut shared = self.lock();
        if let Some(known) = shared.get(&key) {
            return Some(known.clone());
        }
        let place = self.place()?;
        let (sender, receiver) = watch::channel(None);
        shared.insert(key.clone(), receiver.clone());
        drop(shared);
        let lane = Arc::clone(self);
        tokio::spawn(async move {
            let slot = lane.slot().await;
            // From here on it is about to look at what was counted: who asks from now on gets the next look.
            lane.lock().remove(&key);
            drop(place);
            let Some(slot) = slot else {
                sender.send_replace(Some(Answer::of(lane.late()).await));
                return;
            };
            if sender.is_closed() {
                return;
            }
            let buffered = async move {
                let _slot = slot;
                Answer::of(work.await).await
            };
            if let Some(answer) = aside(buffered).await {
                sender.send_replace(Some(answer));
            }
        });
        Some(receiver)
    }

    fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.waiting).try_acquire_owned().ok()
    }

    /// None where all were taken for too long.
    async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        let slot = timeout(self.patience, Arc::clone(&self.slots).acquire_owned()).await.ok()?;
        Some(slot.expect("nothing closes the slots"))
    }

    fn busy(&self) -> Response<Body> {
        let detail = format!("{} {} wait to be computed already; ask again in a second", self.most_waiting, self.what);
        Problem::new(Kind::Busy, detail).into_response()
    }

    fn late(&self) -> Response<Body> {
        let (what, seconds) = (self.what, self.patience.as_secs());
        Problem::new(Kind::Busy, format!("no room came free for {what} within {seconds} s; ask again in a second")).into_response()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Asked, Shared>> {
        // A panic cannot leave a map of receivers half-changed.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stopping() -> Response<Body> {
    Problem::new(Kind::Unavailable, "the computation did not end; the log says why, unless the process is stopping").into_response()
}
