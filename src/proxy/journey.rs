//! The state that the attempts of one request share, from its decision to its answer. [`super::attempts`] decides what to
//! try after what.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response};

use super::begun::HeldRefusal;
use super::body::{Answer, ClientBody, Rest, Source, leave};
use super::deadline::{Deadline, Patience};
use super::decide::{Pairing, Plan, Question};
use super::headers::{self, HopByHop};
use super::observe::{Observation, Subject};
use super::respond::Fault;
use super::tee::{Begun, Tee};
use super::worker::{Permit, Snapshot, Worker};
use crate::interleaving::INTERLEAVED;
use crate::metrics::{Dropped, FallbackCause, Handles, NotInterleaved, Outcome, Whose, WorkerEvent};
use crate::protocol::Class;
use crate::protocol::operations::Operation;
use crate::routing::Target;
use crate::upstream::{Lost, OpenLimits, Persistence, Resends, Upstream};

pub(super) struct Journey {
    pub(super) worker: Rc<Worker>,
    pub(super) live: Snapshot,
    pub(super) plan: Plan,
    pub(super) client: Rc<ClientBody>,
    pub(super) operation: Option<&'static Operation>,
    pub(super) deadline: Deadline,
    subject: Subject,
    /// As the client has named the request, for the access log; none where there is no such log.
    request_id: Option<HeaderValue>,
    /// None of an attempt that only helps another request.
    permit: Option<Permit>,
    /// Of the current attempt. Kept here and not in the attempt, so that it can be recorded when the deadline cancels the
    /// attempt.
    pub(super) observation: Option<Observation>,
    /// The variant refused the request, and stable is being asked.
    pub(super) refusal: Option<Box<HeldRefusal>>,
    /// Why stable answers instead of the chosen variant.
    pub(super) fell_back: Option<FallbackCause>,
    pub(super) tries: Tries,
}

/// What has been tried already, and is not tried twice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tries {
    /// The table was refreshed because of a missing collection.
    pub(super) refreshed: bool,
    /// A read was sent again after its connection broke.
    retried: bool,
    /// Resends of a request that no upstream had processed.
    resends: Resends,
}

/// An answer that is ready for the client, or to be merged with another first.
pub(super) struct Arrived {
    pub(super) answer: Response<Source>,
    /// The table is up to date.
    pub(super) settled: bool,
}

/// How much of a write is kept to send it again, if a kept-alive connection turns out closed before a byte was accepted.
const UNSENT_BYTES: usize = 16 * 1024;

impl Drop for Journey {
    /// A selected query without an answer is counted as missing.
    fn drop(&mut self) {
        if let Some(ticket) = self.plan.ticket.take() {
            ticket.give_up(&self.worker, Dropped::Unanswered);
        }
    }
}

impl Journey {
    pub(super) fn begin(
        worker: &Rc<Worker>,
        live: Snapshot,
        permit: Permit,
        client: Rc<ClientBody>,
        question: Question<'_>,
        subject: Subject,
        deadline: Deadline,
    ) -> Self {
        let mut plan = Plan::make(&live, question);
        plan.ticket.take_if(|ticket| !ticket.has_room(worker));
        let operation = question.operation;
        for budget in [worker.budget(), worker.second_opinions()] {
            budget.deposit(&live.settings.retry);
        }
        let repeatable = operation.is_some_and(Operation::repeatable);
        let kept = if repeatable { live.settings.fallback.replay_bytes } else { UNSENT_BYTES };
        client.keep_at_most(plan.ticket.as_ref().map_or(kept, |_| kept.max(live.settings.shadow.max_bytes)));
        if plan.routed && subject.operation.is_some_and(|operation| operation.class == Class::Write) {
            plan.stable.handle.series.shard(worker.index()).split_write();
        }
        let subject = Subject { chosen: plan.chosen, whose: plan.whose, ..subject };
        let request_id = question.headers.get(&headers::REQUEST_ID).filter(|_| live.settings.access_sample > 0.0).cloned();
        Self {
            worker: Rc::clone(worker),
            live,
            plan,
            client,
            operation,
            deadline,
            subject,
            request_id,
            permit: Some(permit),
            observation: None,
            refusal: None,
            fell_back: None,
            tries: Tries::default(),
        }
    }

