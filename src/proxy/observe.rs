//! Phase 6: what became of a request, written down once, by whoever saw its end.
//!
//! An [`Observation`] is begun when the target is decided and travels with the answer's body. Dropped before its end it
//! counts as aborted, so in-flight counts are exact whatever the client does (I3).

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::body::ClientBody;
use super::classify::Operation;
use super::worker::Worker;
use crate::metrics::{Class, CohortSample, Completed, Handles, Outcome, Protocol};
use crate::routing::Target;

pub(super) struct Observation {
    worker: Rc<Worker>,
    target: Arc<Target<Handles>>,
    client: Option<Rc<ClientBody>>,
    started: Instant,
    operation: Option<&'static Operation>,
    done: Completed,
    unit: u64,
    /// Stable had to answer in its place.
    replaced: bool,
    completed: bool,
}

/// What is known when an observation begins.
#[derive(Clone, Copy)]
pub(super) struct Subject {
    pub(super) protocol: Protocol,
    pub(super) operation: Option<&'static Operation>,
    pub(super) anonymous: bool,
    /// Whom it counts for in a cohort.
    pub(super) unit: u64,
    pub(super) started: Instant,
}

impl Subject {
    fn class(&self) -> Class {
        self.operation.map_or(Class::Diagnostics, |operation| operation.class)
    }
}

impl Observation {
    pub(super) fn begin(worker: &Rc<Worker>, target: &Arc<Target<Handles>>, client: Option<&Rc<ClientBody>>, subject: Subject) -> Self {
        target.handle.series.shard(worker.index()).begin();
        target.handle.usage.begin(worker.index());
        target.handle.usage.touch(worker.index(), subject.started);
        let done = Completed {
            protocol: subject.protocol,
            class: subject.class(),
            outcome: Outcome::Aborted,
            first_byte_us: None,
            total_us: 0,
            request_bytes: 0,
            response_bytes: 0,
            anonymous: subject.anonymous,
        };
        Self {
            worker: Rc::clone(worker),
            target: Arc::clone(target),
            client: client.cloned(),
            started: subject.started,
            operation: subject.operation,
            done,
            unit: subject.unit,
            replaced: false,
            completed: false,
        }
    }

    pub(super) fn target(&self) -> &Arc<Target<Handles>> {
        &self.target
    }

    /// The head of the answer is here.
    pub(super) fn first_byte(&mut self, outcome: Outcome) {
        self.done.first_byte_us = Some(micros(self.started.elapsed()));
        self.done.outcome = outcome;
    }

    pub(super) fn outcome(&mut self, outcome: Outcome) {
        self.done.outcome = outcome;
    }

    /// The variant could not serve it, and stable is going to.
    pub(super) fn replaced(mut self, outcome: Outcome) {
        self.done.outcome = outcome;
        self.replaced = true;
        self.complete();
    }

    /// What guards see of it. Whoever left, or was not let in, says nothing about the variant.
    fn sample(&self) -> Option<CohortSample> {
        let outcome = self.done.outcome;
        let counts = !matches!(outcome, Outcome::Aborted | Outcome::Unauthorized);
        let failed =
            self.replaced || matches!(outcome, Outcome::ServerError | Outcome::Unavailable | Outcome::Timeout | Outcome::RateLimited);
        counts.then_some(CohortSample { unit: self.unit, total_us: self.done.total_us, failed })
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.done.response_bytes += bytes as u64;
    }

    /// The last byte is on its way; without this the request counts as aborted.
    pub(super) fn complete(mut self) {
        self.completed = true;
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        if !self.completed {
            self.done.outcome = Outcome::Aborted;
        }
        self.done.total_us = micros(self.started.elapsed());
        self.done.request_bytes = self.client.as_ref().map_or(0, |client| client.bytes());
        self.target.handle.series.shard(self.worker.index()).end(&self.done);
        if !self.target.handle.cohorts.is_empty()
            && let Some(sample) = self.sample()
        {
            self.target.handle.cohorts.iter().for_each(|cohort| cohort.record(self.worker.index(), sample));
        }
        self.target.handle.usage.end(self.worker.index());
        self.worker.log_access(&self.target, self.operation, &self.done);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
