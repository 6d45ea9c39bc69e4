//! Phase 6: records the result of a request once, at its end.
//!
//! An [`Observation`] begins when the target is decided and travels with the answer's body. If it is dropped before its end,
//! the request counts as aborted, so in-flight counts are exact even if the client disconnects (I3).

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use super::access::Access;
use super::body::ClientBody;
use super::look::{self, Look};
use super::tee::Tee;
use super::worker::Worker;
use crate::live::Answers;
use crate::metrics::{Chosen, CohortSample, Completed, Ending, Finding, Handles, Outcome, Whose, WorkerEvent, Written};
use crate::protocol::operations::Operation;
use crate::protocol::{Class, Protocol};
use crate::routing::Target;

pub(super) struct Observation {
    worker: Rc<Worker>,
    target: Arc<Target<Handles>>,
    client: Option<Rc<ClientBody>>,
    started: Instant,
    operation: Option<&'static Operation>,
    /// For the access log: as the client has named the request, and the status of HTTP or gRPC.
    request_id: Option<HeaderValue>,
    status: Option<u16>,
    done: Completed,
    whose: Whose,
    /// The inspection, for a sample of the answers where a guard needs it.
    look: Option<Box<Look>>,
    /// Keeps the query, and its answer if it is compared with a shadow's.
    tee: Option<Box<Tee>>,
    /// Stable answers in its place.
    replaced: bool,
    /// The upstream accepted nothing of it.
    unsent: bool,
    /// The head of the answer alone shows success. For gRPC the trailers do.
    succeeded: bool,
    /// A refusal does not count against the variant.
    clients_fault: bool,
    completed: bool,
}

