//! A REST request in the life of a request.

use std::borrow::Cow;
use std::io;
use std::ops::Range;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, EXPECT, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Method, Response, StatusCode};

use super::begun::Begun;
use super::body::{Answer, ClientBody, Outgoing, Source};
use super::client::Client;
use super::decide::Question;
use super::exchange::Exchange;
use super::guard;
use super::h1::{AnswerBody, AnswerHead, Cause, ExchangeError, Framing, RequestHead, RoundTrip};
use super::headers::{Forwarding, HopByHop};
use super::interleave::{self, Fit, Interleaves, Unfit};
use super::journey::Journey;
use super::life::{self, Admitted};
use super::missing;
use super::respond::{Fault, refuse};
use crate::live::Live;
use crate::metrics::{Handles, Outcome};
use crate::protocol::Protocol;
use crate::protocol::operations::{Located, Operation, locate, origin_form, rewritten};
use crate::routing::Target;
use crate::upstream::{Credentials, Lost, Upstream};

/// The part of a request that does not change between attempts.
struct Rest<'r> {
    parts: &'r Parts,
    path: &'r str,
    query: Option<&'r str>,
    operation: Option<&'static Operation>,
    name: Option<(Range<usize>, Cow<'r, str>)>,
    hop_by_hop: HopByHop,
    framing: Framing,
    client: &'r Client,
}

pub(super) async fn serve(parts: &Parts, admitted: Admitted, client: &Client) -> Response<Answer> {
    let hop_by_hop = match one_coding(&parts.headers).and_then(|()| Ok(HopByHop::of(&parts.headers)?)) {
        Ok(hop_by_hop) => hop_by_hop,
        Err(fault) => return refuse(&admitted.worker, &fault, Protocol::Rest, &admitted.body),
    };
    let (path, query) = (parts.uri.path(), parts.uri.query());
    let located = locate(&parts.method, path);
    let rest = Rest {
        path,
        query,
        operation: located.as_ref().map(|located| located.operation),
        name: located.and_then(|Located { name, .. }| name).map(|name| (name.range, name.decoded)),
        hop_by_hop,
        framing: Framing::of(&parts.method, &parts.headers, admitted.body.length()),
        client,
        parts,
    };
    life::serve(rest, admitted).await
}

impl Exchange for Rest<'_> {
    const PROTOCOL: Protocol = Protocol::Rest;

    fn parts(&self) -> &Parts {
        self.parts
    }

    fn hop_by_hop(&self) -> &HopByHop {
        &self.hop_by_hop
    }

    fn question(&self) -> Question<'_> {
        let name = self.name.as_ref().map(|(_, decoded)| decoded.as_ref());
        Question { operation: self.operation, name, headers: &self.parts.headers, query: self.query }
    }

    async fn prepare(&mut self, live: &Live, body: &ClientBody) -> Result<(), Fault> {
        if !guard::concerns(self.operation, live) {
            return Ok(());
        }
        // Boxed here: very few requests come this way, and the others should not reserve space for it.
        let refusal = Box::pin(guard::against_rest(live, self.operation, self.question().name, &self.parts.headers, body)).await;
        refusal.map_or(Ok(()), Err)
    }

    async fn attempt(&self, journey: &mut Journey, upstream: &Arc<Upstream>, target: &Target<Handles>) -> Result<Begun, Fault> {
        let request_target = self.target(journey.plan.wire_name(target));
        let prefix = upstream.rest.prefix.before(&request_target).map_err(|error| Fault::BadRequest(error.to_string()))?;
        let sent = self.send(journey, upstream, (prefix, &request_target)).await;
        let (head, body) = sent.map_err(|cause| fault(upstream, cause))?;
        let (source, missing) = if head.status == StatusCode::NOT_FOUND && journey.plan.listed && journey.is_read() {
            let seen = journey.patience_to_look().wait(|| false, missing::in_rest(body, &head.headers)).await;
            let seen = seen.map_err(|_| Fault::FirstByte(upstream.name.clone()))?;
            seen.map_err(|error| Fault::Broken(upstream.name.clone(), error.into()))?
        } else {
            (Source::Rest(body), false)
        };
        let mut answer = Response::new(source);
        *answer.status_mut() = head.status;
        *answer.headers_mut() = head.headers;
        // Qdrant returns 408 if a search took longer than its `timeout` allows: stable may be faster.
        let failed = head.status.is_server_error() || head.status == StatusCode::REQUEST_TIMEOUT;
        Ok(Begun { answer, outcome: Outcome::of_http(head.status), status: Some(head.status.as_u16()), failed, missing })
    }
}

