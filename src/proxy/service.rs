//! The beginning of a request: admission, and protocol detection.

use std::convert::Infallible;
use std::rc::Rc;
use std::time::Instant;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response, Version};
use hyper::body::Incoming;

use super::body::{Answer, ClientBody};
use super::client::Client;
use super::health;
use super::life::Admitted;
use super::respond::{Fault, refuse};
use super::worker::Worker;
use super::{grpc, rest};
use crate::protocol::Protocol;

pub(super) async fn serve(worker: Rc<Worker>, client: Rc<Client>, request: Request<Incoming>) -> Result<Response<Answer>, Infallible> {
    let started = Instant::now();
    let (parts, incoming) = request.into_parts();
    let protocol = protocol(parts.version, &parts.headers);
    if let Some(answer) = health::while_stopping(&worker, &parts, protocol) {
        return Ok(answer);
    }
    let idle = worker.live().settings.timeouts.idle;
    let body = Rc::new(ClientBody::new(incoming, parts.version, &parts.headers, idle, worker.memory().hold()));
    let overloaded = || Fault::Overloaded(worker.live().settings.limits.retry_after);
    let permit = if parts.method == Method::CONNECT { Err(Fault::Connect) } else { worker.admit().ok_or_else(overloaded) };
    let permit = match permit {
        Ok(permit) => permit,
        Err(fault) => return Ok(refuse(&worker, &fault, protocol, &body)),
    };
    let admitted = Admitted { worker, permit, body, started };
    let asking = client.asks(started);
    let answer = match protocol {
        Protocol::Rest => rest::serve(&parts, admitted, &client).await,
        Protocol::Grpc => grpc::serve(&parts, admitted, &client).await,
    };
    asking.answered();
    Ok(answer)
}

/// Both ports accept both protocols: the request itself shows which it is.
fn protocol(version: Version, headers: &HeaderMap) -> Protocol {
    let grpc = version == Version::HTTP_2 && headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    if grpc { Protocol::Grpc } else { Protocol::Rest }
}
