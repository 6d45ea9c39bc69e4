//! A gRPC call in the life of a request. The name is in the message, so the message's beginning is read before the decision.

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};

use super::inspect::{Message, NotRenamed, Unreadable};
use crate::live::Live;
use crate::metrics::{Handles, Outcome};
use crate::protocol::Protocol;
use crate::protocol::operations::{self, Operation};
use crate::proxy::begun::Begun;
use crate::proxy::body::{Answer, ClientBody, Outgoing, Source};
use crate::proxy::client::Client;
use crate::proxy::decide::Question;
use crate::proxy::exchange::Exchange;
use crate::proxy::guard;
use crate::proxy::h2::{self, CallError, Started};
use crate::proxy::headers::HopByHop;
use crate::proxy::interleave::{self, Fit, Interleaves, Unfit};
use crate::proxy::journey::Journey;
use crate::proxy::life::{self, Admitted};
use crate::proxy::missing;
use crate::proxy::respond::{Fault, refuse};
use crate::routing::Target;
use crate::upstream::Upstream;

const NOT_FOUND: &str = "5";
const DEADLINE_EXCEEDED: u16 = 4;
static GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
static GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// The part of a call that does not change between attempts.
struct Call<'c> {
    parts: &'c Parts,
    operation: Option<&'static Operation>,
    hop_by_hop: HopByHop,
    client: &'c Client,
    message: Message,
}

pub(in crate::proxy) async fn serve(parts: &Parts, admitted: Admitted, client: &Client) -> Response<Answer> {
    let hop_by_hop = match HopByHop::of(&parts.headers) {
        Ok(hop_by_hop) => hop_by_hop,
        Err(error) => return refuse(&admitted.worker, &error.into(), Protocol::Grpc, &admitted.body),
    };
    let operation = operations::grpc(parts.uri.path());
    life::serve(Call { operation, hop_by_hop, parts, client, message: Message::default() }, admitted).await
}

impl Exchange for Call<'_> {
    const PROTOCOL: Protocol = Protocol::Grpc;

    fn parts(&self) -> &Parts {
        self.parts
    }

    fn hop_by_hop(&self) -> &HopByHop {
        &self.hop_by_hop
    }

    fn question(&self) -> Question<'_> {
        Question { operation: self.operation, name: self.message.name(), headers: &self.parts.headers, query: None }
    }

    async fn prepare(&mut self, live: &Live, body: &ClientBody) -> Result<(), Fault> {
        if self.operation.is_some_and(Operation::is_named) {
            self.message = Message::read(body, &live.settings.limits, self.is_gzip()).await?;
        }
        if !guard::concerns(self.operation, live) {
            return Ok(());
        }
        let refusal = Box::pin(guard::against_grpc(live, self.operation, self.is_gzip(), body)).await;
        refusal.map_or(Ok(()), Err)
    }

    async fn attempt(&self, journey: &mut Journey, upstream: &Arc<Upstream>, target: &Target<Handles>) -> Result<Begun, Fault> {
        let body = self.body(journey, target).await?;
        let mut answer = self.send(journey, upstream, body).await?;
        // Only a variant's failure can be replaced by stable, so only then wait for the first frame.
        let looks_on = journey.can_fall_back() && journey.is_read();
        let status = journey.patience_to_look().wait(|| false, pin!(early_status(&mut answer, looks_on))).await;
        let status = status.map_err(|_| Fault::FirstByte(upstream.name.clone()))?;
        let (outcome, failed) = match (&status, answer.status()) {
            (Some(status), _) => (Outcome::of_grpc(status.code), status.is_failure()),
            (None, StatusCode::OK) => (Outcome::Ok, false),
            // Not Qdrant's answer, but that of a proxy in front of it.
            (None, http) => (Outcome::of_http(http), http.is_server_error()),
        };
        let code = match (&status, answer.status()) {
            (Some(status), _) => Some(status.code),
            (None, StatusCode::OK) => None,
            (None, http) => Some(http.as_u16()),
        };
        let missing = status.is_some_and(|status| status.missing);
        Ok(Begun { answer: answer.map(|body| Source::Grpc(Box::new(body))), outcome, status: code, failed, missing })
    }
}

impl Interleaves for Call<'_> {
    async fn fit(&self, journey: &Journey) -> Result<Fit, Unfit> {
        interleave::fit_grpc(journey, self.is_gzip()).await
    }

    fn uncompressed(&mut self) {
        self.hop_by_hop.withhold(GRPC_ACCEPT_ENCODING.clone());
    }
}

