//! A retirement that has not ended.

use super::{Around, Kind, UnderWay, between};
use crate::rollout::retirement::{Retirement, State};

pub(super) fn entry(retirement: &Retirement, around: &Around<'_>) -> UnderWay {
    let (progress, time_left_seconds) = between(retirement.created, retirement.due_at, around.now);
    let waits = retirement.state == State::Scheduled;
    UnderWay {
        kind: Kind::Retirement,
        id: retirement.id.clone(),
        alias: None,
        from: Some(retirement.collection.clone()),
        to: Vec::new(),
        state: retirement.state.name(),
        share_percent: None,
        progress: progress.filter(|_| waits),
        time_left_seconds: time_left_seconds.filter(|_| waits),
        waits_for: around.or_store(waits_for(retirement, around)),
        since: retirement.created,
    }
}

fn waits_for(retirement: &Retirement, around: &Around<'_>) -> Option<String> {
    match retirement.state {
        State::Scheduled if retirement.due_at > around.now => Some(format!("the end of its grace period at {}", retirement.due_at)),
        State::Scheduled => Some("the leader's next look".to_owned()),
        State::Blocked => Some(format!("what is in its way to go: {}", retirement.reasons.join("; "))),
        State::Snapshotting => Some("Qdrant to take the snapshot".to_owned()),
        State::Deleting => Some("Qdrant to delete the collection".to_owned()),
        State::Done | State::Cancelled | State::Refused => None,
    }
}