    /// The same request for the other arm of a pair: one attempt without fallback or resend. What breaks it may also break
    /// the own arm's call, over the same connection; that one is sent again.
    pub(super) fn aside(&self, pairing: &Pairing) -> Self {
        let target = Arc::clone(&pairing.partner);
        let plan = Plan {
            target: Arc::clone(&target),
            stable: target,
            ticket: None,
            pairing: None,
            stripped: self.plan.stripped.clone(),
            ..self.plan
        };
        Self {
            worker: Rc::clone(&self.worker),
            live: self.live.clone(),
            plan,
            client: Rc::clone(&self.client),
            operation: self.operation,
            deadline: self.deadline,
            subject: Subject { whose: Whose::Nobody, ..self.subject },
            request_id: self.request_id.clone(),
            permit: None,
            observation: None,
            refusal: None,
            fell_back: None,
            tries: Tries { refreshed: true, retried: true, ..Tries::default() },
        }
    }

    /// Both arms are queried in any case: the counts describe the pair, and are kept separately.
    pub(super) fn pair(&mut self, pairing: &Pairing) {
        self.subject.whose = Whose::Paired(pairing.unit);
        if let Some(ticket) = self.plan.ticket.take() {
            ticket.give_up(&self.worker, Dropped::Unanswered);
        }
    }

    /// Counts whether both arms have answered together. None: they have.
    pub(super) fn count_merge(&self, pairing: &Pairing, why_not: Option<NotInterleaved>) {
        let (handle, worker) = (&pairing.own.handle, self.worker.index());
        handle.series.shard(worker).merge(why_not);
        handle.apart.iter().for_each(|apart| apart.merge(worker, why_not));
    }

    pub(super) fn upstream(&self, target: &Target<Handles>) -> Arc<Upstream> {
        Arc::clone(&self.live.upstreams[target.upstream])
    }

    /// The current target.
    fn target(&self) -> &Arc<Target<Handles>> {
        if self.fell_back.is_some() { &self.plan.stable } else { &self.plan.target }
    }

    /// Begins an attempt at the current target.
    pub(super) fn begin_attempt(&mut self) -> Arc<Target<Handles>> {
        let target = Arc::clone(self.target());
        let observation = Observation::begin(&self.worker, &target, Some(&self.client), self.subject);
        self.observation = Some(observation.named(self.request_id.clone()));
        target
    }

    /// The attempt is over, and the client does not get its result.
    pub(super) fn end_attempt(&mut self, outcome: Outcome) {
        if let Some(mut observation) = self.observation.take() {
            observation.outcome(outcome);
            observation.complete();
        }
    }

    /// The same request is decided again: the attempt counts for its collection, and not for the unit.
    pub(super) fn supersede_attempt(&mut self) {
        if let Some(observation) = self.observation.take() {
            observation.superseded();
        }
    }

    /// The head of the attempt's answer is here.
    pub(super) fn first_byte(&mut self, outcome: Outcome, status: Option<u16>) {
        if let Some(observation) = &mut self.observation {
            observation.first_byte(outcome);
            observation.status(status);
        }
    }

    /// Whether it succeeded, as far as the head of the answer can tell.
    pub(super) fn succeeds(&self) -> bool {
        self.observation.as_ref().is_some_and(Observation::succeeds)
    }

    /// Whether the current attempt is at `target`.
    pub(super) fn is_at(&self, target: &Arc<Target<Handles>>) -> bool {
        self.observation.as_ref().is_some_and(|observation| Arc::ptr_eq(observation.target(), target))
    }

    /// How long the upstream may take to answer once it has the request. Only reads have a first-byte limit, because a write
    /// may legitimately wait in a queue. An attempt that another one can replace gets at most half of the remaining time.
    pub(super) fn patience(&self) -> Patience {
        let first_byte = self.live.settings.timeouts.first_byte.filter(|_| self.is_read());
        Patience(if self.can_fall_back() { self.deadline.half(first_byte) } else { first_byte })
    }

    /// How long the beginning of an answer may be inspected before it is relayed. Its head has arrived, so a stall means a
    /// broken upstream.
    pub(super) fn patience_to_look(&self) -> Patience {
        let Patience(limit) = self.patience();
        Patience(limit.or(self.live.settings.timeouts.idle))
    }

