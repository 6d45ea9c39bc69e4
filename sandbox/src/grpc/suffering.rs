//! Faults as a gRPC client meets them: waits, cut connections, statuses, slow answers.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::faults::{ConnectionFault, InjectedError, Plan, SlowBody};
use crate::net::Scissors;

/// What comes before the work; a request that is cut or stalled never gets past this.
pub(super) async fn suffer(plan: Plan, scissors: Option<&Scissors>) -> Result<(), Status> {
    if !plan.delay.is_zero() {
        tokio::time::sleep(plan.delay).await;
    }
    match (plan.connection, scissors) {
        (None, _) => {}
        (Some(ConnectionFault::Close), Some(scissors)) => {
            scissors.close();
            std::future::pending::<()>().await;
        }
        (Some(ConnectionFault::Reset), Some(scissors)) => {
            scissors.reset();
            std::future::pending::<()>().await;
        }
        (Some(ConnectionFault::Stall | ConnectionFault::Close | ConnectionFault::Reset), _) => std::future::pending::<()>().await,
    }
    match plan.error {
        Some(error) => Err(status(error)),
        None => Ok(()),
    }
}

fn status(error: InjectedError) -> Status {
    let mut metadata = MetadataMap::new();
    if let Some(seconds) = error.retry_after {
        metadata.insert("retry-after", seconds.into());
    }
    Status::with_metadata(code(error.status), error.message, metadata)
}

/// The code Qdrant gives where its REST API gives this status.
fn code(status: u16) -> Code {
    match status {
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        408 | 504 => Code::DeadlineExceeded,
        409 => Code::AlreadyExists,
        429 | 507 => Code::ResourceExhausted,
        501 => Code::Unimplemented,
        502 | 503 => Code::Unavailable,
        400..=499 => Code::InvalidArgument,
        _ => Code::Internal,
    }
}

/// The same body in pieces with pauses before each; trailers come last and at once.
pub(super) fn slowed(body: Body, slow: SlowBody) -> Body {
    let frames = stream::try_unfold((body, Bytes::new()), move |(mut body, mut rest)| async move {
        if rest.is_empty() {
            let Some(frame) = body.frame().await else { return Ok::<_, Status>(None) };
            match frame?.into_data() {
                Ok(data) => rest = data,
                Err(trailers) => return Ok(Some((trailers, (body, rest)))),
            }
        }
        tokio::time::sleep(Duration::from_millis(slow.delay_ms)).await;
        let piece = rest.split_to(slow.chunk_bytes.min(rest.len()));
        Ok(Some((Frame::data(piece), (body, rest))))
    });
    Body::new(StreamBody::new(frames))
}
