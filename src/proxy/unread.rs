//! Ends HTTP/2 streams whose client does not read its answer.
//!
//! A client that grants a stream no window occupies the answer, its admission permit and the buffered data for as long as it
//! likes. HTTP/2's own pings are answered, and the library does not poll the answer, so no limit inside of the answer
//! applies. Over HTTP/1.1 the socket itself is full then, which [`super::io`] detects.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::deadline::{Deadline, Silence};

tokio::task_local! {
    static STREAM: Rc<Unread>;
}

/// The state that a stream's answer shares with its task.
pub(super) struct Unread {
    deadline: Cell<Deadline>,
    /// How many frames have been handed over.
    frames: Cell<u64>,
    /// The client has window, and waits for the upstream.
    taken: Cell<bool>,
}

impl Unread {
    /// The state of the stream that this task runs; none over HTTP/1.1.
    pub(super) fn of_this_stream(deadline: Deadline) -> Option<Rc<Self>> {
        let unread = STREAM.try_with(Rc::clone).ok()?;
        unread.deadline.set(deadline);
        Some(unread)
    }

    /// A frame is being sent to the client.
    pub(super) fn handed_over(&self) {
        self.frames.set(self.frames.get() + 1);
        self.taken.set(false);
    }

    /// All frames have been sent, and the next one is polled.
    pub(super) fn taken(&self) {
        self.taken.set(true);
    }
}

/// Runs a stream's task until it ends, or until its client has left a frame unread for `idle`. Dropping the stream resets
/// it.
pub(super) async fn watched(idle: Option<Duration>, stream: impl Future<Output: 'static>) {
    let unread = Rc::new(Unread { deadline: Cell::new(Deadline::NONE), frames: Cell::new(0), taken: Cell::new(true) });
    let watched = Watched { stream: Box::pin(stream), unread: Rc::clone(&unread), idle, seen: 0, silence: None };
    STREAM.scope(unread, watched).await;
}

struct Watched<F> {
    stream: Pin<Box<F>>,
    unread: Rc<Unread>,
    idle: Option<Duration>,
    /// The number of frames at the last check.
    seen: u64,
    /// Created when a frame is first left unread.
    silence: Option<Silence>,
}

impl<F: Future> Future for Watched<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.stream.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if self.unread.taken.get() {
            return Poll::Pending;
        }
        let (frames, deadline, idle) = (self.unread.frames.get(), self.unread.deadline.get(), self.idle);
        let moved = std::mem::replace(&mut self.seen, frames) != frames;
        let silence = self.silence.get_or_insert_with(|| deadline.silence(idle));
        if moved {
            silence.broken();
        }
        silence.poll(cx).map(|()| tracing::debug!("a client did not read its answer; its stream is reset"))
    }
}
