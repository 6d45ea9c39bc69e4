//! Interleaving: if an experiment interleaves, a plain search goes to both arms, and their hits become one list.
//!
//! ```text
//! fit       does this request fit, and how many hits does it want?       collect   an answer, held up to a limit
//!                                                                      merge     two answers and a seal, or the own one
//! ```
//!
//! Opt-in: other requests do not run this code. Invariants:
//!
//! - A request that cannot be interleaved, a partner that fails or is late, and an answer that cannot be read change nothing
//!   for the user, who gets the own arm's answer in the normal way (with its retries and its fallback).
//! - Whether a request counts for its arm or separately is decided before either arm is queried, so that the counts of an
//!   arm do not depend on the result of the other one.
//! - Memory is bounded by `fallback.replay_bytes` or `limits.grpc_inspect_bytes` for a request, and by twice
//!   `answers.max_bytes` for its answers (I9).

mod collect;
mod fields;
mod fit;
mod merge;
#[cfg(test)]
mod tests;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::Response;

use self::collect::Collected;
pub(super) use self::fit::{Fit, Unfit, grpc as fit_grpc, rest as fit_rest};
use self::merge::{Own, conclude};
use super::attempts::{reach, reach_in_time};
use super::body::{Answer, Source};
use super::deadline::{PARTNER, within};
use super::decide::Pairing;
use super::exchange::Exchange;
use super::journey::Journey;
use super::observe::Awaited;
use super::respond::Fault;
use crate::metrics::Outcome;

/// The parsers of requests and answers, for fuzzing.
pub(super) mod parse {
    pub use super::fit::{json as wanted_by_json, message as wanted_by_message};
}

/// What interleaving needs from a request in either protocol.
pub(super) trait Interleaves: Exchange {
    /// Whether two arms can answer it together.
    async fn fit(&self, journey: &Journey) -> Result<Fit, Unfit>;

    /// From here on, requests uncompressed answers from the upstream, so that they can be read.
    fn uncompressed(&mut self);
}

/// Serves it with both arms, if it can be interleaved.
pub(super) async fn serve<E: Interleaves>(mut exchange: E, mut journey: Journey, pairing: &Pairing) -> Response<Answer> {
    let awaited = [&pairing.own, &pairing.partner].map(|target| Awaited::begin(&journey.worker, target));
    let fit = journey.deadline.cut(exchange.fit(&journey)).await;
    drop(awaited);
    let fit = match fit.unwrap_or_else(|_| Err(Unfit::Fault(Fault::overdue(&journey.client)))) {
        Ok(fit) => fit,
        Err(Unfit::Alone(why)) => {
            journey.count_merge(pairing, Some(why));
            let reached = reach_in_time(&exchange, &mut journey).await;
            return journey.end(reached);
        }
        Err(Unfit::Fault(fault)) => {
            journey.begin_attempt();
            return journey.fail(&fault);
        }
    };
    exchange.uncompressed();
    journey.pair(pairing);
    let deadline = journey.deadline;
    let partner = ask(&exchange, journey.aside(pairing));
    let own = async {
        let arrived = reach(&exchange, &mut journey).await?;
        Ok(Own::of(arrived, &journey, pairing).await)
    };
    let worth = |own: &Result<Own, _>| own.as_ref().is_ok_and(|own| own.whole().is_ok());
    let answers = deadline.cut(together(own, partner, worth, PARTNER)).await;
    let (own, partner) = answers.unwrap_or_else(|_| (Err(Fault::overdue(&journey.client)), None));
    conclude(journey, pairing, fit, own, partner.as_ref())
}

/// The other arm's answer, if there is one.
async fn ask(exchange: &impl Exchange, mut journey: Journey) -> Option<Bytes> {
    let target = journey.begin_attempt();
    let upstream = journey.upstream(&target);
    let begun = exchange.attempt(&mut journey, &upstream, &target).await;
    let (outcome, status, source) = match begun {
        Ok(begun) => (begun.outcome, begun.status, begun.answer.into_body()),
        Err(fault) => (fault.outcome(), None, Source::Empty),
    };
    journey.first_byte(outcome, status);
    let collected = Collected::of(source, &journey).await;
    let outcome = collected.outcome().unwrap_or(outcome);
    let whole = collected.whole().ok().filter(|_| outcome == Outcome::Ok);
    if let Some(mut observation) = journey.observation.take() {
        observation.outcome(outcome);
        whole.iter().for_each(|whole| observation.sent(whole));
        observation.complete();
    }
    whole
}

/// Runs both at once. Once the own answer has arrived and can be merged, the other one has a short time to arrive.
async fn together<A, B>(
    own: impl Future<Output = A>,
    other: impl Future<Output = Option<B>>,
    worth: impl FnOnce(&A) -> bool,
    patience: Duration,
) -> (A, Option<B>) {
    let (mut own, mut other) = (pin!(own), pin!(other));
    let mut there = None;
    let own = poll_fn(|cx| {
        if there.is_none()
            && let Poll::Ready(answer) = other.as_mut().poll(cx)
        {
            there = Some(answer);
        }
        own.as_mut().poll(cx)
    })
    .await;
    let answer = match there {
        Some(answer) => answer,
        None if worth(&own) => within(patience, other).await.ok().flatten(),
        None => None,
    };
    (own, answer)
}
