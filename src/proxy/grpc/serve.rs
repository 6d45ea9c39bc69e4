//! Phases of a gRPC call. The name stands in the message, so the message's beginning is read before the decision.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, Version};
use hyper::body::Incoming;

use super::inspect::{Message, NotRenamed, Unreadable};
use crate::metrics::{FallbackCause, Handles, Outcome, Protocol, Whose};
use crate::proxy::body::{Answer, ClientBody, Outgoing, Source, grpc_outcome};
use crate::proxy::classify::{self, Operation};
use crate::proxy::client::Client;
use crate::proxy::decide::Question;
use crate::proxy::guard;
use crate::proxy::h2::{self, CallError, Started};
use crate::proxy::headers::HopByHop;
use crate::proxy::interleave;
use crate::proxy::journey::{Arrived, Failed, Journey, in_time};
use crate::proxy::missing;
use crate::proxy::observe::Subject;
use crate::proxy::respond::Fault;
use crate::proxy::worker::{Permit, Worker};
use crate::routing::Target;
use crate::upstream::{Credentials, Upstream};

const NOT_FOUND: &str = "5";
static GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// What of a call does not change between attempts.
pub(in crate::proxy) struct Call<'c> {
    parts: &'c Parts,
    pub(in crate::proxy) hop_by_hop: HopByHop,
    client: &'c Client,
    message: &'c Message,
}

pub(in crate::proxy) async fn serve(
    worker: &Rc<Worker>,
    request: Request<Incoming>,
    client: &Client,
    permit: Permit,
    started: Instant,
) -> Response<Answer> {
    let (parts, incoming) = request.into_parts();
    let operation = classify::grpc(parts.uri.path());
    let body = Rc::new(ClientBody::new(incoming, 0));
    let live = worker.live();
    let message = match operation.filter(|operation| operation.is_named()) {
        Some(_) => match in_time(&live, started, Message::read(&body, &live.settings.limits, is_gzip(&parts))).await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return worker.reject(&error.into(), Protocol::Grpc),
            None => return worker.reject(&Fault::Total, Protocol::Grpc),
        },
        None => Message::default(),
    };
    if guard::concerns(operation, &live)
        && let Some(fault) =
            Box::pin(in_time(&live, started, guard::against_grpc(&live, operation, message.name(), is_gzip(&parts), &body)))
                .await
                .unwrap_or(Some(Fault::Total))
    {
        return worker.reject(&fault, Protocol::Grpc);
    }
    let hop_by_hop = match HopByHop::of(&parts.headers) {
        Ok(hop_by_hop) => hop_by_hop,
        Err(error) => return worker.reject(&error.into(), Protocol::Grpc),
    };
    let question = Question { operation, name: message.name(), headers: &parts.headers, query: None };
    let subject = Subject { protocol: Protocol::Grpc, operation, anonymous: false, whose: Whose::Nobody, started };
    let mut journey = Journey::begin(worker, live, permit, body, question, subject);
    let call = Call { hop_by_hop, parts: &parts, client, message: &message };
    match journey.plan.pairing.take() {
        None => {
            let reached = call.reach(&mut journey, question).await;
            journey.end(reached)
        }
        Some(pairing) => Box::pin(interleave::serve(call, journey, &pairing, question)).await,
    }
}

fn is_gzip(parts: &Parts) -> bool {
    parts.headers.get(&GRPC_ENCODING).is_some_and(|coding| coding == "gzip")
}