/// What is known when an observation begins.
#[derive(Clone, Copy)]
pub(super) struct Subject {
    pub(super) protocol: Protocol,
    pub(super) operation: Option<&'static Operation>,
    pub(super) chosen: Chosen,
    /// Whom it counts for in a cohort.
    pub(super) whose: Whose,
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
            chosen: subject.chosen,
        };
        Self {
            worker: Rc::clone(worker),
            target: Arc::clone(target),
            client: client.cloned(),
            started: subject.started,
            operation: subject.operation,
            request_id: None,
            status: None,
            done,
            whose: subject.whose,
            look: None,
            tee: None,
            replaced: false,
            unsent: false,
            succeeded: false,
            clients_fault: false,
            completed: false,
        }
    }

    pub(super) fn named(mut self, request_id: Option<HeaderValue>) -> Self {
        self.request_id = request_id;
        self
    }

    /// A later one takes the place of an earlier one: gRPC says it in the trailers.
    pub(super) fn status(&mut self, status: Option<u16>) {
        self.status = status.or(self.status);
    }

    pub(super) fn target(&self) -> &Arc<Target<Handles>> {
        &self.target
    }

    /// The head of the answer has arrived.
    pub(super) fn first_byte(&mut self, outcome: Outcome) {
        self.done.first_byte_us = Some(micros(self.started.elapsed()));
        self.done.outcome = outcome;
        self.succeeded = outcome == Outcome::Ok && self.done.protocol == Protocol::Rest;
    }

    /// No upstream accepted any of the request.
    pub(super) fn unsent(&mut self) {
        self.unsent = true;
    }

    /// Whether it succeeded, as far as the head of the answer can tell.
    pub(super) fn succeeds(&self) -> bool {
        self.done.outcome == Outcome::Ok
    }

    pub(super) fn outcome(&mut self, outcome: Outcome) {
        self.done.outcome = outcome;
    }

    /// The variant could not serve it, and stable will.
    pub(super) fn replaced(mut self, outcome: Outcome) {
        self.done.outcome = outcome;
        self.replaced = true;
        self.complete();
    }

    /// If it is refused (4xx) that is the client's fault: another collection was asked the same, or would have been.
    pub(super) fn clients_fault(&mut self) {
        self.clients_fault = true;
    }

    /// The same request is decided again: this attempt counts for its collection, and not for the unit.
    pub(super) fn superseded(mut self) {
        self.whose = Whose::Nobody;
        self.complete();
    }

    /// The sample for guards. A client that disconnected says nothing about the variant.
    fn sample(&mut self, unit: u64) -> Option<CohortSample> {
        let outcome = self.done.outcome;
        let failed = matches!(outcome, Outcome::ServerError | Outcome::Unavailable | Outcome::Timeout | Outcome::RateLimited);
        let ending = match outcome.refusal() {
            _ if self.replaced || failed => Ending::Failed,
            _ if outcome == Outcome::Aborted => return None,
            Some(refusal) if self.clients_fault => Ending::ClientsFault(refusal),
            Some(refusal) => Ending::Refused(refusal),
            None => Ending::Served,
        };
        let (total_us, bytes) = (self.done.total_us, self.done.response_bytes);
        Some(CohortSample { unit, total_us, bytes, ending, found: self.found() })
    }

    /// The answer with these headers will be relayed: decides whether it is inspected on its way.
    pub(super) fn look(&mut self, answers: &Answers, headers: &HeaderMap) {
        let hits = self.operation.and_then(|operation| operation.hits);
        let wanted = self.target.handle.looked_at && self.done.outcome == Outcome::Ok;
        if let Some(hits) = hits.filter(|_| wanted)
            && fastrand::f64() < answers.sample
        {
            self.look = Some(Box::new(Look::begin(hits, self.done.protocol, headers, answers.max_bytes)));
        }
    }

    /// The answer is kept on its way.
    pub(super) fn tee(&mut self, tee: Box<Tee>) {
        self.tee = Some(tee);
    }

    /// These bytes of the answer are being sent.
    pub(super) fn sent(&mut self, bytes: &Bytes) {
        self.done.response_bytes += bytes.len() as u64;
        if let Some(look) = &mut self.look {
            look.feed(bytes);
        }
        if let Some(tee) = &mut self.tee {
            tee.keep(bytes);
        }
    }

    /// The result of the inspection. None for an answer that was broken off.
    fn found(&mut self) -> Option<Finding> {
        let look = self.look.take().filter(|_| self.done.outcome == Outcome::Ok)?;
        let found = look.finish();
        self.worker.cells().count(found.map_or_else(look::event, |_| WorkerEvent::AnswerLookedAt));
        found.ok()
    }

    /// The result of a write. None if it certainly changed nothing, or is no write.
    fn written(&self) -> Option<Written> {
        if self.done.class != Class::Write {
            return None;
        }
        // No upstream executes a request that is incomplete.
        let sent = !self.unsent && self.client.as_ref().is_none_or(|client| client.has_ended());
        match self.done.outcome {
            Outcome::Ok => Some(Written::Acknowledged),
            Outcome::Aborted | Outcome::Timeout | Outcome::ServerError | Outcome::Unavailable if self.succeeded => {
                Some(Written::Acknowledged)
            }
            Outcome::Aborted | Outcome::Timeout | Outcome::ServerError | Outcome::Unavailable => sent.then_some(Written::Unknown),
            Outcome::ClientError | Outcome::Unauthorized | Outcome::NotFound | Outcome::RateLimited => None,
        }
    }

    /// Counts it for the rollout that observes the target, if there is one.
    fn count(&mut self) {
        let (worker, target) = (self.worker.index(), Arc::clone(&self.target));
        match (self.whose, &target.handle.apart) {
            (Whose::Unit(unit), _) if !target.handle.cohorts.is_empty() => {
                if let Some(sample) = self.sample(unit) {
                    target.handle.cohorts.iter().for_each(|cohort| cohort.record(worker, sample));
                }
            }
            (Whose::Paired(unit), _) => {
                if let Some((paired, sample)) = target.handle.paired.as_ref().zip(self.sample(unit)) {
                    paired.record(worker, sample);
                }
            }
            (Whose::Anonymous, Some(apart)) => apart.anonymous(worker),
            (Whose::Chosen, Some(apart)) => apart.chosen(worker),
            _ => {}
        }
    }

    /// The last byte is being sent; without this call the request counts as aborted.
    pub(super) fn complete(mut self) {
        self.completed = true;
    }
}

/// Keeps the collection's in-flight count up while the request is decided and not yet sent, because something is waited for
/// first. So no retirement can delete the collection in the meantime (I3, I5).
pub(super) struct Awaited {
    worker: Rc<Worker>,
    target: Arc<Target<Handles>>,
}

impl Awaited {
    pub(super) fn begin(worker: &Rc<Worker>, target: &Arc<Target<Handles>>) -> Self {
        target.handle.usage.begin(worker.index());
        Self { worker: Rc::clone(worker), target: Arc::clone(target) }
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.target.handle.usage.end(self.worker.index());
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
        self.count();
        if let Some(written) = self.written() {
            self.target.handle.usage.wrote(self.worker.index(), written);
        }
        if let Some(tee) = self.tee.take() {
            tee.finish(&self.worker, self.done.outcome == Outcome::Ok, self.done.first_byte_us.unwrap_or(self.done.total_us));
        }
        self.target.handle.usage.end(self.worker.index());
        self.worker.log_access(&Access {
            target: &self.target,
            operation: self.operation,
            request_id: self.request_id.as_ref(),
            status: self.status,
            done: &self.done,
        });
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
