//! One worker's connections, by upstream. They outlive tables: an upstream is known by the id of its definition.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::proxy::{h1, h2};
use crate::upstream::Upstream;

#[derive(Debug)]
pub(in crate::proxy) struct UpstreamPools {
    id: u64,
    pub(in crate::proxy) rest: Rc<h1::Pool>,
    pub(in crate::proxy) grpc: Rc<h2::Pool>,
}

#[derive(Debug, Default)]
pub(in crate::proxy) struct Pools(RefCell<Vec<Rc<UpstreamPools>>>);

impl Pools {
    /// A worker sees a handful of upstreams: walking a short list beats hashing.
    pub(in crate::proxy) fn of(&self, upstream: &Upstream) -> Rc<UpstreamPools> {
        let mut pools = self.0.borrow_mut();
        if let Some(pool) = pools.iter().find(|pool| pool.id == upstream.id) {
            return Rc::clone(pool);
        }
        let pool = Rc::new(UpstreamPools { id: upstream.id, rest: Rc::default(), grpc: Rc::default() });
        pools.push(Rc::clone(&pool));
        pool
    }

    /// Closes idle connections, and everything of upstreams that are no longer configured.
    pub(in crate::proxy) fn sweep(&self, configured: &[Arc<Upstream>], max_idle: Duration) {
        let mut pools = self.0.borrow_mut();
        pools.retain(|pool| configured.iter().any(|upstream| upstream.id == pool.id));
        for pool in pools.iter() {
            pool.rest.sweep(max_idle);
        }
    }
}
