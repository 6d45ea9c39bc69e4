//! `POST /v1/captures`: lines of a golden set, as users ask.
//!
//! The answer is newline-delimited JSON and lasts as long as the capture: a reader that leaves ends it, and one that is slow
//! loses lines, which the progress counts. It is of the replica that was asked.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use serde_json::json;
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep};

use super::AdminState;
use super::api::{Answer, Answers, Operation, Schemas};
use super::caller::By;
use super::extract::Json;
use super::problem::Problem;
use crate::control::{CaptureSpec, Capturing, Control};
use crate::golden::{Ended, Header, Progress, Query};

/// So that a reader knows how far it is, and nothing on the way takes a quiet stream for a dead one.
const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn create(State(state): State<AdminState>, By(caller): By, Json(spec): Json<CaptureSpec>) -> Result<Capture, Problem> {
    let caller = caller.because(spec.reason.clone());
    let capturing = state.control.captures.begin(spec, caller).await?;
    let lines = lines(Recording::begin(state.control, capturing));
    Ok(Capture(Body::from_stream(lines)))
}

/// The lines, as they come.
pub(super) struct Capture(Body);

impl IntoResponse for Capture {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/x-ndjson")], self.0).into_response()
    }
}

impl Answers for Capture {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        let lines = [schemas.answer::<Header>(), schemas.answer::<Query>(), schemas.answer::<Progress>()];
        let schema = json!({
            "type": "string",
            "description": "JSON objects, one a line: a CaptureHeader, then as many CaptureQuery as are recorded, and a CaptureProgress each \
                second and at the end.",
            "x-line": {"oneOf": lines},
        });
        operation.answers(StatusCode::OK, Answer::of("application/x-ndjson", "The lines, until the capture ends.", &schema));
    }
}

/// One reader's way through the lines.
struct Recording {
    control: Control,
    capturing: Capturing,
    recorded: u64,
    over: Pin<Box<Sleep>>,
    ticks: Interval,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Header,
    Lines,
    Over,
}

/// What comes next.
enum Next {
    Line(Bytes),
    Ended(Ended),
    Tick,
}

impl Recording {
    fn begin(control: Control, capturing: Capturing) -> Self {
        let over = Box::pin(tokio::time::sleep(capturing.max_duration));
        let mut ticks = tokio::time::interval_at(Instant::now() + EVERY, EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { control, capturing, recorded: 0, over, ticks, stage: Stage::Header }
    }

    /// None when all has been said.
    async fn piece(&mut self) -> Option<String> {
        match self.stage {
            Stage::Header => {
                self.stage = Stage::Lines;
                Some(self.capturing.header.line())
            }
            Stage::Lines => Some(match self.next().await {
                Next::Line(line) => {
                    self.recorded += 1;
                    String::from_utf8_lossy(&line).into_owned()
                }
                Next::Tick => self.capturing.progress(self.recorded, None).line(),
                Next::Ended(why) => {
                    self.stage = Stage::Over;
                    self.capturing.progress(self.recorded, Some(why)).line()
                }
            }),
            Stage::Over => None,
        }
    }

    async fn next(&mut self) -> Next {
        if self.recorded >= self.capturing.count {
            return Next::Ended(Ended::Count);
        }
        if !self.control.captures.are_allowed() {
            return Next::Ended(Ended::SwitchedOff);
        }
        let stopping = self.control.readiness().clone();
        tokio::select! {
            biased;
            () = stopping.draining() => Next::Ended(Ended::Stopping),
            () = &mut self.over => Next::Ended(Ended::Time),
            line = self.capturing.lines.recv() => match line {
                // From here on it is the connection's, and no part of the mirror's memory.
                Some(recorded) => Next::Line(recorded.line),
                None => Next::Ended(Ended::Stopping),
            },
            _ = self.ticks.tick() => Next::Tick,
        }
    }
}

fn lines(recording: Recording) -> impl Stream<Item = Result<String, Infallible>> {
    stream::unfold(recording, |mut recording| async move {
        let piece = recording.piece().await?;
        Some((Ok(piece + "\n"), recording))
    })
}