    /// The limits of a connection that is opened. They are not this request's: others may use the connection.
    pub(super) fn open_limits(&self) -> OpenLimits {
        let timeouts = &self.live.settings.timeouts;
        OpenLimits { connect: timeouts.connect, idle: timeouts.idle }
    }

    /// How long the request waits for a connection to the current target, if there is none. Stable on the same upstream
    /// would need the same connection.
    pub(super) fn persistence(&self) -> Persistence {
        let timeouts = &self.live.settings.timeouts;
        let elsewhere = self.can_fall_back() && self.plan.stable.upstream != self.plan.target.upstream;
        // Half of the time is left to stable. Without a time limit, the request waits until the attempt ends, and shares its
        // failure.
        let half = if self.can_fall_back() { self.deadline.half(None) } else { None };
        Persistence {
            elsewhere,
            attempt: half.filter(|half| *half < timeouts.connect).unwrap_or(Duration::MAX),
            reconnect: timeouts.reconnect,
            until: self.deadline.left().map(|left| tokio::time::Instant::now() + left),
        }
    }

    pub(super) fn is_read(&self) -> bool {
        self.operation.is_some_and(Operation::repeatable)
    }

    /// Whether a failure of the current attempt may still be hidden from the client (fallback).
    pub(super) fn can_fall_back(&self) -> bool {
        self.fell_back.is_none() && self.plan.is_split() && self.live.settings.fallback.enabled && self.client.is_repeatable()
    }

    /// Whether stable is also asked if a variant refuses (4xx) this request. Then a refusal that reaches the client does not
    /// count against the variant: stable refused it as well, or could not be asked. Nor does one of stable itself, since a
    /// variant would have been treated the same. So all cohorts of a rollout count the same refusals.
    fn asks_stable(&self) -> bool {
        self.plan.target.handle.asked_again && self.live.settings.fallback.enabled && self.is_read() && self.client.is_repeatable()
    }

    /// Ends the variant's attempt as a failure, and makes stable the next target. Exceeding Pointsman's own memory limits is
    /// no failure of the variant.
    pub(super) fn fall_back(&mut self, cause: FallbackCause, outcome: Outcome) {
        if let Some(observation) = self.observation.take() {
            observation.target().handle.series.shard(self.worker.index()).fallback(cause);
            match cause {
                FallbackCause::Size => observation.superseded(),
                _ => observation.replaced(outcome),
            }
        }
        self.turn_to_stable(cause);
    }

    /// Makes stable the next target. What was tried at the variant does not limit what may be tried there.
    pub(super) fn turn_to_stable(&mut self, cause: FallbackCause) {
        self.fell_back = Some(cause);
        self.tries = Tries { refreshed: self.tries.refreshed, ..Tries::default() };
    }

    /// Whether a request whose connection broke may be sent once more. Takes it from the retry budget.
    pub(super) fn may_retry(&mut self, lost: Lost) -> bool {
        if !self.client.is_repeatable() {
            return false;
        }
        if let Lost::Unsent { first } = lost {
            if !self.tries.resends.another(first) {
                return false;
            }
        } else {
            if !self.is_read() || self.tries.retried {
                return false;
            }
            if !self.worker.budget().withdraw(&self.live.settings.retry, Instant::now()) {
                self.worker.cells().count(WorkerEvent::RetryRefused);
                return false;
            }
            self.tries.retried = true;
        }
        self.worker.cells().count(WorkerEvent::Retried);
        true
    }

    /// Decides again with the newest table. A sample is used at most once: it is counted as missing, and not selected again.
    pub(super) fn decide_again(&mut self, question: Question<'_>) {
        self.live = self.worker.live();
        if let Some(ticket) = self.plan.ticket.take() {
            ticket.give_up(&self.worker, Dropped::Unanswered);
        }
        self.plan = Plan { ticket: None, ..Plan::make(&self.live, question) };
        if !matches!(self.subject.whose, Whose::Paired(_)) {
            self.subject.whose = self.plan.whose;
        }
    }

    /// The response to the request.
    pub(super) fn end(self, reached: Result<Arrived, Fault>) -> Response<Answer> {
        match reached {
            Ok(arrived) => self.finish(arrived),
            Err(fault) => self.fail(&fault),
        }
    }

