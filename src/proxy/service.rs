//! The life of a request (design, section 2), as one function: admit, tell the protocols apart, serve.

use std::convert::Infallible;
use std::rc::Rc;
use std::time::Instant;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response, Version};
use hyper::body::Incoming;

use super::body::Answer;
use super::client::Client;
use super::respond::Fault;
use super::worker::Worker;
use super::{grpc, rest};
use crate::metrics::Protocol;

pub(super) async fn serve(worker: Rc<Worker>, client: Rc<Client>, request: Request<Incoming>) -> Result<Response<Answer>, Infallible> {
    let started = Instant::now();
    let protocol = protocol(request.version(), request.headers());
    let permit = match worker.admit(protocol) {
        Ok(permit) => permit,
        Err(answer) => return Ok(*answer),
    };
    if request.method() == Method::CONNECT {
        return Ok(worker.reject(&Fault::Connect, protocol));
    }
    Ok(match protocol {
        Protocol::Rest => rest::serve(&worker, request, &client, permit, started).await,
        Protocol::Grpc => grpc::serve(&worker, request, &client, permit, started).await,
    })
}

/// Either port takes either protocol: what a request is, it says itself.
fn protocol(version: Version, headers: &HeaderMap) -> Protocol {
    let grpc = version == Version::HTTP_2 && headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    if grpc { Protocol::Grpc } else { Protocol::Rest }
}
