//! A REST request, from its head to its answer.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use super::body::{Answer, ClientBody, Outgoing, Source};
use super::classify::{Located, Operation, locate, rewritten};
use super::client::Client;
use super::decide::Question;
use super::guard;
use super::h1::{AnswerBody, AnswerHead, Cause, Connection, Exchange, ExchangeError, Framing, RequestHead};
use super::headers::HopByHop;
use super::interleave;
use super::journey::{Arrived, Failed, Journey, in_time};
use super::missing;
use super::observe::Subject;
use super::respond::Fault;
use super::worker::{Permit, Worker};
use crate::metrics::{FallbackCause, Handles, Outcome, Protocol, Whose, WorkerEvent};
use crate::routing::Target;
use crate::upstream::{Upstream, dial};

/// What of a request does not change between attempts.
pub(super) struct Rest<'r> {
    pub(super) parts: &'r Parts,
    path: &'r str,
    query: Option<&'r str>,
    name: Option<Range<usize>>,
    pub(super) hop_by_hop: HopByHop,
    framing: Framing,
    client: &'r Client,
}

pub(super) async fn serve(
    worker: &Rc<Worker>,
    request: Request<Incoming>,
    client: &Client,
    permit: Permit,
    started: Instant,
) -> Response<Answer> {
    let (parts, incoming) = request.into_parts();
    let (path, query) = (parts.uri.path(), parts.uri.query());
    let located = locate(&parts.method, path);
    let operation = located.as_ref().map(|located| located.operation);
    let name = located.and_then(|Located { name, .. }| name);
    let body = Rc::new(ClientBody::new(incoming, 0));
    let hop_by_hop = match one_coding(&parts.headers).and_then(|()| Ok(HopByHop::of(&parts.headers)?)) {
        Ok(hop_by_hop) => hop_by_hop,
        Err(fault) => return worker.reject(&fault, Protocol::Rest),
    };
    let rest = Rest {
        path,
        query,
        name: name.as_ref().map(|name| name.range.clone()),
        hop_by_hop,
        framing: framing(&parts, &body),
        client,
        parts: &parts,
    };
    let question = Question { operation, name: name.as_ref().map(|name| name.decoded.as_ref()), headers: &parts.headers, query };
    let live = worker.live();
    // Boxed where it happens: nearly no request comes by here, and none should carry the room for it.
    if guard::concerns(operation, &live)
        && let Some(fault) = Box::pin(in_time(&live, started, guard::against_rest(&live, operation, question.name, &parts.headers, &body)))
            .await
            .unwrap_or(Some(Fault::Total))
    {
        return worker.reject(&fault, Protocol::Rest);
    }
    let subject = Subject { protocol: Protocol::Rest, operation, anonymous: false, whose: Whose::Nobody, started };
    let mut journey = Journey::begin(worker, live, permit, body, question, subject);
    match journey.plan.pairing.take() {
        None => {
            let reached = rest.reach(&mut journey, question).await;
            journey.end(reached)
        }
        // Boxed where it happens, as above.
        Some(pairing) => Box::pin(interleave::serve(rest, journey, &pairing, question)).await,
    }
}

