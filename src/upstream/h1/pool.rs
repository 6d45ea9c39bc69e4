//! The connection pool of one worker to one upstream's REST port.
//!
//! Idle connections are reused last in, first out, without a lock: the most recently used one is the least likely to have
//! been closed. For each waiting request the pool opens a new connection, in its own task. If the request leaves in the
//! meantime, the next request gets that connection. While the upstream is dead, the pool makes one attempt at a time.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::connection::Connection;
use crate::upstream::error::{ConnectCause, ConnectError, Stage};
use crate::upstream::health::Health;
use crate::upstream::{OpenLimits, Persistence, Tally, Upstream, dial};

/// More idle connections than this are closed instead of kept.
const MAX_IDLE: usize = 1024;

type Opened = Result<Box<Connection>, ConnectError>;

#[derive(Debug)]
#[expect(clippy::vec_box, reason = "a connection is boxed for its whole life; moving it in and out here moves a pointer")]
pub(crate) struct Pool {
    upstream: Arc<Upstream>,
    tally: Tally,
    idle: RefCell<Vec<Box<Connection>>>,
    /// Requests that wait for a connection, in order of arrival; entries of requests that left are skipped.
    queue: RefCell<VecDeque<oneshot::Sender<Opened>>>,
    /// How many requests are still waiting.
    waiting: Cell<usize>,
    opening: Cell<usize>,
    health: Health,
}

impl Pool {
    pub(crate) fn new(upstream: &Arc<Upstream>, tally: Tally) -> Rc<Self> {
        Rc::new(Self {
            upstream: Arc::clone(upstream),
            tally,
            idle: RefCell::default(),
            queue: RefCell::default(),
            waiting: Cell::default(),
            opening: Cell::default(),
            health: Health::default(),
        })
    }

    /// Takes a connection that was in use less than `max_idle` ago and has not been closed since.
    pub(crate) fn take(&self, max_idle: Duration) -> Option<Box<Connection>> {
        let mut idle = self.idle.borrow_mut();
        while let Some(mut connection) = idle.pop() {
            if connection.idle_since.elapsed() > max_idle {
                // All connections below it have been idle for even longer.
                idle.clear();
                return None;
            }
            if !connection.is_stale() {
                self.tally.reused();
                return Some(connection);
            }
        }
        None
    }

    /// Returns a connection whose exchange is over: to a waiting request, or to the pool.
    pub(crate) fn put(&self, mut connection: Box<Connection>) {
        connection.reused = true;
        self.hand_over(connection);
    }

    fn keep(&self, mut connection: Box<Connection>) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() < MAX_IDLE {
            connection.idle_since = Clock::now();
            // The next user cannot know whether the upstream has closed it by then.
            connection.reused = true;
            idle.push(connection);
        }
    }

    /// Closes connections that have been idle for too long. The worker calls it once a second.
    pub(crate) fn sweep(&self, max_idle: Duration) {
        self.idle.borrow_mut().retain(|connection| connection.idle_since.elapsed() <= max_idle);
    }

    /// A new connection, or one that another request has finished with in the meantime. `limits` bounds each attempt,
    /// `persistence` how long this caller waits; `max_idle` is as in [`Self::take`]. May be dropped at any time.
    pub(crate) async fn open(self: &Rc<Self>, limits: OpenLimits, persistence: Persistence, max_idle: Duration) -> Opened {
        persistence.connection(&self.health, async || self.attempt(limits, persistence).await, || self.take(max_idle)).await
    }

    async fn attempt(self: &Rc<Self>, limits: OpenLimits, persistence: Persistence) -> Opened {
        let outage = self.health.outage();
        if let Some(outage) = &outage {
            let probing = self.opening.get() > 0;
            if outage.rest(Instant::now()) > Duration::ZERO || (probing && persistence.elsewhere) {
                return Err(outage.error().clone());
            }
        }
        let seat = Seat::take(self);
        self.open_as_needed(limits);
        let wait = persistence.wait(outage.is_some());
        let late = |_| {
            let late = || ConnectError::new(&self.upstream.rest, Stage::Tcp, ConnectCause::TimedOut(wait));
            Err(outage.map_or_else(late, |outage| outage.error().clone()))
        };
        tokio::time::timeout(wait, seat.outcome()).await.unwrap_or_else(late)
    }

    /// Starts as many attempts as requests wait; only one while the upstream is dead.
    fn open_as_needed(self: &Rc<Self>, limits: OpenLimits) {
        let dead = self.health.is_dead();
        let wanted = if dead { self.waiting.get().min(1) } else { self.waiting.get() };
        while self.opening.get() < wanted {
            self.opening.set(self.opening.get() + 1);
            let pool = Rc::clone(self);
            tokio::task::spawn_local(async move {
                let begun = Instant::now();
                let opened = dial(&pool.upstream.rest, limits.connect).await;
                pool.opening.set(pool.opening.get() - 1);
                pool.tally.opened(&opened);
                match opened {
                    Ok(io) => {
                        pool.health.succeeded();
                        pool.hand_over(Box::new(Connection::new(io.patient(limits.idle))));
                        pool.open_as_needed(limits);
                    }
                    Err(error) => {
                        pool.health.failed(begun, Instant::now(), &error);
                        pool.share(&error, dead || pool.opening.get() == 0);
                    }
                }
            });
        }
    }

    /// Gives the connection to the request that has waited longest; keeps it if all have left.
    fn hand_over(&self, connection: Box<Connection>) {
        let reused = connection.was_reused();
        let mut opened = Ok(connection);
        while let Some(next) = self.next() {
            match next.send(opened) {
                Ok(()) => {
                    if reused {
                        self.tally.reused();
                    }
                    return self.served();
                }
                Err(back) => opened = back,
            }
        }
        if let Ok(connection) = opened {
            self.keep(connection);
        }
    }

    /// An error belongs to one request if there are as many attempts as requests; the error of the only or the last attempt
    /// goes to all waiting requests.
    fn share(&self, error: &ConnectError, everybody: bool) {
        while let Some(next) = self.next() {
            if next.send(Err(error.clone())).is_ok() {
                self.served();
                if !everybody {
                    return;
                }
            }
        }
    }

    fn served(&self) {
        self.waiting.set(self.waiting.get() - 1);
    }

    fn next(&self) -> Option<oneshot::Sender<Opened>> {
        self.queue.borrow_mut().pop_front()
    }
}

/// A waiting request. It counts until the request is served or leaves.
struct Seat {
    pool: Rc<Pool>,
    handed: oneshot::Receiver<Opened>,
    served: bool,
}

impl Seat {
    fn take(pool: &Rc<Pool>) -> Self {
        let (hand, handed) = oneshot::channel();
        pool.queue.borrow_mut().push_back(hand);
        pool.waiting.set(pool.waiting.get() + 1);
        Self { pool: Rc::clone(pool), handed, served: false }
    }

    async fn outcome(mut self) -> Opened {
        let handed = (&mut self.handed).await;
        self.served = true;
        handed.unwrap_or_else(|_| Err(ConnectError::new(&self.pool.upstream.rest, Stage::Tcp, ConnectCause::Abandoned)))
    }
}

impl Drop for Seat {
    /// If the request left just as it was served, the next request gets the connection.
    fn drop(&mut self) {
        if self.served {
            return;
        }
        self.handed.close();
        match self.handed.try_recv() {
            Ok(Ok(connection)) => self.pool.hand_over(connection),
            Ok(Err(_)) => {}
            Err(_) => self.pool.served(),
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
