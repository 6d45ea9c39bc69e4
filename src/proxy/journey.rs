//! What the two protocols' flows share: the state of one request between its decision and its answer.
//!
//! The order of attempts is the same for both: the chosen variant; after a refresh once more, if its collection turned
//! out to be gone; and stable, if the variant could not serve a read.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response};
use tokio::time::Sleep;

use super::body::{Answer, ClientBody, Source};
use super::classify::Operation;
use super::decide::{Plan, Question};
use super::headers;
use super::observe::{Observation, Subject};
use super::respond::Fault;
use super::tee::{Begun, Tee, Ticket};
use super::worker::{Permit, Snapshot, Worker};
use crate::live::Upstream;
use crate::metrics::{Class, Dropped, FallbackCause, Handles, Outcome, Whose, WorkerEvent};
use crate::routing::Target;

pub(super) struct Journey {
    pub(super) worker: Rc<Worker>,
    pub(super) live: Snapshot,
    pub(super) plan: Plan,
    pub(super) client: Rc<ClientBody>,
    pub(super) operation: Option<&'static Operation>,
    subject: Subject,
    permit: Permit,
    /// Why stable is answering instead of the chosen variant.
    fell_back: Option<FallbackCause>,
    refreshed: bool,
    retried: bool,
    resent: u8,
}

/// How often a request that nobody took is sent again: an upstream that refuses every connection must not hold it for ever.
const RESENDS: u8 = 2;

/// Enough of a write's beginning to send it again when a kept-alive connection turns out closed before a byte was taken.
const UNSENT_BYTES: usize = 16 * 1024;

impl Journey {
    pub(super) fn begin(
        worker: &Rc<Worker>,
        live: Snapshot,
        permit: Permit,
        client: Rc<ClientBody>,
        question: Question<'_>,
        subject: Subject,
    ) -> Self {
        let mut plan = Plan::make(&live, question);
        plan.ticket.take_if(|ticket| !ticket.has_room(worker));
        let operation = question.operation;
        worker.budget().deposit(&live.settings.retry);
        let repeatable = operation.is_some_and(Operation::repeatable);
        let kept = if repeatable { live.settings.fallback.replay_bytes } else { UNSENT_BYTES };
        client.keep_at_most(plan.ticket.as_ref().map_or(kept, |_| kept.max(live.settings.shadow.max_bytes)));
        if plan.routed && subject.operation.is_some_and(|operation| operation.class == Class::Write) {
            plan.stable.handle.series.shard(worker.index()).split_write();
        }
        let subject = Subject { anonymous: plan.anonymous, whose: plan.whose, ..subject };
        Self {
            worker: Rc::clone(worker),
            live,
            plan,
            client,
            operation,
            subject,
            permit,
            fell_back: None,
            refreshed: false,
            retried: false,
            resent: 0,
        }
    }

    pub(super) fn upstream(&self, target: &Target<Handles>) -> Arc<Upstream> {
        Arc::clone(&self.live.upstreams[target.upstream])
    }

    /// The target to try now.
    pub(super) fn target(&self) -> Arc<Target<Handles>> {
        Arc::clone(if self.fell_back.is_some() { &self.plan.stable } else { &self.plan.target })
    }

    pub(super) fn observe(&self, target: &Arc<Target<Handles>>) -> Observation {
        Observation::begin(&self.worker, target, Some(&self.client), self.subject)
    }

    /// How long the head of the answer may still take. Only reads have a first-byte limit: a write may rightly wait for
    /// its turn.
    pub(super) fn patience(&self) -> Option<Duration> {
        let timeouts = &self.live.settings.timeouts;
        let first_byte = timeouts.first_byte.filter(|_| self.is_read());
        let total = timeouts.total.map(|total| total.saturating_sub(self.subject.started.elapsed()));
        first_byte.into_iter().chain(total).min()
    }

    /// The fault of an answer that did not begin within [`Self::patience`].
    pub(super) fn late(&self, upstream: &Upstream) -> Fault {
        let total = self.live.settings.timeouts.total;
        let over = total.is_some_and(|total| self.subject.started.elapsed() >= total);
        if over { Fault::Total } else { Fault::FirstByte(upstream.name.clone()) }
    }

    fn is_read(&self) -> bool {
        self.operation.is_some_and(Operation::repeatable)
    }

    /// Whether a failure of the attempt under way may still be hidden from the client.
    pub(super) fn can_fall_back(&self) -> bool {
        self.fell_back.is_none() && self.plan.is_split() && self.live.settings.fallback.enabled && self.client.is_repeatable()
    }

    /// Ends the variant's attempt as a failure, and makes stable the next target.
    pub(super) fn fall_back(&mut self, observation: Observation, cause: FallbackCause, outcome: Outcome) {
        observation.target().handle.series.shard(self.worker.index()).fallback(cause);
        observation.replaced(outcome);
        self.fell_back = Some(cause);
    }

    /// The attempt ended in `fault`. Nothing when stable is to be tried next; the observation back when the fault stands.
    pub(super) fn past(&mut self, fault: &Fault, observation: Observation) -> Option<Observation> {
        match fault.fallback_cause().filter(|_| self.can_fall_back()) {
            Some(cause) => {
                self.fall_back(observation, cause, fault.outcome());
                None
            }
            None => Some(observation),
        }
    }

