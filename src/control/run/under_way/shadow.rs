//! A shadow comparison of its own under way. One before a canary's first stage is the canary's.

use super::{Around, Kind, UnderWay, between};
use crate::control::documents::ShadowDocument;
use crate::rollout::shadow::ShadowState;

pub(super) fn entry(mirroring: &ShadowDocument, around: &Around<'_>) -> UnderWay {
    let shadow = &mirroring.shadow;
    let (progress, time_left_seconds) = between(shadow.created(), shadow.planned_end(), around.now);
    let waits_for = match shadow.state() {
        ShadowState::Running if around.kill_switch => Some("the kill switch, which is on: no reads are mirrored".to_owned()),
        ShadowState::Running | ShadowState::Ended => None,
        ShadowState::Settling => Some("the last counts of every replica".to_owned()),
    };
    let mirrors = shadow.mirrors();
    UnderWay {
        kind: Kind::Shadow,
        id: shadow.id().to_owned(),
        alias: Some(mirroring.alias().to_owned()),
        from: shadow.stable().map(str::to_owned).or_else(|| around.target_of(mirroring.alias())),
        to: vec![shadow.spec().collection.clone()],
        state: shadow.state().name(),
        share_percent: Some(if mirrors { shadow.spec().percentage } else { 0.0 }),
        progress: if mirrors { progress } else { Some(1.0) },
        time_left_seconds: time_left_seconds.filter(|_| mirrors),
        waits_for: around.or_store(waits_for),
        since: shadow.created(),
    }
}
