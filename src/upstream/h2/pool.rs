//! The connection pool of one worker to one upstream's gRPC port.
//!
//! It has at least `grpc_connections` connections, opened on demand. Each call takes the one with the fewest calls, so calls
//! are load-balanced independently of the clients' connections. One connection is enough for most traffic: fewer connections
//! mean fewer system calls. While all are crowded ([`Line::is_crowded`]) the pool opens more, up to a bound, and closes them
//! after a while without use.
//!
//! Opening is single-flight: calls that arrive in the meantime wait for the same attempt and share its failure.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::line::{Lease, Line};
use super::open::open;
use crate::upstream::error::{ConnectCause, ConnectError, Stage};
use crate::upstream::flight::Flight;
use crate::upstream::health::Health;
use crate::upstream::{OpenLimits, Persistence, Tally, Upstream};

/// The maximum, unless `grpc_connections` is more.
const MOST: usize = 8;
/// The number of sweeps, a second apart, that an additional connection survives without a call.
const SPARE_SWEEPS: u32 = 30;

type Opened = Result<Rc<Line>, ConnectError>;

#[derive(Debug)]
pub(crate) struct Pool {
    upstream: Arc<Upstream>,
    tally: Tally,
    /// The first `grpc_connections` are the base; further ones are additional.
    lines: RefCell<Vec<Rc<Line>>>,
    flight: Flight<Opened>,
    /// Whether another connection is being opened in the background.
    growing: Cell<bool>,
    health: Health,
}

impl Pool {
    pub(crate) fn new(upstream: &Arc<Upstream>, tally: Tally) -> Rc<Self> {
        Rc::new(Self {
            upstream: Arc::clone(upstream),
            tally,
            lines: RefCell::default(),
            flight: Flight::default(),
            growing: Cell::default(),
            health: Health::default(),
        })
    }

    /// A connection for one call, opened if there is none. `limits` bounds each attempt, `persistence` how long this caller
    /// waits. May be dropped at any time.
    pub(crate) async fn lease(self: &Rc<Self>, limits: OpenLimits, persistence: Persistence) -> Result<Lease, ConnectError> {
        if let Some(lease) = self.pick() {
            self.grow(&lease, limits);
            self.tally.reused();
            return Ok(lease);
        }
        let attempt = async || self.attempt(limits, persistence).await.map(|line| Lease::of(&line));
        persistence.connection(&self.health, attempt, || self.pick()).await
    }

    /// The attempt in progress, or a new one if the upstream may be tried now.
    async fn attempt(self: &Rc<Self>, limits: OpenLimits, persistence: Persistence) -> Opened {
        let outage = self.health.outage();
        let seat = match (self.flight.join(), &outage) {
            (Some(_), Some(outage)) if persistence.elsewhere => return Err(outage.error().clone()),
            (Some(seat), _) => seat,
            (None, Some(outage)) if outage.rest(Instant::now()) > Duration::ZERO => return Err(outage.error().clone()),
            (None, _) => {
                let pool = Rc::clone(self);
                self.flight.begin(async move { pool.open(limits).await })
            }
        };
        let wait = persistence.wait(outage.is_some());
        let failed = |cause| ConnectError::new(&self.upstream.grpc, Stage::Tcp, cause);
        match tokio::time::timeout(wait, seat.outcome()).await {
            Ok(Some(opened)) => opened,
            Ok(None) => Err(failed(ConnectCause::Abandoned)),
            Err(_) => Err(outage.map_or_else(|| failed(ConnectCause::TimedOut(wait)), |outage| outage.error().clone())),
        }
    }

    async fn open(&self, limits: OpenLimits) -> Opened {
        let begun = Instant::now();
        let opened = open(&self.upstream.grpc, limits).await;
        self.tally.opened(&opened);
        match &opened {
            Ok(line) => {
                self.health.succeeded();
                self.lines.borrow_mut().push(Rc::clone(line));
            }
            Err(error) => self.health.failed(begun, Instant::now(), error),
        }
        opened
    }

    /// The least busy base connection; if all of them are crowded, an additional one that is not.
    fn pick(&self) -> Option<Lease> {
        let mut lines = self.lines.borrow_mut();
        lines.retain(|line| line.takes_calls());
        let (base, additional) = lines.split_at(self.upstream.grpc_connections.min(lines.len()));
        let mut preferred = base.iter().min_by_key(|line| line.load()).into_iter().chain(additional);
        let calm = preferred.find(|line| !line.is_crowded());
        calm.or_else(|| lines.iter().min_by_key(|line| line.load())).map(Lease::of)
    }

    /// Opens one more connection in the background if the leased one has other calls (while the base is incomplete) or is
    /// crowded (later).
    fn grow(self: &Rc<Self>, lease: &Lease, limits: OpenLimits) {
        let (count, least) = (self.lines.borrow().len(), self.upstream.grpc_connections);
        let wanted = if count < least { lease.is_shared() } else { count < MOST.max(least) && lease.is_crowded() };
        if !wanted || self.growing.get() || self.health.outage().is_some_and(|outage| outage.rest(Instant::now()) > Duration::ZERO) {
            return;
        }
        self.growing.set(true);
        let pool = Rc::clone(self);
        tokio::task::spawn_local(async move {
            // The failure is counted and remembered; the call that triggered the attempt has a connection.
            drop(pool.open(limits).await);
            pool.growing.set(false);
        });
    }

    /// Closes unused additional connections. Called once a second.
    pub(crate) fn sweep(&self) {
        let mut position = 0;
        self.lines.borrow_mut().retain(|line| {
            position += 1;
            line.sweep() < SPARE_SWEEPS || position <= self.upstream.grpc_connections
        });
    }

    /// New calls use a fresh connection from now on; calls in progress may end on theirs.
    pub(crate) fn forget(&self) {
        self.lines.borrow_mut().clear();
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
