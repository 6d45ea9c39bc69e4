//! The loop over the targets of a request: retry after a refresh, and fallback to stable.
//!
//! The order is the same for both protocols: the chosen variant; the same again after a refresh of the table, if its
//! collection is missing; then stable, if the variant could not serve a read, or refused it. A variant's refusal (4xx) is
//! held until stable has answered: only then is it known which side is at fault.

use std::pin::pin;

use super::begun::{Begun, HeldRefusal};
use super::deadline::{Deadline, REFRESH};
use super::decide::Question;
use super::exchange::Exchange;
use super::journey::{Arrived, Journey};
use super::respond::Fault;
use super::worker::Worker;
use crate::metrics::{FallbackCause, Handles, Outcome};
use crate::routing::Target;

/// What to do after an attempt.
enum Next {
    /// Try again, at the journey's current target.
    Again,
    Answer(Arrived),
    Fail(Fault),
}

/// Tries the targets in their order until one answers.
pub(super) async fn reach(exchange: &impl Exchange, journey: &mut Journey) -> Result<Arrived, Fault> {
    loop {
        let target = journey.begin_attempt();
        let next = match attempt(exchange, journey, &target).await {
            Ok(begun) => journey.judge(begun, exchange.question()).await,
            Err(fault) => journey.met(fault),
        };
        match next {
            Next::Again => {}
            Next::Answer(mut arrived) => {
                arrived.settled = journey.settle(&arrived).await;
                journey.tee(exchange.parts(), exchange.hop_by_hop(), arrived.answer.headers());
                return Ok(arrived);
            }
            Next::Fail(fault) => return Err(fault),
        }
    }
}

/// [`reach`] within the request's deadline.
pub(super) async fn reach_in_time(exchange: &impl Exchange, journey: &mut Journey) -> Result<Arrived, Fault> {
    let deadline = journey.deadline;
    let reached = deadline.cut(pin!(reach(exchange, journey))).await;
    reached.unwrap_or_else(|_| Err(Fault::overdue(&journey.client)))
}

/// One attempt. If a refusal is held, the attempt leaves time to send that refusal to the client.
async fn attempt<E: Exchange>(exchange: &E, journey: &mut Journey, target: &Target<Handles>) -> Result<Begun, Fault> {
    let (upstream, deadline) = (journey.upstream(target), journey.deadline);
    let limit = journey.refusal.as_ref().and_then(|_| deadline.half(None));
    let in_time = {
        let attempt = pin!(exchange.attempt(journey, &upstream, target));
        match limit {
            None => return attempt.await,
            Some(limit) => deadline.within(limit, attempt).await,
        }
    };
    in_time.unwrap_or_else(|_| Err(Fault::overdue(&journey.client)))
}

impl Journey {
    /// The attempt ended without an answer.
    fn met(&mut self, fault: Fault) -> Next {
        if let Some(cause) = fault.fallback_cause().filter(|_| self.can_fall_back()) {
            self.fall_back(cause, fault.outcome());
            return Next::Again;
        }
        // Stable is worse than the variant, which at least has answered.
        match self.refusal.take() {
            Some(refusal) => {
                self.end_attempt(fault.outcome());
                Next::Answer(self.stand_by(*refusal))
            }
            None => Next::Fail(fault),
        }
    }

    /// The attempt has an answer: decides whether the client gets it.
    async fn judge(&mut self, begun: Begun, question: Question<'_>) -> Next {
        self.first_byte(begun.outcome, begun.status);
        if begun.failed && self.can_fall_back() {
            begun.answer.into_body().discard();
            self.fall_back(FallbackCause::Status, begun.outcome);
            return Next::Again;
        }
        let missing = begun.missing && self.plan.listed;
        if missing && self.refreshed(question).await {
            begun.answer.into_body().discard();
            self.supersede_attempt();
            return Next::Again;
        }
        if begun.outcome.is_refusal() && self.can_fall_back() && (missing || self.may_ask_for_a_second_opinion()) {
            self.hold(begun, if missing { FallbackCause::Missing } else { FallbackCause::Refused });
            return Next::Again;
        }
        if let Some(refusal) = self.refusal.take() {
            self.settle_blame(*refusal, begun.outcome);
        }
        Next::Answer(Arrived { answer: begun.answer, settled: true })
    }

    /// Keeps the variant's refusal, and makes stable the next target.
    fn hold(&mut self, begun: Begun, cause: FallbackCause) {
        if let Some(observation) = self.observation.take() {
            self.refusal = Some(Box::new(HeldRefusal { begun, observation, cause }));
        }
        self.turn_to_stable(cause);
    }

    /// Stable has answered a request that the variant refused. If stable serves it, the variant failed. If stable refuses it
    /// as well, the request is at fault. If stable fails, nothing is known, and it counts for neither.
    fn settle_blame(&mut self, refusal: HeldRefusal, stable: Outcome) {
        let HeldRefusal { begun, mut observation, cause } = refusal;
        begun.answer.into_body().discard();
        if stable == Outcome::Ok {
            observation.target().handle.series.shard(self.worker.index()).fallback(cause);
            observation.replaced(begun.outcome);
        } else if stable.refusal().is_some() {
            observation.clients_fault();
            observation.complete();
        } else {
            observation.superseded();
        }
    }

    /// Gives the client the variant's refusal after all.
    fn stand_by(&mut self, refusal: HeldRefusal) -> Arrived {
        self.fell_back = None;
        self.observation = Some(refusal.observation);
        Arrived { answer: refusal.begun.answer, settled: true }
    }

    /// Whether to ask stable after a refusal. Clients with bad requests must not double the load of stable, so these extra
    /// requests have a budget of their own.
    fn may_ask_for_a_second_opinion(&self) -> bool {
        self.is_read() && self.worker.second_opinions().withdraw(&self.live.settings.retry, std::time::Instant::now())
    }

    /// A collection is missing. Returns true if the table was refreshed and the request decided again: try the new target.
    async fn refreshed(&mut self, question: Question<'_>) -> bool {
        let may = !self.tries.refreshed && self.is_read() && self.client.is_repeatable() && self.worker.may_refresh();
        if !may {
            return false;
        }
        self.tries.refreshed = true;
        match refresh(&self.worker, self.deadline).await {
            Ok(()) => {
                self.decide_again(question);
                true
            }
            Err(error) => {
                tracing::warn!(error, "the alias listing for a stale name failed");
                false
            }
        }
    }

    /// After a change of what a name means, updates the table before the answer is sent (I10). Returns whether it is up to
    /// date. A change that Qdrant refused needs no update.
    async fn settle(&self, arrived: &Arrived) -> bool {
        if !self.operation.is_some_and(|operation| operation.renames) || !self.succeeds() || arrived.answer.status().is_client_error() {
            return true;
        }
        let refreshed = refresh(&self.worker, self.deadline).await;
        if let Err(error) = &refreshed {
            tracing::error!(error, "an alias change passed through, but the aliases could not be listed after it");
        }
        refreshed.is_ok()
    }
}

/// Triggers an alias listing, and waits until the new table is in place. It stops before the deadline, because the answer
/// must still be sent.
async fn refresh(worker: &Worker, deadline: Deadline) -> Result<(), String> {
    let limit = deadline.half(Some(REFRESH)).unwrap_or(REFRESH);
    match deadline.within(limit, worker.refresh().now()).await {
        Ok(listed) => listed.map_err(|error| error.to_string()),
        Err(_) => Err("the listing took too long".to_owned()),
    }
}