    /// Adds the headers that name its origin, and returns the answer.
    pub(super) fn finish(mut self, Arrived { mut answer, settled }: Arrived) -> Response<Answer> {
        let asks_stable = self.asks_stable();
        if let Some(observation) = &mut self.observation {
            observation.look(&self.live.settings.answers, answer.headers());
            if asks_stable {
                observation.clients_fault();
            }
        }
        self.mark(answer.headers_mut(), settled);
        self.hand_over(answer)
    }

    /// The same for an answer of both arms, whose token says which hit came from which arm.
    pub(super) fn finish_merged(self, Arrived { mut answer, .. }: Arrived, token: HeaderValue) -> Response<Answer> {
        let headers = answer.headers_mut();
        headers.insert(headers::VARIANT.clone(), HeaderValue::from_static(INTERLEAVED));
        headers.insert(headers::DECISION.clone(), token);
        self.hand_over(answer)
    }

    fn hand_over(mut self, mut answer: Response<Source>) -> Response<Answer> {
        self.client.keep_at_most(0);
        let rest = answer.body().is_sending().then(|| Rest(Rc::clone(&self.client)));
        if rest.is_none() {
            self.client.forget();
            leave(&self.client, answer.headers_mut());
        }
        let (permit, observation) = (self.permit.take(), self.observation.take());
        let idle = self.live.settings.timeouts.idle;
        answer.map(|source| Answer::new(source, observation, self.deadline, idle).holding(permit).followed_by(rest))
    }

    /// Keeps the query, and for a shadow its answer, if a shadow or a capture selected the request, the chosen variant
    /// answers it, and the query is still complete.
    pub(super) fn tee(&mut self, parts: &Parts, hop_by_hop: &HopByHop, answer: &HeaderMap) {
        let Some(ticket) = self.plan.ticket.take() else { return };
        let Some(observation) = self.observation.as_mut().filter(|observation| self.fell_back.is_none() && observation.succeeds()) else {
            return ticket.give_up(&self.worker, Dropped::Unanswered);
        };
        if !self.client.has_ended() {
            return ticket.give_up(&self.worker, Dropped::Unanswered);
        }
        if !self.client.is_repeatable() {
            return ticket.give_up(&self.worker, Dropped::TooLarge);
        }
        let reference = Arc::clone(observation.target());
        let begun = Begun {
            live: self.live.shared(),
            protocol: self.subject.protocol,
            parts,
            hop_by_hop,
            body: self.client.kept(),
            answer,
            reference: &reference,
            reference_name: self.plan.wire_name(&reference),
        };
        observation.tee(Tee::begin(&self.worker, &ticket, begun));
    }

    pub(super) fn fail(mut self, fault: &Fault) -> Response<Answer> {
        let mut answer = fault.answer(self.subject.protocol);
        leave(&self.client, answer.headers_mut());
        self.mark(answer.headers_mut(), true);
        if fault.is_unsent()
            && let Some(observation) = &mut self.observation
        {
            observation.unsent();
        }
        let outcome = fault.outcome();
        if outcome != Outcome::Aborted {
            self.first_byte(outcome, Some(fault.status(self.subject.protocol)));
            self.end_attempt(outcome);
        }
        answer
    }

    fn mark(&self, headers: &mut HeaderMap, settled: bool) {
        if self.plan.routed {
            // Names are checked when a route is made, so every variant's name is a valid header value.
            if let Ok(variant) = HeaderValue::from_str(&self.answering().variant) {
                headers.insert(headers::VARIANT.clone(), variant);
            }
        }
        // The unit stays in its arm, even if another variant answered in its place.
        if let Whose::Unit(unit) = self.plan.whose
            && let Some(token) = self.plan.target.handle.token(unit)
        {
            headers.insert(headers::DECISION.clone(), token.clone());
        }
        if let Some(cause) = self.fell_back {
            headers.insert(headers::FALLBACK.clone(), HeaderValue::from_static(cause.label()));
        }
        if !settled {
            headers.insert(headers::STALE.clone(), HeaderValue::from_static("alias-listing-failed"));
        }
    }

    /// The target whose answer the client gets.
    fn answering(&self) -> &Target<Handles> {
        self.observation.as_ref().map_or_else(|| self.target(), Observation::target)
    }
}
