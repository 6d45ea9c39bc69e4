//! Opens one HTTP/2 connection.

use std::cell::Cell;
use std::rc::Rc;

use h2::client::Builder;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::line::{CALLS, Line};
use crate::net::gather;
use crate::upstream::error::{ConnectCause, ConnectError, Stage};
use crate::upstream::{Endpoint, OpenLimits, dial};

/// The receive window of one call. Together with the connection's window it bounds the memory that a slow client can cost:
/// the upstream stops sending when the window is full.
const STREAM_WINDOW: u32 = 256 * 1024;
/// Enough for all calls of a connection that is not crowded: one slow reader never stops another call.
#[expect(clippy::cast_possible_truncation, reason = "a small constant")]
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * CALLS as u32;
/// Large frames: fewer of them for a 4 KB vector times hundreds of points.
const FRAME: u32 = 256 * 1024;
/// How much of each stream may wait in our buffers on its way to the upstream.
const SEND_BUFFER: usize = 256 * 1024;

/// A connection over which the upstream has sent its first bytes, within `limits`. An accepted connection is not enough: the
/// kernel also accepts for a process that hangs.
pub(super) async fn open(endpoint: &Endpoint, limits: OpenLimits) -> Result<Rc<Line>, ConnectError> {
    let limit = limits.connect;
    let deadline = Instant::now() + limit;
    let (socket, turns) = gather::gathered(dial(endpoint, limit).await?.patient(limits.idle));
    let failed = |cause| ConnectError::new(endpoint, Stage::Http2, cause);
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME)
        .max_send_buffer_size(SEND_BUFFER);
    let handshake = tokio::time::timeout_at(deadline, builder.handshake(socket)).await;
    let handshake = handshake.map_err(|_| failed(ConnectCause::TimedOut(limit)))?;
    let (sender, connection) = handshake.map_err(|error| failed(ConnectCause::Http2(error)))?;
    let (heard, open) = (turns.heard(), Rc::new(Cell::new(true)));
    let (driven, (ended, end)) = (Rc::clone(&open), oneshot::channel());
    let driver = tokio::task::spawn_local(async move {
        let outcome = turns.drive(connection).await;
        driven.set(false);
        if let Err(error) = &outcome {
            tracing::debug!(%error, "an upstream gRPC connection ended");
        }
        // No receiver is left once the connection is open.
        let _ = ended.send(outcome);
    });
    let line = Line::new(sender, driver.abort_handle(), Rc::clone(&heard), open);
    tokio::select! {
        biased;
        Ok(outcome) = end => Err(failed(outcome.err().map_or(ConnectCause::Closed, ConnectCause::Http2))),
        () = heard.first() => Ok(line),
        () = tokio::time::sleep_until(deadline) => Err(failed(ConnectCause::TimedOut(limit))),
    }
}
