//! One data worker: a thread with its own runtime, connections, pools, counters and cached table.
//!
//! It shares only two things with other workers: the snapshot it reads and the number of admitted requests. So the data path
//! takes no lock and wakes no other core.

mod admission;
mod budget;
mod drain;
mod pools;
mod run;

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::Cache;

use self::budget::Budget;
use self::pools::Pools;
use crate::live::{Live, Memory, Mirror, Refresh, Shared};
use crate::metrics::WorkerCells;

pub(super) use admission::{Admission, Permit};
pub(super) use drain::{Drain, Stopping};
pub(super) use run::{Accepted, Command, WorkerHandle, spawn};

/// The minimum time between two listings that a worker requests because of a missing collection. A variant whose collection
/// is permanently gone must not turn every request into a listing.
const REFRESH_PAUSE: Duration = Duration::from_secs(1);

/// The table as one request sees it. Cheap to clone: it stays on its worker.
#[derive(Clone, Debug)]
#[expect(clippy::redundant_allocation, reason = "the outer count is this worker's own: cloning it is no atomic operation")]
pub(super) struct Snapshot(Rc<Arc<Live>>);

impl Snapshot {
    /// For use on another thread.
    pub(super) fn shared(&self) -> Arc<Live> {
        Arc::clone(&self.0)
    }
}

impl Deref for Snapshot {
    type Target = Live;

    fn deref(&self) -> &Live {
        &self.0
    }
}

/// The parts that a worker is built from.
pub(super) struct Parts {
    pub(super) index: usize,
    pub(super) live: Shared,
    pub(super) cells: Arc<WorkerCells>,
    pub(super) refresh: Refresh,
    pub(super) mirror: Mirror,
    pub(super) admission: Admission,
    pub(super) stopping: Stopping,
    pub(super) memory: Memory,
}

pub(super) struct Worker {
    index: usize,
    live: RefCell<Cache<Shared, Arc<Live>>>,
    snapshot: RefCell<Snapshot>,
    pools: Pools,
    cells: Arc<WorkerCells>,
    refresh: Refresh,
    mirror: Mirror,
    refreshed: Cell<Option<Instant>>,
    admission: Admission,
    stopping: Stopping,
    memory: Memory,
    budget: Budget,
    second_opinions: Budget,
    drain: Drain,
}

impl Worker {
    pub(super) fn new(parts: Parts) -> Rc<Self> {
        let snapshot = Snapshot(Rc::new(parts.live.load_full()));
        Rc::new(Self {
            index: parts.index,
            live: RefCell::new(Cache::new(parts.live)),
            snapshot: RefCell::new(snapshot),
            pools: Pools::new(&parts.cells),
            cells: parts.cells,
            refresh: parts.refresh,
            mirror: parts.mirror,
            refreshed: Cell::new(None),
            admission: parts.admission,
            stopping: parts.stopping,
            memory: parts.memory,
            budget: Budget::new(Instant::now()),
            second_opinions: Budget::new(Instant::now()),
            drain: Drain::default(),
        })
    }

    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// The newest snapshot. A request takes it once and keeps it (I3).
    pub(super) fn live(&self) -> Snapshot {
        let mut cache = self.live.borrow_mut();
        let newest = cache.load();
        let mut snapshot = self.snapshot.borrow_mut();
        if !Arc::ptr_eq(&snapshot.0, newest) {
            *snapshot = Snapshot(Rc::new(Arc::clone(newest)));
        }
        snapshot.clone()
    }

    pub(super) fn pools(&self) -> &Pools {
        &self.pools
    }

    pub(super) fn cells(&self) -> &Arc<WorkerCells> {
        &self.cells
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The budget for asking stable after a variant's refusal.
    pub(super) fn second_opinions(&self) -> &Budget {
        &self.second_opinions
    }

    /// The memory budget for kept bodies and decompressed messages of all requests.
    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.has_begun()
    }

    pub(super) fn drain(&self) -> &Drain {
        &self.drain
    }

    pub(super) fn refresh(&self) -> &Refresh {
        &self.refresh
    }

    pub(super) fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// Whether a missing collection may trigger a listing now.
    pub(super) fn may_refresh(&self) -> bool {
        let now = Instant::now();
        let due = self.refreshed.get().is_none_or(|last| now.duration_since(last) >= REFRESH_PAUSE);
        if due {
            self.refreshed.set(Some(now));
        }
        due
    }

    /// How much of the requests has a line in the access log.
    pub(super) fn access_sample(&self) -> f64 {
        self.snapshot.borrow().settings.access_sample
    }

    /// A place for one more request, if there is one.
    pub(super) fn admit(self: &Rc<Self>) -> Option<Permit> {
        self.admission.admit(self, self.live().settings.limits.max_requests)
    }
}
