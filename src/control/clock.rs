//! What time it is for rollouts, and for the store: the same clock in two notations.

use crate::{rollout, store};

pub(super) fn now() -> rollout::Timestamp {
    rollout::Timestamp::from_millis(u64::try_from(store::Timestamp::now().as_millis()).unwrap_or(0))
}

pub(super) fn stored(at: rollout::Timestamp) -> store::Timestamp {
    store::Timestamp::from_millis(i64::try_from(at.millis()).unwrap_or(i64::MAX))
}