impl Rest<'_> {
    /// Tries the targets in their order until one answers.
    pub(super) async fn reach(&self, journey: &mut Journey, question: Question<'_>) -> Result<Arrived, Box<Failed>> {
        loop {
            let target = journey.target();
            let upstream = journey.upstream(&target);
            let mut observation = journey.observe(&target);
            let (head, body) = match self.attempt(journey, &upstream, &target).await {
                Ok(answer) => answer,
                Err(fault) => {
                    let Some(observation) = journey.past(&fault, observation) else { continue };
                    return Err(Box::new(Failed { fault, observation }));
                }
            };
            let outcome = Outcome::of_http(head.status);
            observation.first_byte(outcome);
            if head.status.is_server_error() && journey.can_fall_back() {
                body.discard();
                journey.fall_back(observation, FallbackCause::Status, outcome);
                continue;
            }
            let mut source = Source::Rest(body);
            if head.status == StatusCode::NOT_FOUND && journey.plan.listed && journey.operation.is_some_and(Operation::repeatable) {
                let (seen, missing) = missing::in_rest(source, &head.headers).await;
                source = seen;
                if missing {
                    let Some(standing) = journey.past_missing(question, observation, outcome).await else { continue };
                    observation = standing;
                }
            }
            let settled = journey.settle().await;
            let mut answer = Response::new(source);
            *answer.status_mut() = head.status;
            *answer.headers_mut() = head.headers;
            journey.tee(self.parts, &self.hop_by_hop, answer.headers(), &mut observation);
            return Ok(Arrived { answer, observation, settled });
        }
    }

    /// One target, and why it did not answer.
    pub(super) async fn attempt(
        &self,
        journey: &mut Journey,
        upstream: &Upstream,
        target: &Target<Handles>,
    ) -> Result<(AnswerHead, AnswerBody), Fault> {
        let request_target = self.target(journey.plan.wire_name(target));
        let exchanged = self.exchange(journey, upstream, &request_target).await;
        exchanged.map_err(|cause| fault(journey, upstream, cause))
    }

    /// Over a kept-alive connection if there is one, and again over a fresh one if that turns out closed.
    async fn exchange(&self, journey: &mut Journey, upstream: &Upstream, target: &str) -> Result<(AnswerHead, AnswerBody), Cause> {
        let pool = Rc::clone(&journey.worker.pools().of(upstream).rest);
        let timeouts = &journey.live.settings.timeouts;
        let (idle, connect_timeout) = (timeouts.idle_rest, timeouts.connect);
        let mut kept = pool.take(idle);
        loop {
            let mut connection = match kept.take() {
                Some(connection) => {
                    journey.worker.cells().count(WorkerEvent::UpstreamReused);
                    connection
                }
                None => open(&journey.worker, upstream, connect_timeout).await?,
            };
            let body = Outgoing::whole(&journey.client);
            let exchange = Exchange::new(&mut connection, &self.parts.method, self.head(upstream, target), self.framing, body);
            let result = match journey.patience() {
                None => exchange.run().await,
                Some(limit) => match tokio::time::timeout(limit, exchange.run()).await {
                    Ok(result) => result,
                    Err(_) => Err(ExchangeError { unsent: false, cause: Cause::FirstByte }),
                },
            };
            match result {
                Ok(head) => {
                    let body = AnswerBody::new(connection, &head, &pool);
                    return Ok((head, body));
                }
                Err(ExchangeError { unsent, cause: Cause::Broken(_) }) if connection.was_reused() && journey.may_retry(unsent) => {}
                Err(error) => return Err(error.cause),
            }
        }
    }

    fn head(&self, upstream: &Upstream, target: &str) -> Bytes {
        let head = RequestHead {
            method: &self.parts.method,
            target,
            headers: &self.parts.headers,
            hop_by_hop: &self.hop_by_hop,
            forwarding: &self.client.forwarding,
            upstream,
            framing: self.framing,
        };
        let mut out = BytesMut::new();
        head.write(&mut out);
        out.freeze()
    }

    /// The request target in origin form, with another name in it if there is one to put.
    fn target(&self, name: Option<&str>) -> Cow<'_, str> {
        match (name, &self.name) {
            (Some(name), Some(range)) => Cow::Owned(rewritten(self.path, self.query, range, name)),
            _ => Cow::Borrowed(self.parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)),
        }
    }
}

async fn open(worker: &Rc<Worker>, upstream: &Upstream, timeout: std::time::Duration) -> Result<Box<Connection>, Cause> {
    let opened = dial(&upstream.rest, timeout).await;
    worker.cells().count(if opened.is_ok() { WorkerEvent::UpstreamConnected } else { WorkerEvent::UpstreamConnectFailed });
    opened.map(|io| Box::new(Connection::new(io))).map_err(Cause::Connect)
}

fn fault(journey: &Journey, upstream: &Upstream, cause: Cause) -> Fault {
    let name = upstream.name.clone();
    match cause {
        Cause::Connect(error) => Fault::Unreachable(name, error.into()),
        Cause::Broken(error) => Fault::Broken(name, error.to_string()),
        Cause::Malformed(reason) => Fault::Broken(name, reason),
        Cause::FirstByte => journey.late(upstream),
        Cause::Client(error) => Fault::ClientGone(error.to_string()),
    }
}

/// How the body will be delimited towards the upstream: as the client's is read, whatever its headers look like.
fn framing(parts: &Parts, body: &ClientBody) -> Framing {
    // Servers wait for a body that these methods promise, unless they are told that there is none.
    let promised = matches!(parts.method, Method::POST | Method::PUT | Method::PATCH) || parts.headers.contains_key(CONTENT_LENGTH);
    match body.length() {
        Some(0) if !promised => Framing::None,
        Some(length) => Framing::Length(length),
        None => Framing::Chunked,
    }
}

/// Refuses transfer codings other than chunked: the body would go on without the header that says how it is coded.
fn one_coding(headers: &HeaderMap) -> Result<(), Fault> {
    let other = headers.get_all(TRANSFER_ENCODING).iter().any(|coding| !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"));
    if other { Err(Fault::Coding) } else { Ok(()) }
}
