//! One worker's idle connections to one upstream's REST port.
//!
//! Last in, first out, without a lock: the most recently used connection is the least likely to have been closed.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::connection::Connection;

/// More idle connections than this are closed instead of kept.
const MAX_IDLE: usize = 1024;

#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "a connection is boxed for its whole life; moving it in and out here moves a pointer")]
pub(in crate::proxy) struct Pool {
    idle: RefCell<Vec<Box<Connection>>>,
}

impl Pool {
    /// A connection that was in use less than `max_idle` ago and has not been closed since.
    pub(in crate::proxy) fn take(&self, max_idle: Duration) -> Option<Box<Connection>> {
        let mut idle = self.idle.borrow_mut();
        while let Some(mut connection) = idle.pop() {
            if connection.idle_since.elapsed() > max_idle {
                // Everything below it has been idle for longer still.
                idle.clear();
                return None;
            }
            if !connection.is_stale() {
                return Some(connection);
            }
        }
        None
    }

    pub(in crate::proxy) fn put(&self, mut connection: Box<Connection>) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() < MAX_IDLE {
            connection.idle_since = Instant::now();
            connection.reused = true;
            idle.push(connection);
        }
    }

    /// Closes what has been idle for too long. Called once a second by the worker.
    pub(in crate::proxy) fn sweep(&self, max_idle: Duration) {
        self.idle.borrow_mut().retain(|connection| connection.idle_since.elapsed() <= max_idle);
    }
}

impl Connection {
    /// Whether a failure may only mean that it had been closed while idle.
    pub(in crate::proxy) fn was_reused(&self) -> bool {
        self.reused
    }
}
