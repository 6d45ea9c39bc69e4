//! One worker's connection pools, by upstream. They survive table changes: the key is the id of the upstream's definition.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::metrics::WorkerCells;
use crate::upstream::{Tally, Upstream, h1, h2};

#[derive(Debug)]
pub(in crate::proxy) struct UpstreamPools {
    id: u64,
    pub(in crate::proxy) rest: Rc<h1::Pool>,
    pub(in crate::proxy) grpc: Rc<h2::Pool>,
}

#[derive(Debug)]
pub(in crate::proxy) struct Pools {
    pools: RefCell<Vec<Rc<UpstreamPools>>>,
    tally: Tally,
}

impl Pools {
    pub(in crate::proxy) fn new(cells: &Arc<WorkerCells>) -> Self {
        Self { pools: RefCell::default(), tally: Tally::of(cells) }
    }

    /// A worker has only a few upstreams: a linear search of a short list is faster than hashing.
    pub(in crate::proxy) fn of(&self, upstream: &Arc<Upstream>) -> Rc<UpstreamPools> {
        let mut pools = self.pools.borrow_mut();
        if let Some(pool) = pools.iter().find(|pool| pool.id == upstream.id) {
            return Rc::clone(pool);
        }
        let (rest, grpc) = (h1::Pool::new(upstream, self.tally.clone()), h2::Pool::new(upstream, self.tally.clone()));
        let pool = Rc::new(UpstreamPools { id: upstream.id, rest, grpc });
        pools.push(Rc::clone(&pool));
        pool
    }

    /// Closes connections that are not used, and all connections to upstreams that are no longer configured.
    pub(in crate::proxy) fn sweep(&self, configured: &[Arc<Upstream>], max_idle: Duration) {
        let mut pools = self.pools.borrow_mut();
        pools.retain(|pool| configured.iter().any(|upstream| upstream.id == pool.id));
        for pool in pools.iter() {
            pool.rest.sweep(max_idle);
            pool.grpc.sweep();
        }
    }
}