impl Call<'_> {
    /// Whether its compressed messages are gzip.
    fn is_gzip(&self) -> bool {
        self.parts.headers.get(&GRPC_ENCODING).is_some_and(|coding| coding == "gzip")
    }

    async fn body(&self, journey: &Journey, target: &Target<Handles>) -> Result<Outgoing, Fault> {
        match journey.plan.wire_name(target) {
            None => Ok(Outgoing::whole(&journey.client)),
            Some(name) => Ok(self.message.renamed(&journey.client, &journey.live.settings.limits, name).await?),
        }
    }

    async fn send(&self, journey: &mut Journey, upstream: &Arc<Upstream>, body: Outgoing) -> Result<Started, Fault> {
        let pool = Rc::clone(&journey.worker.pools().of(upstream).grpc);
        let mut body = Some(body);
        loop {
            let idle = journey.live.settings.timeouts.idle;
            let lease = pool.lease(journey.open_limits(), journey.persistence()).await;
            let lease = lease.map_err(|error| Fault::Unreachable(upstream.name.clone(), error.into()))?;
            let request = self.request(upstream)?;
            let sent = body.take().unwrap_or_else(|| Outgoing::whole(&journey.client));
            let again = sent.again();
            let client = Rc::clone(&journey.client);
            let called = journey.patience().wait(|| client.is_awaited(), pin!(h2::call(lease, request, sent, idle))).await;
            match called.unwrap_or(Err(CallError::FirstByte)) {
                Err(error) if error.lost().is_some_and(|lost| journey.may_retry(lost)) => {
                    body = Some(again);
                }
                Err(error) => return Err(fault(upstream, error)),
                Ok(answer) => return Ok(answer),
            }
        }
    }

    /// The forwarded head: the client's headers, without the hop-by-hop ones.
    fn request(&self, upstream: &Upstream) -> Result<Request<()>, Fault> {
        let path = self.parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let uri = upstream.grpc.uri(path).map_err(|error| Fault::BadRequest(error.to_string()))?;
        let mut headers = self.parts.headers.clone();
        let forwarding = self.client.forwarding.values(&headers);
        self.hop_by_hop.strip(&mut headers);
        headers.extend(forwarding);
        // A renamed message has another length, and gRPC needs no length: the stream marks its end.
        headers.remove(CONTENT_LENGTH);
        upstream.credentials.apply(&mut headers);
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// A status that came before any message.
struct EarlyStatus {
    code: u16,
    missing: bool,
}

/// The status of a failed answer: in its headers, or, if `looks_on`, in trailers right after them.
async fn early_status(answer: &mut Started, looks_on: bool) -> Option<EarlyStatus> {
    if let Some(status) = answer.headers().get(&GRPC_STATUS) {
        return Some(EarlyStatus::read(status, answer.headers()));
    }
    if answer.status() != StatusCode::OK {
        return None;
    }
    if looks_on {
        match answer.body_mut().first_trailers().await {
            Ok(None) => {}
            Ok(Some(trailers)) => {
                let status = trailers.get(&GRPC_STATUS).map(|status| EarlyStatus::read(status, trailers));
                return Some(status.unwrap_or(EarlyStatus::UNKNOWN));
            }
            Err(_) => return Some(EarlyStatus::UNAVAILABLE),
        }
    }
    answer.body().is_end().then_some(EarlyStatus::UNKNOWN)
}

impl EarlyStatus {
    /// The status of a call that ends without one.
    const UNKNOWN: Self = Self { code: 2, missing: false };
    /// The status of a call that is broken off before its first message.
    const UNAVAILABLE: Self = Self { code: 14, missing: false };

    /// Whether the upstream failed, and not the request. Qdrant returns `DEADLINE_EXCEEDED` if a search took longer than its
    /// `timeout` allows: stable may be faster. An expired `grpc-timeout`, which is the client's own, is `CANCELLED`.
    fn is_failure(&self) -> bool {
        self.code == DEADLINE_EXCEEDED || matches!(Outcome::of_grpc(self.code), Outcome::ServerError | Outcome::Unavailable)
    }

    fn read(status: &HeaderValue, headers: &HeaderMap) -> Self {
        let code = status.to_str().ok().and_then(|status| status.parse().ok()).unwrap_or(2);
        Self { code, missing: status == NOT_FOUND && missing::in_grpc(headers) }
    }
}

fn fault(upstream: &Upstream, error: CallError) -> Fault {
    let name = upstream.name.clone();
    match error {
        CallError::Unsent { error, .. } => Fault::Unreachable(name, error.into()),
        CallError::Broken(error) => Fault::Broken(name, error.into()),
        CallError::Stuck(_) => Fault::Broken(name, error.into()),
        CallError::FirstByte => Fault::FirstByte(name),
        CallError::Client(error) => error.into(),
    }
}

impl From<Unreadable> for Fault {
    fn from(error: Unreadable) -> Self {
        match error {
            Unreadable::Client(error) => error.into(),
            other => Self::BadRequest(other.to_string()),
        }
    }
}

impl From<NotRenamed> for Fault {
    fn from(error: NotRenamed) -> Self {
        match error {
            NotRenamed::TooLarge => Self::TooLargeToRename,
            NotRenamed::Unreadable(error) => error.into(),
        }
    }
}