impl Interleaves for Rest<'_> {
    async fn fit(&self, journey: &Journey) -> Result<Fit, Unfit> {
        interleave::fit_rest(journey, &self.parts.headers).await
    }

    fn uncompressed(&mut self) {
        self.hop_by_hop.withhold(ACCEPT_ENCODING);
    }
}

impl Rest<'_> {
    /// Over a kept-alive connection if there is one, and again over a fresh one if that turns out closed.
    async fn send(&self, journey: &mut Journey, upstream: &Arc<Upstream>, target: (&str, &str)) -> Result<(AnswerHead, AnswerBody), Cause> {
        let pool = Rc::clone(&journey.worker.pools().of(upstream).rest);
        let idle = journey.live.settings.timeouts.idle_rest;
        let mut kept = pool.take(idle);
        loop {
            let mut connection = match kept.take() {
                Some(connection) => connection,
                None => pool.open(journey.open_limits(), journey.persistence(), idle).await.map_err(Cause::Connect)?,
            };
            let body = Outgoing::whole(&journey.client);
            let trip = RoundTrip::new(&mut connection, &self.parts.method, self.head(upstream, target, &body), self.framing, body);
            let client = Rc::clone(&journey.client);
            let result = journey.patience().wait(|| client.is_awaited(), pin!(trip.run())).await;
            match result.unwrap_or(Err(ExchangeError { unsent: false, cause: Cause::FirstByte })) {
                Ok(head) => {
                    let body = AnswerBody::new(connection, &head, &pool);
                    return Ok((head, body));
                }
                Err(ExchangeError { unsent, cause: Cause::Broken(error) })
                    if error.kind() != io::ErrorKind::TimedOut && connection.was_reused() && journey.may_retry(lost(unsent)) => {}
                Err(error) => return Err(error.cause),
            }
        }
    }

    fn head(&self, upstream: &Upstream, (prefix, target): (&str, &str), body: &Outgoing) -> Bytes {
        let head = RequestHead {
            method: &self.parts.method,
            prefix,
            target,
            headers: &self.parts.headers,
            hop_by_hop: &self.hop_by_hop,
            forwarding: &self.client.forwarding,
            authority: &upstream.rest.authority,
            credentials: &upstream.credentials,
            framing: self.framing,
            expectant: body.is_expectant(),
        };
        let mut out = BytesMut::new();
        head.write(&mut out);
        out.freeze()
    }

    /// The request target in origin form, with another name if there is one to set.
    fn target(&self, name: Option<&str>) -> Cow<'_, str> {
        match (name, &self.name) {
            (Some(name), Some((range, _))) => Cow::Owned(rewritten(self.path, self.query, range, name)),
            _ => origin_form(&self.parts.uri),
        }
    }
}

/// For a kept-alive connection, where the request is never the first.
fn lost(unsent: bool) -> Lost {
    if unsent { Lost::Unsent { first: false } } else { Lost::Sent }
}

fn fault(upstream: &Upstream, cause: Cause) -> Fault {
    let name = upstream.name.clone();
    match cause {
        Cause::Connect(error) => Fault::Unreachable(name, error.into()),
        Cause::Broken(error) => Fault::Broken(name, error.into()),
        Cause::Malformed(error) => Fault::Broken(name, error.into()),
        Cause::FirstByte => Fault::FirstByte(name),
        Cause::Client(error) => error.into(),
    }
}

/// Refuses transfer codings other than chunked: the body would be forwarded without the header that names its coding.
fn one_coding(headers: &HeaderMap) -> Result<(), Fault> {
    let other = headers.get_all(TRANSFER_ENCODING).iter().any(|coding| !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"));
    if other { Err(Fault::Coding) } else { Ok(()) }
}

/// The forwarded head of a request whose body has this length; none if it is refused. For fuzzing: a client's headers must
/// never change where its request ends.
#[must_use]
pub fn forwarded_head(method: &Method, target: &str, headers: &HeaderMap, length: Option<u64>) -> Option<Bytes> {
    one_coding(headers).ok()?;
    let head = RequestHead {
        method,
        prefix: "",
        target,
        headers,
        hop_by_hop: &HopByHop::of(headers).ok()?,
        forwarding: &Forwarding::new([127, 0, 0, 1].into(), false),
        authority: &Authority::from_static("origin"),
        credentials: &Credentials::Pass,
        framing: Framing::of(method, headers, length),
        expectant: headers.contains_key(EXPECT),
    };
    let mut out = BytesMut::new();
    head.write(&mut out);
    Some(out.freeze())
}
