//! Admission control: how many requests are served at once, over all workers.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Worker;

/// The only number that workers share on the data path: a limit per worker would shed load on one while another is idle.
#[derive(Clone, Debug, Default)]
pub(in crate::proxy) struct Admission(Arc<AtomicUsize>);

/// One request's permit; returned on drop.
pub(in crate::proxy) struct Permit {
    count: Arc<AtomicUsize>,
    worker: Rc<Worker>,
}

impl Admission {
    pub(super) fn admit(&self, worker: &Rc<Worker>, limit: usize) -> Option<Permit> {
        if self.0.fetch_add(1, Ordering::Relaxed) >= limit {
            self.0.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        worker.cells().begin();
        Some(Permit { count: Arc::clone(&self.0), worker: Rc::clone(worker) })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.worker.cells().end();
    }
}
