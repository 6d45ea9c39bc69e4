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
use super::decide::{Pairing, Plan, Question};
use super::headers::{self, HopByHop};
use super::observe::{Observation, Subject};
use super::respond::Fault;
use super::tee::{Begun, Tee};
use super::worker::{Permit, Snapshot, Worker};
use crate::interleaving::INTERLEAVED;
use crate::metrics::{Class, Dropped, FallbackCause, Handles, NotInterleaved, Outcome, Whose, WorkerEvent};
use crate::routing::Target;
use crate::upstream::Upstream;

pub(super) struct Journey {
    pub(super) worker: Rc<Worker>,
    pub(super) live: Snapshot,
    pub(super) plan: Plan,
    pub(super) client: Rc<ClientBody>,
    pub(super) operation: Option<&'static Operation>,
    subject: Subject,
    /// None of an attempt that only helps another request.
    permit: Option<Permit>,
    /// Why stable is answering instead of the chosen variant.
    fell_back: Option<FallbackCause>,
    refreshed: bool,
    retried: bool,
    resent: u8,
}

/// An answer that is to go out, or to be merged with another first.
pub(super) struct Arrived {
    pub(super) answer: Response<Source>,
    pub(super) observation: Observation,
    /// The table is up to date.
    pub(super) settled: bool,
}

/// Why there is none. Boxed where it is returned: it is rare, and answers should not carry the room for it.
pub(super) struct Failed {
    pub(super) fault: Fault,
    pub(super) observation: Observation,
}

/// How often a request that nobody took is sent again: an upstream that refuses every connection must not hold it for ever.
const RESENDS: u8 = 2;

/// Enough of a write's beginning to send it again when a kept-alive connection turns out closed before a byte was taken.
const UNSENT_BYTES: usize = 16 * 1024;

/// What comes of it before the whole request has to be over, where that is limited; none if it is late.
pub(super) async fn in_time<T>(live: &Snapshot, started: Instant, future: impl Future<Output = T>) -> Option<T> {
    match live.settings.timeouts.total {
        None => Some(future.await),
        Some(total) => tokio::time::timeout_at((started + total).into(), future).await.ok(),
    }
}

impl Drop for Journey {
    /// Whoever was drawn and left before there was an answer is missing.
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
            permit: Some(permit),
            fell_back: None,
            refreshed: false,
            retried: false,
            resent: 0,
        }
    }

    /// The same request for the other arm of a pair: one attempt by itself, which nobody falls back from.
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
            subject: Subject { whose: Whose::Nobody, ..self.subject },
            permit: None,
            fell_back: None,
            refreshed: true,
            retried: false,
            resent: 0,
        }
    }

    /// Both arms are asked, whatever comes of it: what is seen says something of the pair, and is counted apart.
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
        first_byte.into_iter().chain(self.left()).min()
    }

    pub(super) fn started(&self) -> Instant {
        self.subject.started
    }

    /// How long the whole request may still take.
    pub(super) fn left(&self) -> Option<Duration> {
        Some(self.live.settings.timeouts.total?.saturating_sub(self.subject.started.elapsed()))
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
            observation.superseded();
            return None;
        }
        if split && self.can_fall_back() {
            self.fall_back(observation, FallbackCause::Missing, outcome);
            return None;
        }
        Some(observation)
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
        // Drawn is drawn: whoever took the request is told that it is missing, and nobody draws it again.
        if let Some(ticket) = self.plan.ticket.take() {
            ticket.give_up(&self.worker, Dropped::Unanswered);
        }
        self.plan = Plan { ticket: None, ..Plan::make(&self.live, question) };
        if !matches!(self.subject.whose, Whose::Paired(_)) {
            self.subject.whose = self.plan.whose;
        }
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

    /// What the request is answered with.
    pub(super) fn end(self, reached: Result<Arrived, Box<Failed>>) -> Response<Answer> {
        match reached {
            Ok(arrived) => self.finish(arrived),
            Err(failed) => self.fail(*failed),
        }
    }

    /// Marks the answer with where it came from, and hands it over.
    pub(super) fn finish(self, Arrived { mut answer, mut observation, settled }: Arrived) -> Response<Answer> {
        observation.look(&self.live.settings.answers, answer.headers());
        self.mark(answer.headers_mut(), observation.target(), settled);
        self.hand_over(answer, observation)
    }

    /// The same for an answer of both arms, whose token says which hit was whose.
    pub(super) fn finish_merged(self, Arrived { mut answer, observation, .. }: Arrived, token: HeaderValue) -> Response<Answer> {
        let headers = answer.headers_mut();
        headers.insert(headers::VARIANT.clone(), HeaderValue::from_static(INTERLEAVED));
        headers.insert(headers::DECISION.clone(), token);
        self.hand_over(answer, observation)
    }

    fn hand_over(mut self, answer: Response<Source>, observation: Observation) -> Response<Answer> {
        self.client.forget();
        let (deadline, permit) = (self.deadline(), self.permit.take());
        answer.map(|source| Answer::new(source, Some(observation), deadline).holding(permit))
    }

    /// Keeps what is to be compared or written down, if somebody took the request, the chosen variant answers it, and the
    /// whole question is still there.
    pub(super) fn tee(&mut self, parts: &Parts, hop_by_hop: &HopByHop, answer: &HeaderMap, observation: &mut Observation) {
        let Some(ticket) = self.plan.ticket.take() else { return };
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
            hop_by_hop,
            body: self.client.kept(),
            answer,
            reference,
            reference_name: self.plan.wire_name(reference),
        };
        let tee = Tee::begin(&self.worker, &ticket, begun);
        observation.tee(tee);
    }

    pub(super) fn fail(self, Failed { fault, mut observation }: Failed) -> Response<Answer> {
        observation.first_byte(fault.outcome());
        if fault.is_unsent() {
            observation.unsent();
        }
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
