//! The writes of the last minutes, for moves of which nothing else is known.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Losses;
use crate::config::{DEFAULT_UPSTREAM, Period};
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
    fn before(&self, collection: &str, now: Instant) -> Option<(Tally, Duration)> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, counted) = kept.front()?;
        Some((counted.tally(DEFAULT_UPSTREAM, collection), now.saturating_duration_since(*at)))
    }
}

impl Losses {
    /// What an operator should know who moves an alias away from a collection that is being written; none where it is not.
    pub(in crate::control) fn recently_written(&self, collection: &str) -> Option<String> {
        let (before, ago) = self.recent.before(collection, Instant::now())?;
        let now = self.counted_lately().tally(DEFAULT_UPSTREAM, collection);
        let writes = now.acknowledged.saturating_sub(before.acknowledged);
        let span = Period::from_secs(ago.as_secs().max(1));
        (writes > 0).then(|| {
            format!(
                "`{collection}` took {writes} acknowledged writes in the last {span}; whether the other collection has them is not known"
            )
        })
    }
}
