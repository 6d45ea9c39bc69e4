//! Tells a worker's connections to finish, and knows when they have. Before that, [`Stopping`] tells load balancers to send
//! requests elsewhere.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Whether the process is about to stop: it serves as before, and reports not ready on its health routes.
#[derive(Clone, Debug, Default)]
pub(in crate::proxy) struct Stopping(Arc<AtomicBool>);

impl Stopping {
    pub(in crate::proxy) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(in crate::proxy) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
pub(in crate::proxy) struct Drain {
    begun: Cell<bool>,
    begin: Notify,
    open: Cell<usize>,
    closed: Notify,
}

impl Drain {
    /// From now on every connection is told to finish: `Connection: close`, or GOAWAY.
    pub(super) fn begin(&self) {
        self.begun.set(true);
        self.begin.notify_waiters();
    }

    pub(in crate::proxy) fn has_begun(&self) -> bool {
        self.begun.get()
    }

    /// Ready when [`Self::begin`] is called.
    pub(in crate::proxy) fn begins(&self) -> tokio::sync::futures::Notified<'_> {
        self.begin.notified()
    }

    pub(super) fn opened(&self) {
        self.open.set(self.open.get() + 1);
    }

    pub(super) fn ended(&self) {
        self.open.set(self.open.get() - 1);
        if self.open.get() == 0 {
            self.closed.notify_waiters();
        }
    }

    /// Returns when no connection is left.
    pub(super) async fn empty(&self) {
        while self.open.get() > 0 {
            self.closed.notified().await;
        }
    }
}
