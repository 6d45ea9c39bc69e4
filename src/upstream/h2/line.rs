//! One HTTP/2 connection, and the lease of a call on it.

use std::cell::Cell;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::task::AbortHandle;

use crate::net::gather::Heard;

/// The number of calls on one connection before the next call uses another. Each call's answer may fill its window; this
/// many fill the connection's. So below this number no slow client can delay another client's answer.
pub(super) const CALLS: usize = 64;

/// How long calls wait to send before their connection counts as crowded. Every large request waits briefly for its first
/// poll and for window; only an upstream that accepts no more makes it wait longer.
const STARVED: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Line {
    sender: SendRequest<Bytes>,
    driver: AbortHandle,
    heard: Rc<Heard>,
    /// Whether it accepts calls.
    open: Rc<Cell<bool>>,
    /// Calls in progress.
    busy: Cell<usize>,
    /// Calls that wait for the upstream to accept more of their request, and since when there have been any.
    starved: Cell<usize>,
    starved_since: Cell<Option<Instant>>,
    /// The number of calls so far, and at the last sweep.
    calls: Cell<u64>,
    swept: Cell<u64>,
    sweeps: Cell<u32>,
    idle_sweeps: Cell<u32>,
    /// The read count when the upstream was last sent something after a read, and the sweep at that time.
    asked: Cell<Option<(u64, u32)>>,
}

impl Line {
    pub(super) fn new(sender: SendRequest<Bytes>, driver: AbortHandle, heard: Rc<Heard>, open: Rc<Cell<bool>>) -> Rc<Self> {
        Rc::new(Self {
            sender,
            driver,
            heard,
            open,
            busy: Cell::new(0),
            starved: Cell::new(0),
            starved_since: Cell::new(None),
            calls: Cell::new(0),
            swept: Cell::new(0),
            sweeps: Cell::new(0),
            idle_sweeps: Cell::new(0),
            asked: Cell::new(None),
        })
    }

    /// Whether it accepts another call. After GOAWAY it does not, although calls may still be in progress on it.
    pub(super) fn takes_calls(&self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        self.open.get() && !matches!(self.sender.clone().poll_ready(&mut cx), Poll::Ready(Err(_)))
    }

    /// Whether another connection would serve the next call better.
    pub(super) fn is_crowded(&self) -> bool {
        self.is_starved() || self.busy.get() >= CALLS.min(self.sender.current_max_send_streams())
    }

    /// The sort key by which calls choose a connection.
    pub(super) fn load(&self) -> (bool, usize) {
        (self.is_starved(), self.busy.get())
    }

    fn is_starved(&self) -> bool {
        self.starved_since.get().is_some_and(|since| since.elapsed() >= STARVED)
    }

    /// The number of sweeps in a row in which it was unused.
    pub(super) fn sweep(&self) -> u32 {
        let idle = self.busy.get() == 0 && self.swept.get() == self.calls.get();
        self.swept.set(self.calls.get());
        self.sweeps.set(self.sweeps.get().wrapping_add(1));
        self.idle_sweeps.set(if idle { self.idle_sweeps.get() + 1 } else { 0 });
        self.idle_sweeps.get()
    }
}

impl Drop for Line {
    /// The last call has ended: the connection's task is stopped, not left to a peer that may never answer.
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A connection leased for one call; returned on drop.
#[derive(Debug)]
pub(crate) struct Lease {
    line: Rc<Line>,
    first: bool,
    /// The read count, and the sweep since which the upstream has been silent although it was sent something. None once it
    /// has answered this call.
    unanswered: Cell<Option<(u64, u32)>>,
}

/// If a call ends without an answer, and the connection has seen this many sweeps with calls and without a byte, the
/// connection is suspect. Sweeps are a second apart, so the upstream has been silent for more than one second. Each single
/// call may have waited for less.
const SILENT_SWEEPS: u32 = 2;

impl Lease {
    pub(super) fn of(line: &Rc<Line>) -> Self {
        line.busy.set(line.busy.get() + 1);
        let before = line.calls.replace(line.calls.get() + 1);
        let now = (line.heard.reads(), line.sweeps.get());
        let silent_since = line.asked.get().filter(|(reads, _)| *reads == now.0).unwrap_or(now);
        line.asked.set(Some(silent_since));
        Self { line: Rc::clone(line), first: before == 0, unanswered: Cell::new(Some(silent_since)) }
    }

    pub(crate) fn sender(&self) -> SendRequest<Bytes> {
        self.line.sender.clone()
    }

    /// Whether this is the connection's first call. If such a connection ends without processing it, the upstream accepts no
    /// calls. An older connection may simply have served as many as the upstream allows.
    pub(crate) fn is_first(&self) -> bool {
        self.first
    }

    /// Whether other calls are on it.
    pub(super) fn is_shared(&self) -> bool {
        self.line.busy.get() > 1
    }

    pub(super) fn is_crowded(&self) -> bool {
        self.line.is_crowded()
    }

    /// This connection refused a call or broke: no other call may use it.
    pub(crate) fn discard(&self) {
        self.line.open.set(false);
    }

    /// The head of the answer has arrived.
    pub(crate) fn answered(&self) {
        self.unanswered.take();
        self.line.asked.take();
    }

    /// For the code that sends the request.
    pub(crate) fn starved(&self) -> Starved {
        Starved { line: Rc::clone(&self.line), waits: false }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.line.busy.set(self.line.busy.get() - 1);
        // The call was given up, and no byte has arrived over this connection while calls waited: the peer may be gone
        // without closing it. Calls in progress stay on it; the next call uses another.
        if let Some((reads, sweeps)) = self.unanswered.get()
            && self.line.heard.reads() == reads
            && self.line.sweeps.get().wrapping_sub(sweeps) >= SILENT_SWEEPS
        {
            self.discard();
        }
    }
}

/// Tells the pool while a call waits for the upstream to accept more of its request.
#[derive(Debug)]
pub(crate) struct Starved {
    line: Rc<Line>,
    waits: bool,
}

impl Starved {
    pub(crate) fn set(&mut self, waits: bool) {
        if waits != self.waits {
            self.waits = waits;
            let count = self.line.starved.get();
            let count = if waits { count + 1 } else { count - 1 };
            self.line.starved.set(count);
            let since = self.line.starved_since.get().filter(|_| count > 0);
            self.line.starved_since.set(since.or_else(|| (count > 0).then(Instant::now)));
        }
    }
}

impl Drop for Starved {
    fn drop(&mut self) {
        self.set(false);
    }
}
