//! Recording what users ask of an alias, for a reader.
//!
//! A capture lives in this process alone, and as long as its reader: nothing of it is stored but that it was asked for. It is
//! an overlay of the state, so the table is built with it as with everything else. Opt-in twice: `shadow.capture`
//! allows it, and an operator has to ask.

mod spec;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use ulid::Ulid;

pub use spec::CaptureSpec;

use super::clock;
use super::engine::{Action, Caller, ControlError, Engine, Intent, known_alias};
use crate::golden::{Ended, Header, Progress, VERSION};
use crate::live::{Capture, Recorded, Terms};
use crate::rollout::Share;

/// At a time, in this process: each is a reader, a queue of lines, and work for the mirror's one thread.
const MAX_CAPTURES: usize = 4;

/// How long after its end a reader may take to hear of it.
const STANDSTILL: Duration = Duration::from_secs(3);

/// A capture under way. Dropped, it is over.
#[derive(Debug)]
pub struct Capturing {
    pub header: Header,
    pub lines: mpsc::Receiver<Recorded>,
    /// How many are wanted.
    pub count: u64,
    pub max_duration: Duration,
    capture: Arc<Capture>,
}

impl Capturing {
    /// How far it is when so many lines have been read.
    #[must_use]
    pub fn progress(&self, recorded: u64, ended: Option<Ended>) -> Progress {
        let (repeated, withheld) = self.capture.repeats_and_withheld();
        Progress { recorded, repeated, withheld, dropped: self.capture.missing(), ended }
    }
}

/// The captures of this process. Clones are the same.
#[derive(Clone, Debug)]
pub struct Captures {
    engine: Engine,
}

impl Captures {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Begins to record; it ends when what is returned is dropped.
    ///
    /// # Errors
    /// When the configuration does not allow it, the spec is faulty, the name is unknown, there are too many already, or the
    /// audit log cannot be written.
    pub async fn begin(&self, spec: CaptureSpec, caller: Caller) -> Result<Capturing, ControlError> {
        let (this, intent) = (self.clone(), Intent::new(Action::CaptureCreate, &spec.alias, caller));
        self.engine.run(intent.clone(), async move { this.begin_now(spec, intent).await }).await
    }

    async fn begin_now(&self, spec: CaptureSpec, intent: Intent) -> Result<Capturing, ControlError> {
        if !self.are_allowed() {
            return Err(ControlError::CapturesOff);
        }
        let faults = spec.check();
        if !faults.is_empty() {
            return Err(ControlError::Invalid(faults));
        }
        let actor = intent.caller.actor.clone();
        let writing = self.engine.begin(intent).await?;
        // In the log before a line of it is on its way (I4).
        let recorded = writing.commit(|state, draft| {
            // Applications may ask a collection by its own name.
            if !state.listing.collections.contains(&spec.alias) {
                known_alias(&state.listing, &spec.alias)?;
            }
            if state.captures.len() >= MAX_CAPTURES {
                return Err(ControlError::TooManyCaptures(MAX_CAPTURES));
            }
            draft.record(None::<&()>, Some(&spec));
            Ok(())
        });
        recorded.await?;
        let header =
            Header { pointsman_capture: VERSION, alias: spec.alias.clone(), captured_at: clock::now(), percentage: spec.percentage };
        let terms = Terms {
            id: format!("capture_{}", Ulid::generate()).into(),
            begun_ms: header.captured_at.millis(),
            max_duration: spec.max_duration.get(),
            percentage: spec.percentage,
        };
        let (capture, lines) = Capture::channel(&spec.alias, Share::from_percentage(spec.percentage).slots(), spec.count, terms);
        self.engine.publish_next(|state| state.captures.push(Arc::clone(&capture)));
        drop(writing);
        tracing::info!(alias = spec.alias, count = spec.count, actor, "a capture begins");
        let (engine, watched) = (self.engine.clone(), Arc::clone(&capture));
        // A reader that stands still without leaving cannot be told that its time is over, and keeps no place for that.
        let longest = spec.max_duration.get() + STANDSTILL;
        tokio::spawn(async move {
            let _ = tokio::time::timeout(longest, watched.closed()).await;
            let _still = engine.still().await;
            engine.publish_next(|state| state.captures.retain(|capture| !Arc::ptr_eq(capture, &watched)));
            tracing::info!(alias = &*watched.alias, "a capture is over");
        });
        Ok(Capturing { header, lines, count: spec.count as u64, max_duration: spec.max_duration.get(), capture })
    }

    /// Whether the configuration allows it.
    #[must_use]
    pub fn are_allowed(&self) -> bool {
        self.engine.plan().captures
    }
}
