//! Two arms, one answer: where an experiment interleaves, a plain search is sent to both, and their hits go out as one list.
//!
//! ```text
//! fit       does this request fit, and how many hits does it want?       collect   an answer, held up to a limit
//! hits      the hits of an answer, and an answer with other hits         merge     two answers and a seal, or the own one
//! rest, grpc   what differs between the protocols
//! ```
//!
//! Opt-in, and nothing here runs for anybody else. Invariants: a request that does not fit, a partner that fails or is late,
//! and an answer that cannot be read change nothing for the user, who gets the own arm's answer by the ordinary journey (with
//! its retries and its fallback); whether a request counts for its arm or apart is known before either arm is asked, so that
//! what is seen of an arm does not depend on how the other one fared; what is held is bounded by `fallback.replay_bytes` or
//! `limits.grpc_inspect_bytes` for a request, and twice `answers.max_bytes` for its answers (I9).

mod collect;
mod fields;
mod fit;
mod grpc;
mod hits;
mod merge;
mod rest;
#[cfg(test)]
mod tests;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::Response;

use self::collect::Collected;
use self::fit::{Fit, Unfit};
use self::merge::{Own, conclude};
use super::body::{Answer, Source};
use super::decide::{Pairing, Question};
use super::journey::{Arrived, Failed, Journey, in_time};
use super::observe::Awaited;
use super::respond::Fault;
use crate::metrics::Outcome;

/// The parsers of requests and answers, for fuzzing.
pub(super) mod parse {
    pub use super::fit::{json as wanted_by_json, message as wanted_by_message};
    pub use super::hits::{Form, Hit};
}

/// How much longer than its own arm a user waits for the other.
const PATIENCE: Duration = Duration::from_millis(50);

/// A request by either protocol.
pub(super) trait Either {
    async fn fit(&self, journey: &Journey) -> Result<Fit, Unfit>;
    /// Asks for answers that can be read, from here on.
    fn uncompressed(&mut self);
    /// The ordinary journey, up to its answer.
    async fn reach(&self, journey: &mut Journey, question: Question<'_>) -> Result<Arrived, Box<Failed>>;
    /// One attempt at the journey's target, and how it ended so far.
    async fn once(&self, journey: &mut Journey) -> Result<(Outcome, Source), Fault>;
}

/// By both arms, if it fits.
pub(super) async fn serve(mut request: impl Either, mut journey: Journey, pairing: &Pairing, question: Question<'_>) -> Response<Answer> {
    let awaited = [&pairing.own, &pairing.partner].map(|target| Awaited::begin(&journey.worker, target));
    let fit = in_time(&journey.live, journey.started(), request.fit(&journey)).await;
    drop(awaited);
    let fit = match fit.unwrap_or(Err(Unfit::Fault(Fault::Total))) {
        Ok(fit) => fit,
        Err(Unfit::Alone(why)) => {
            journey.count_merge(pairing, Some(why));
            let reached = request.reach(&mut journey, question).await;
            return journey.end(reached);
        }
        Err(Unfit::Fault(fault)) => {
            let observation = journey.observe(&journey.target());
            return journey.fail(Failed { fault, observation });
        }
    };
    request.uncompressed();
    journey.pair(pairing);
    let partner = ask(&request, journey.aside(pairing));
    let own = async {
        let arrived = request.reach(&mut journey, question).await?;
        Ok(Own::of(arrived, &journey).await)
    };
    let worth = |own: &Result<Own, _>| own.as_ref().is_ok_and(|own| own.whole(pairing).is_ok());
    let (own, partner) = together(own, partner, worth, PATIENCE).await;
    conclude(journey, pairing, fit, own, partner.as_ref())
}

/// What the other arm answers, if it does.
async fn ask(request: &impl Either, mut journey: Journey) -> Option<Bytes> {
    let mut observation = journey.observe(&journey.target());
    let (outcome, source) = request.once(&mut journey).await.unwrap_or_else(|fault| (fault.outcome(), Source::Empty));
    observation.first_byte(outcome);
    let collected = Collected::of(source, journey.live.settings.answers.max_bytes, journey.left()).await;
    let outcome = collected.outcome().unwrap_or(outcome);
    observation.outcome(outcome);
    let whole = collected.whole().ok().filter(|_| outcome == Outcome::Ok);
    whole.iter().for_each(|whole| observation.sent(whole));
    observation.complete();
    whole
}

/// Both at once. Once the own one is there and worth it, the other has so long to follow.
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
        None if worth(&own) => tokio::time::timeout(patience, other).await.ok().flatten(),
        None => None,
    };
    (own, answer)
}