    /// The answer says that the collection is missing. Nothing when there is another target to try: the same name in a
    /// fresher table, or stable; the observation back when the answer stands.
    pub(super) async fn past_missing(&mut self, question: Question<'_>, observation: Observation, outcome: Outcome) -> Option<Observation> {
        let split = self.plan.is_split();
        if self.refreshed(question).await {
            observation.complete();
            return None;
        }
        if split && self.can_fall_back() {
            self.fall_back(observation, FallbackCause::Missing, outcome);
            return None;
        }
        Some(observation)
    }

    /// Falls back before anything was sent.
    pub(super) fn fall_back_unsent(&mut self, cause: FallbackCause) {
        self.plan.target.handle.series.shard(self.worker.index()).fallback(cause);
        self.fell_back = Some(cause);
    }

    /// Whether a read whose connection broke may be sent once more. Takes it from the budget.
    pub(super) fn may_retry(&mut self, unsent: bool) -> bool {
        if !self.client.is_repeatable() || self.retried {
            return false;
        }
        if unsent {
            if self.resent == RESENDS {
                return false;
            }
            self.resent += 1;
        } else {
            if !self.is_read() {
                return false;
            }
            if !self.worker.budget().withdraw(&self.live.settings.retry, Instant::now()) {
                self.worker.cells().count(WorkerEvent::RetryRefused);
                return false;
            }
            self.retried = true;
        }
        self.worker.cells().count(WorkerEvent::Retried);
        true
    }

    /// A collection turned out to be missing. True when the table was refreshed and the request decided anew: try again.
    async fn refreshed(&mut self, question: Question<'_>) -> bool {
        if self.refreshed || !self.plan.listed || !self.is_read() || !self.client.is_repeatable() || !self.worker.may_refresh() {
            return false;
        }
        self.refreshed = true;
        self.worker.cells().count(WorkerEvent::TableRefreshed);
        if let Err(error) = self.worker.refresh().now().await {
            tracing::warn!(%error, "a stale name could not be refreshed");
            return false;
        }
        self.live = self.worker.live();
        self.plan = Plan::make(&self.live, question);
        true
    }

    /// After whatever may have changed the meaning of a name, the table is brought up to date before the answer goes
    /// out (I10). Returns whether it is.
    pub(super) async fn settle(&self) -> bool {
        if !self.operation.is_some_and(|operation| operation.renames) {
            return true;
        }
        let refreshed = self.worker.refresh().now().await;
        if let Err(error) = &refreshed {
            tracing::error!(%error, "an alias change passed through, but the aliases could not be listed after it");
        }
        refreshed.is_ok()
    }

    /// When the request has to be over, if there is a limit.
    pub(super) fn deadline(&self) -> Option<Pin<Box<Sleep>>> {
        let total = self.live.settings.timeouts.total?;
        Some(Box::pin(tokio::time::sleep_until((self.subject.started + total).into())))
    }

    /// Marks the answer with where it came from, and hands it over.
    pub(super) fn finish(
        self,
        parts: &Parts,
        mut answer: Response<Source>,
        mut observation: Observation,
        settled: bool,
    ) -> Response<Answer> {
        if let Some(ticket) = &self.plan.ticket {
            self.tee(ticket, parts, answer.headers(), &mut observation);
        }
        self.client.forget();
        observation.look(&self.live.settings.answers, answer.headers());
        self.mark(answer.headers_mut(), observation.target(), settled);
        let deadline = self.deadline();
        answer.map(|source| Answer::new(source, Some(observation), deadline).holding(self.permit))
    }

    /// Keeps what is to be compared or written down, if the chosen variant answers it and the whole question is still there.
    fn tee(&self, ticket: &Ticket, parts: &Parts, answer: &HeaderMap, observation: &mut Observation) {
        if self.fell_back.is_some() || !observation.succeeds() || !self.client.has_ended() {
            return ticket.give_up(&self.worker, Dropped::Unanswered);
        }
        if !self.client.is_repeatable() {
            return ticket.give_up(&self.worker, Dropped::TooLarge);
        }
        let reference = observation.target();
        let begun = Begun {
            live: self.live.shared(),
            protocol: self.subject.protocol,
            parts,
            body: self.client.kept(),
            answer,
            reference,
            reference_name: self.plan.wire_name(reference),
        };
        let tee = Tee::begin(&self.worker, ticket, begun);
        observation.tee(tee);
    }

    pub(super) fn fail(self, fault: &Fault, mut observation: Observation) -> Response<Answer> {
        if let Some(ticket) = &self.plan.ticket {
            ticket.give_up(&self.worker, Dropped::Unanswered);
        }
        observation.first_byte(fault.outcome());
        let mut answer = fault.answer(self.subject.protocol);
        self.mark(answer.headers_mut(), observation.target(), true);
        if fault.outcome() != Outcome::Aborted {
            observation.complete();
        }
        answer
    }

    fn mark(&self, headers: &mut HeaderMap, target: &Target<Handles>, settled: bool) {
        if self.plan.routed {
            // Names are checked when a route is made; a header value that could not be built is one nobody can have set.
            if let Ok(variant) = HeaderValue::from_str(&target.variant) {
                headers.insert(headers::VARIANT.clone(), variant);
            }
        }
        // The unit stays in its arm, whoever answered in its place.
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
}
