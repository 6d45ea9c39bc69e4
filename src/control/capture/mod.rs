//! Recording what users ask of an alias, for whoever reads along.
//!
//! A capture lives in this process alone, and as long as its reader: nothing of it is stored but that it was asked for. It is
//! an overlay of the state, so the table is built with it as with everything else. Opt-in twice: `shadow.capture`
//! allows it, and somebody has to ask.

mod spec;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use ulid::Ulid;

pub use spec::CaptureSpec;

use super::author::{Author, Deed};
use super::clock;
use super::document::json;
use super::error::ControlError;
use super::names::known_alias;
use super::state::{Control, State};
use crate::golden::{Ended, Header, Progress, VERSION};
use crate::live::{Capture, Recorded, Terms};
use crate::rollout::Share;
use crate::store;

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

impl Control {
    /// Begins to record; it ends when what is returned is dropped.
    ///
    /// # Errors
    /// When the configuration does not allow it, the spec is faulty, the name is unknown, there are too many already, or the
    /// audit log cannot be written.
    pub async fn capture(&self, spec: CaptureSpec, author: Author) -> Result<Capturing, ControlError> {
        let (control, alias, by) = (self.clone(), spec.alias.clone(), author.clone());
        let beginning = async move { control.capture_now(spec, &by).await };
        self.to_its_end(ACTION, alias, author, beginning).await
    }

    async fn capture_now(&self, spec: CaptureSpec, author: &Author) -> Result<Capturing, ControlError> {
        if !self.may_capture() {
            return Err(ControlError::CapturesOff);
        }
        let faults = spec.check();
        if !faults.is_empty() {
            return Err(ControlError::Invalid(faults));
        }
        let _writing = self.0.writer.lock().await;
        let state = self.0.state.load_full();
        // Applications may ask a collection by its own name.
        if !state.listing.collections.contains(&spec.alias) {
            known_alias(&state.listing, &spec.alias)?;
        }
        if state.captures.len() >= MAX_CAPTURES {
            return Err(ControlError::TooManyCaptures(MAX_CAPTURES));
        }
        // In the log before a line of it is on its way (I4).
        let audit = author.did(Deed { action: ACTION, subject: &spec.alias }, None, Some(json(&spec)));
        self.commit(store::Change::new(audit, Vec::new())).await?;
        let header =
            Header { pointsman_capture: VERSION, alias: spec.alias.clone(), captured_at: clock::now(), percentage: spec.percentage };
        let terms = Terms {
            id: format!("capture_{}", Ulid::new()).into(),
            begun_ms: header.captured_at.millis(),
            max_duration: spec.max_duration.get(),
            percentage: spec.percentage,
        };
        let (capture, lines) = Capture::channel(&spec.alias, Share::from_percentage(spec.percentage).slots(), spec.count, terms);
        self.record(|captures| captures.push(Arc::clone(&capture)));
        tracing::info!(alias = spec.alias, count = spec.count, actor = author.actor, "a capture begins");
        let (control, watched) = (self.clone(), Arc::clone(&capture));
        // A reader that stands still without leaving cannot be told that its time is over, and keeps no place for that.
        let longest = spec.max_duration.get() + STANDSTILL;
        tokio::spawn(async move {
            let _ = tokio::time::timeout(longest, watched.closed()).await;
            let _writing = control.0.writer.lock().await;
            control.record(|captures| captures.retain(|capture| !Arc::ptr_eq(capture, &watched)));
            tracing::info!(alias = &*watched.alias, "a capture is over");
        });
        Ok(Capturing { header, lines, count: spec.count as u64, max_duration: spec.max_duration.get(), capture })
    }

    /// Whether the configuration allows it.
    #[must_use]
    pub fn may_capture(&self) -> bool {
        self.plan().captures
    }

    /// Publishes with other captures. Only the holder of the writer's lock calls it.
    fn record(&self, change: impl FnOnce(&mut Vec<Arc<Capture>>)) {
        let mut next = State::clone(&self.0.state.load());
        change(&mut next.captures);
        next.revision += 1;
        self.publish(next);
    }
}

/// In the audit log.
const ACTION: &str = "capture";
