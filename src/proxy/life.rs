//! The life of a request, the same for both protocols: admission, inspection, guards, decision, attempts, answer. All of it
//! runs under one deadline (I12).

use std::pin::pin;
use std::rc::Rc;
use std::time::Instant;

use http::Response;

use super::attempts::reach_in_time;
use super::body::{Answer, ClientBody};
use super::deadline::Deadline;
use super::interleave::{self, Interleaves};
use super::journey::Journey;
use super::observe::Subject;
use super::respond::{Fault, refuse};
use super::worker::{Permit, Worker};
use crate::metrics::{Chosen, Whose};

/// A request that was admitted.
pub(super) struct Admitted {
    pub(super) worker: Rc<Worker>,
    pub(super) permit: Permit,
    pub(super) body: Rc<ClientBody>,
    pub(super) started: Instant,
}

pub(super) async fn serve<E: Interleaves>(mut exchange: E, admitted: Admitted) -> Response<Answer> {
    let Admitted { worker, permit, body, started } = admitted;
    let live = worker.live();
    let deadline = Deadline::of(started, live.settings.timeouts.total);
    let prepared = deadline.cut(pin!(exchange.prepare(&live, &body))).await;
    if let Err(fault) = prepared.unwrap_or_else(|_| Err(Fault::overdue(&body))) {
        return refuse(&worker, &fault, E::PROTOCOL, &body);
    }
    let question = exchange.question();
    let subject = Subject { protocol: E::PROTOCOL, operation: question.operation, chosen: Chosen::AsUsual, whose: Whose::Nobody, started };
    let mut journey = Journey::begin(&worker, live, permit, body, question, subject, deadline);
    match journey.plan.pairing.take() {
        None => {
            let reached = reach_in_time(&exchange, &mut journey).await;
            journey.end(reached)
        }
        // Boxed here: very few requests come this way, and the others should not reserve space for it.
        Some(pairing) => Box::pin(interleave::serve(exchange, journey, &pairing)).await,
    }
}
