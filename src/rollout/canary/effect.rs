//! What a canary wants done, until it is done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Period;
use crate::rollout::{Share, Timestamp};

const FIRST_BACKOFF_MS: u64 = 1_000;
const LONGEST_BACKOFF_MS: u64 = 300_000;

/// A collection, and the upstream it lives on when that is not the alias's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "EffectTarget")]
pub struct Endpoint {
    pub collection: String,
    pub upstream: Option<String>,
}

/// One thing to do. Each is idempotent: done twice, it is as if done once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// The alias resolves; the collection exists, is green, not empty and compatible; nothing else runs on the alias.
    RunChecks {
        alias: String,
        candidate: Endpoint,
    },
    /// Route this share of the alias to the candidate. Requests decided from then on count under `window`.
    SetShare {
        alias: String,
        candidate: Endpoint,
        share: Share,
        window: u64,
    },
    /// The same share, but what is seen from now on counts under `window`.
    StartWindow {
        window: u64,
    },
    /// One alias action. Done already when the alias points at `to`; refused when it points at neither.
    SwitchAlias {
        alias: String,
        expect: String,
        to: String,
    },
    /// Make the alias transparent. What it serves from then on counts under `window`.
    TakeRouteOff {
        alias: String,
        window: u64,
    },
    /// Undo a switch, if there was one: only when the alias points at `from`. Done already when it does not.
    RestoreAlias {
        alias: String,
        from: String,
        to: String,
    },
    ScheduleRetirement {
        collection: String,
        grace: Period,
    },
    Notify {
        event: Notice,
        text: String,
    },
}

/// What operators are told without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    StageChanged,
    Paused,
    /// A guard or signal fails, and nothing is done about it by itself.
    GuardFailing,
    ApprovalNeeded,
    DeadlinePassed,
    /// Some replica has not applied a share within its time.
    ReplicaLagging,
    /// An effect failed and is tried again.
    EffectFailing,
    Promoted,
    Completed,
    RollingBack,
    RolledBack,
    RollbackFailed,
    Ended,
}

/// An effect that has not been reported done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PendingEffect")]
pub struct Pending {
    /// Grows by one with each effect of this canary and is never used again, so that a late report of one that is not
    /// wanted any more is known for what it is.
    pub number: u64,
    pub effect: Effect,
    pub attempts: u32,
    pub due: Timestamp,
    pub last_error: Option<String>,
}

/// The effects in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Outbox {
    issued: u64,
    pending: Vec<Pending>,
}

impl Outbox {
    pub(super) fn push(&mut self, now: Timestamp, effect: Effect) {
        self.issued += 1;
        self.pending.push(Pending { number: self.issued, effect, attempts: 0, due: now, last_error: None });
    }

    /// A newer notice of one kind replaces an older one, so they stay few however long they wait.
    pub(super) fn notify(&mut self, now: Timestamp, event: Notice, text: String) {
        self.pending.retain(|pending| !matches!(&pending.effect, Effect::Notify { event: older, .. } if *older == event));
        self.push(now, Effect::Notify { event, text });
    }

    /// Forgets what is no longer wanted.
    pub(super) fn drop_if(&mut self, unwanted: impl Fn(&Effect) -> bool) {
        self.pending.retain(|pending| !unwanted(&pending.effect));
    }

    pub(super) fn has(&self, wanted: impl Fn(&Effect) -> bool) -> bool {
        self.pending.iter().any(|pending| wanted(&pending.effect))
    }

    /// Takes an effect out; none when it is not wanted any more, or was reported before.
    pub(super) fn take(&mut self, number: u64) -> Option<Effect> {
        let index = self.pending.iter().position(|pending| pending.number == number)?;
        Some(self.pending.remove(index).effect)
    }

    /// Puts an effect off, for longer each time. Says which effect, and how often it has been tried.
    pub(super) fn put_off(&mut self, now: Timestamp, number: u64, reason: &str) -> Option<(&Effect, u32)> {
        let pending = self.pending.iter_mut().find(|pending| pending.number == number)?;
        let backoff = FIRST_BACKOFF_MS.saturating_mul(1 << pending.attempts.min(20)).min(LONGEST_BACKOFF_MS);
        pending.attempts = pending.attempts.saturating_add(1);
        pending.due = now.plus(Period::from_millis(backoff));
        pending.last_error = Some(reason.to_owned());
        Some((&pending.effect, pending.attempts))
    }

    pub(super) fn due(&self, now: Timestamp) -> impl Iterator<Item = &Pending> {
        self.pending.iter().filter(move |pending| pending.due <= now)
    }

    pub(super) fn earliest(&self) -> Option<Timestamp> {
        self.pending.iter().map(|pending| pending.due).min()
    }

    pub(super) fn pending(&self) -> &[Pending] {
        &self.pending
    }
}

impl Effect {
    pub(super) fn is_notice(&self) -> bool {
        matches!(self, Self::Notify { .. })
    }

    /// For people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunChecks { .. } => "running the pre-checks",
            Self::SetShare { .. } => "setting the share",
            Self::StartWindow { .. } => "starting a window",
            Self::SwitchAlias { .. } => "switching the alias",
            Self::TakeRouteOff { .. } => "taking the route off",
            Self::RestoreAlias { .. } => "restoring the alias",
            Self::ScheduleRetirement { .. } => "scheduling the retirement",
            Self::Notify { .. } => "notifying",
        }
    }
}