impl Call<'_> {
    /// Whether its compressed messages are gzip.
    pub(in crate::proxy) fn is_gzip(&self) -> bool {
        is_gzip(self.parts)
    }

    /// Tries the targets in their order until one answers.
    pub(in crate::proxy) async fn reach(&self, journey: &mut Journey, question: Question<'_>) -> Result<Arrived, Box<Failed>> {
        loop {
            let target = journey.target();
            let upstream = journey.upstream(&target);
            let body = match self.body(journey, &target).await {
                Ok(body) => body,
                Err(NotRenamed::TooLarge) if journey.can_fall_back() => {
                    let observation = journey.observe(&target);
                    journey.fall_back(observation, FallbackCause::Size, Outcome::Unavailable);
                    continue;
                }
                Err(error) => {
                    let observation = journey.observe(&target);
                    return Err(Box::new(Failed { fault: not_renamed(error), observation }));
                }
            };
            let mut observation = journey.observe(&target);
            let mut answer = match self.attempt(journey, &upstream, body).await {
                Ok(answer) => answer,
                Err(fault) => {
                    let Some(observation) = journey.past(&fault, observation) else { continue };
                    return Err(Box::new(Failed { fault, observation }));
                }
            };
            let status = early_status(&mut answer, journey).await;
            let outcome = status.as_ref().map_or(Outcome::Ok, |status| Outcome::of_grpc(status.code));
            observation.first_byte(outcome);
            if let Some(status) = status {
                if matches!(outcome, Outcome::ServerError | Outcome::Unavailable) && journey.can_fall_back() {
                    journey.fall_back(observation, FallbackCause::Status, outcome);
                    continue;
                }
                if status.missing && journey.plan.listed {
                    let Some(standing) = journey.past_missing(question, observation, outcome).await else { continue };
                    observation = standing;
                }
            }
            let settled = journey.settle().await;
            journey.tee(self.parts, &self.hop_by_hop, answer.headers(), &mut observation);
            let answer = answer.map(|body| Source::Grpc(Box::new(body)));
            return Ok(Arrived { answer, observation, settled });
        }
    }

    /// One attempt at the journey's target, and how it ended so far.
    pub(in crate::proxy) async fn once(&self, journey: &mut Journey) -> Result<(Outcome, Source), Fault> {
        let target = journey.target();
        let upstream = journey.upstream(&target);
        let body = self.body(journey, &target).await.map_err(not_renamed)?;
        let answer = self.attempt(journey, &upstream, body).await?;
        let outcome = answer.headers().get(&GRPC_STATUS).map_or(Outcome::Ok, |_| grpc_outcome(answer.headers()));
        Ok((outcome, Source::Grpc(Box::new(answer.into_body()))))
    }

    async fn body(&self, journey: &Journey, target: &Target<Handles>) -> Result<Outgoing, NotRenamed> {
        match journey.plan.wire_name(target) {
            None => Ok(Outgoing::whole(&journey.client)),
            Some(name) => {
                let chunks: Vec<Bytes> = self.message.renamed(&journey.client, &journey.live.settings.limits, name).await?;
                Ok(Outgoing::edited(&journey.client, chunks))
            }
        }
    }

    async fn attempt(&self, journey: &mut Journey, upstream: &Arc<Upstream>, body: Outgoing) -> Result<Started, Fault> {
        let pool = Rc::clone(&journey.worker.pools().of(upstream).grpc);
        let connect = journey.live.settings.timeouts.connect;
        let mut body = Some(body);
        loop {
            let lease = pool.lease(upstream, connect, journey.worker.cells()).await;
            let lease = lease.map_err(|error| Fault::Unreachable(upstream.name.clone(), error.into()))?;
            let request = self.request(upstream)?;
            let sent = body.take().unwrap_or_else(|| Outgoing::whole(&journey.client));
            let again = sent.again();
            let call = h2::call(lease, request, sent);
            let result = match journey.patience() {
                None => call.await,
                Some(limit) => tokio::time::timeout(limit, call).await.unwrap_or(Err(CallError::FirstByte)),
            };
            match result {
                Err(error) if matches!(error, CallError::Unsent(_) | CallError::Broken(_)) && journey.may_retry(error.is_unsent()) => {
                    body = Some(again);
                }
                Err(error) => return Err(fault(journey, upstream, error)),
                Ok(answer) => return Ok(answer),
            }
        }
    }

    /// The head as it goes on: the client's headers, less those that end here.
    fn request(&self, upstream: &Upstream) -> Result<Request<()>, Fault> {
        let path = self.parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let uri = Uri::builder().scheme(upstream.grpc.scheme()).authority(upstream.grpc.authority.clone()).path_and_query(path).build();
        let mut headers = self.parts.headers.clone();
        let forwarding = self.client.forwarding.values(&headers);
        self.hop_by_hop.strip(&mut headers);
        headers.extend(forwarding);
        // A renamed message has another length, and gRPC needs none: the stream says where it ends.
        headers.remove(CONTENT_LENGTH);
        if let Credentials::Replace(key) = &upstream.credentials {
            headers.remove(AUTHORIZATION);
            headers.insert("api-key", key.clone());
        }
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = uri.map_err(|error| Fault::BadRequest(error.to_string()))?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// A status that came before any message.
struct EarlyStatus {
    code: u16,
    missing: bool,
}

/// The status of an answer that has failed already: in its headers, or, where it matters, in trailers right behind them.
async fn early_status(answer: &mut Started, journey: &Journey) -> Option<EarlyStatus> {
    if let Some(status) = answer.headers().get(&GRPC_STATUS) {
        return Some(EarlyStatus::read(status, answer.headers()));
    }
    // Only a variant's failure can still be mended, so only its first frame is waited for.
    if !journey.can_fall_back() || !journey.operation.is_some_and(Operation::repeatable) {
        return None;
    }
    let trailers = answer.body_mut().first_trailers().await;
    match trailers {
        Ok(trailers) => trailers.and_then(|trailers| trailers.get(&GRPC_STATUS).map(|status| EarlyStatus::read(status, trailers))),
        // Broken off before the first message: as good as unavailable.
        Err(_) => Some(EarlyStatus { code: 14, missing: false }),
    }
}

impl EarlyStatus {
    fn read(status: &HeaderValue, headers: &HeaderMap) -> Self {
        let code = status.to_str().ok().and_then(|status| status.parse().ok()).unwrap_or(2);
        Self { code, missing: status == NOT_FOUND && missing::in_grpc(headers) }
    }
}

fn fault(journey: &Journey, upstream: &Upstream, error: CallError) -> Fault {
    let name = upstream.name.clone();
    match error {
        CallError::Unsent(error) => Fault::Unreachable(name, error.into()),
        CallError::Broken(error) => Fault::Broken(name, error.to_string()),
        CallError::FirstByte => journey.late(upstream),
        CallError::Client(error) => Fault::ClientGone(error.to_string()),
    }
}

impl From<Unreadable> for Fault {
    fn from(error: Unreadable) -> Self {
        match error {
            Unreadable::Client(error) => Self::ClientGone(error.to_string()),
            other => Self::BadRequest(other.to_string()),
        }
    }
}

fn not_renamed(error: NotRenamed) -> Fault {
    match error {
        NotRenamed::TooLarge => Fault::BadRequest("the message is too large for its collection name to be changed".to_owned()),
        NotRenamed::Unreadable(error) => error.into(),
    }
}
