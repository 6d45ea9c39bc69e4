//! Ends HTTP/2 streams whose client does not read its answer.
//!
//! A client that gives a stream no window keeps the answer, its place among the requests and what the upstream has sent for as
//! long as it likes: HTTP/2's own pings are answered, and the library does not ask the answer for more, so no limit inside of
//! the answer is looked at. Over HTTP/1.1 the socket itself is full then, which [`super::io`] notices.

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

/// What a stream's answer tells its task.
pub(super) struct Unread {
    deadline: Cell<Deadline>,
    /// How many frames have been handed over.
    frames: Cell<u64>,
    /// The client has room, and waits for the upstream.
    taken: Cell<bool>,
}

impl Unread {
    /// That of the stream whose task this is; none over HTTP/1.1.
    pub(super) fn of_this_stream(deadline: Deadline) -> Option<Rc<Self>> {
        let unread = STREAM.try_with(Rc::clone).ok()?;
        unread.deadline.set(deadline);
        Some(unread)
    }

    /// A frame is on its way to the client.
    pub(super) fn handed_over(&self) {
        self.frames.set(self.frames.get() + 1);
        self.taken.set(false);
    }

    /// All frames have gone, and the next one is wanted.
    pub(super) fn taken(&self) {
        self.taken.set(true);
    }
}

/// Runs a stream's task until it ends, or until its client has left a frame unread for `idle`. Dropping the stream resets it.
pub(super) async fn watched(idle: Option<Duration>, stream: impl Future<Output: 'static>) {
    let unread = Rc::new(Unread { deadline: Cell::new(Deadline::NONE), frames: Cell::new(0), taken: Cell::new(true) });
    let watched = Watched { stream: Box::pin(stream), unread: Rc::clone(&unread), idle, seen: 0, silence: None };
    STREAM.scope(unread, watched).await;
}

struct Watched<F> {
    stream: Pin<Box<F>>,
    unread: Rc<Unread>,
    idle: Option<Duration>,
    /// The frames at the last look.
    seen: u64,
    /// Made when a frame is first left unread.
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
