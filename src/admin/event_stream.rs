//! Events as they happen, at whichever replica (server-sent events).
//!
//! A stream reads the store from the last event it has sent, and is woken by the store's own notice, so it misses nothing
//! and looks the same on every replica. Streams are few and end when the process is told to stop.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::{Kind, Problem};
use crate::control::Control;
use crate::store::{Changes, Event, Filter};

/// Each costs a connection and a query a change.
const MAX_STREAMS: usize = 64;
/// So that nothing on the way takes a quiet stream for a dead one.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many events one query brings.
const BATCH: u32 = 100;

/// The streams there may still be.
#[derive(Clone)]
pub(super) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_STREAMS)))
    }
}

/// One client's way through the events.
struct Follower {
    control: Control,
    news: Changes,
    /// The last event looked at.
    seen: u64,
    subject: Option<String>,
    _place: OwnedSemaphorePermit,
}

/// Streams what happens after the event `after`; without one, from now on.
pub(super) async fn follow(control: Control, places: &Places, after: Option<u64>, subject: Option<String>) -> Result<Response, Problem> {
    let place = Arc::clone(&places.0).try_acquire_owned();
    let place =
        place.map_err(|_| Problem::new(Kind::Busy, format!("{MAX_STREAMS} streams are open already; close one, or page the list")))?;
    // Before the newest event is looked up, so that nothing in between goes unnoticed.
    let news = control.news();
    let seen = match after {
        Some(after) => after,
        None => control.events(&Filter { limit: 1, ..Filter::default() }).await?.items.first().map_or(0, |newest| newest.id),
    };
    let stopping = control.readiness().clone();
    let follower = Follower { control, news, seen, subject, _place: place };
    let events = events(follower).take_until(async move { stopping.draining().await });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response())
}

fn events(follower: Follower) -> impl Stream<Item = Result<Sent, Infallible>> {
    let batches = stream::unfold(follower, |mut follower| async move {
        let batch = follower.next().await;
        Some((stream::iter(batch), follower))
    });
    batches.flatten().filter_map(async |event| written(&event).map(Ok))
}

impl Follower {
    /// Waits until something has happened. A store that does not answer is asked again.
    async fn next(&mut self) -> Vec<Event> {
        loop {
            match self.control.events_after(self.seen, BATCH).await {
                Ok(mut events) if !events.is_empty() => {
                    self.seen = events.last().map_or(self.seen, |event| event.id);
                    events.retain(|event| self.subject.as_ref().is_none_or(|subject| *subject == event.subject));
                    return events;
                }
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "a stream of events waits for the store"),
            }
            self.news.next().await;
        }
    }
}

fn written(event: &Event) -> Option<Sent> {
    let sent = Sent::default().id(event.id.to_string()).event(&event.kind).json_data(event);
    sent.inspect_err(|error| tracing::warn!(%error, event = event.id, "an event could not be written")).ok()
}
