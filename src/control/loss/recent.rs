//! The writes of the last minutes, for moves of which nothing else is known.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::DEFAULT_UPSTREAM;
use crate::rollout::loss::{Counted, Tally};

const EVERY: Duration = Duration::from_secs(60);
const KEPT: usize = 10;

/// What all replicas had counted, minute by minute.
#[derive(Debug, Default)]
pub(in crate::control) struct Recent(Mutex<VecDeque<(Instant, Counted)>>);

impl Recent {
    pub(super) fn note(&self, counted: &Counted, now: Instant) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.back().is_none_or(|(at, _)| now.saturating_duration_since(*at) >= EVERY) {
            kept.push_back((now, counted.clone()));
        }
        while kept.len() > KEPT {
            kept.pop_front();
        }
    }

    /// The tally of a collection at the beginning of what is remembered, and how long ago that was.
    pub(super) fn before(&self, collection: &str, now: Instant) -> Option<(Tally, Duration)> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, counted) = kept.front()?;
        Some((counted.tally(DEFAULT_UPSTREAM, collection), now.saturating_duration_since(*at)))
    }
}
