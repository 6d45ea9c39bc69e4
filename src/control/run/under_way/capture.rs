//! A capture under way. It lives in this replica alone, and has no document.

use super::{Around, Kind, UnderWay, fraction, seconds};
use crate::live::Capture;
use crate::rollout::Timestamp;

pub(super) fn entry(capture: &Capture, around: &Around<'_>) -> UnderWay {
    let since = Timestamp::from_millis(capture.terms.begun_ms);
    let longest = u64::try_from(capture.terms.max_duration.as_millis()).unwrap_or(u64::MAX);
    UnderWay {
        kind: Kind::Capture,
        id: capture.terms.id.to_string(),
        alias: Some(capture.alias.to_string()),
        from: around.target_of(&capture.alias).or_else(|| Some(capture.alias.to_string())),
        to: Vec::new(),
        state: "recording",
        share_percent: Some(capture.terms.percentage),
        progress: fraction(capture.recorded(), capture.wanted()),
        time_left_seconds: Some(seconds(longest.saturating_sub(around.now.since(since)))),
        waits_for: around.kill_switch.then(|| "the kill switch, which is on: no searches are recorded".to_owned()),
        since,
    }
}
