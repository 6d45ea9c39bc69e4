//! Retirements: the scheduled deletion of an unused collection.
//!
//! Pure, as the whole room: `control` keeps a [`Retirement`] as a document, gathers [`Facts`] when its time has come, and
//! does what [`Retirement::decide`] says. It keeps I5: whatever refers to the collection ends the retirement, whatever
//! uses it delays it, and so does whatever could not be found out. Nothing is remembered from one look to the next:
//! each deletion stands on facts gathered after it was announced as [`State::Deleting`].

mod decision;
mod family;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::config::Period;

pub use decision::{Decision, Fact, Facts, InFlight, Referrers};
pub use family::{FamilyMember, Kept, MixedVersions, Retention, family_of, retention};

/// The grace period when the request names none.
pub const DEFAULT_GRACE: Period = Period::from_secs(24 * 3_600);

/// The first pause after a look that found reasons against; it doubles up to [`LONGEST_PAUSE_MS`].
const FIRST_PAUSE_MS: u64 = 5_000;
const LONGEST_PAUSE_MS: u64 = 300_000;

/// How far a retirement has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RetirementState")]
pub enum State {
    Scheduled,
    /// Its time has come, and something is in the way. It is looked at again and again.
    Blocked,
    /// A snapshot is being taken before the deletion.
    Snapshotting,
    /// The deletion has been announced, and may have been sent.
    Deleting,
    /// The collection is gone.
    Done,
    /// Something refers to the collection, or an operator cancelled it.
    Cancelled,
    /// Qdrant would not, or it would have hit something else.
    Refused,
}

impl State {
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled | Self::Refused)
    }

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Blocked => "blocked",
            Self::Snapshotting => "snapshotting",
            Self::Deleting => "deleting",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
        }
    }
}

/// One retirement, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RetirementDocument")]
pub struct Retirement {
    pub id: String,
    pub upstream: String,
    pub collection: String,
    /// Nothing is deleted before.
    pub due_at: Timestamp,
    pub grace_ms: u64,
    pub created: Timestamp,
    pub actor: String,
    #[serde(default)]
    pub reason: Option<String>,
    pub state: State,
    /// Whether a snapshot is to be taken first.
    pub snapshot: bool,
    /// The caller has accepted that writes are lost which no other collection has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accept_lost_writes: bool,
    /// The snapshot that was taken.
    #[serde(default)]
    pub snapshot_name: Option<String>,
    /// Why it is blocked, cancelled or refused.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// Looks in a row that found it blocked.
    #[serde(default)]
    pub attempts: u32,
    /// When a blocked one is looked at again.
    #[serde(default)]
    pub next_look: Option<Timestamp>,
    /// When it became what it is.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// The store's revision of the last change; its `ETag`.
    #[serde(skip)]
    pub revision: u64,
}

impl Retirement {
    /// A retirement before its first check, made by Pointsman itself unless an actor is named.
    #[must_use]
    pub fn scheduled(id: String, upstream: &str, collection: &str, grace: Period, now: Timestamp) -> Self {
        Self {
            id,
            upstream: upstream.to_owned(),
            collection: collection.to_owned(),
            due_at: now.plus(grace),
            grace_ms: u64::try_from(grace.get().as_millis()).unwrap_or(u64::MAX),
            created: now,
            actor: "pointsman".to_owned(),
            reason: None,
            state: State::Scheduled,
            snapshot: false,
            accept_lost_writes: false,
            snapshot_name: None,
            reasons: Vec::new(),
            attempts: 0,
            next_look: None,
            since: Some(now),
            revision: 0,
        }
    }

    /// When it has to be looked at; none when it has ended.
    #[must_use]
    pub fn look_at(&self) -> Option<Timestamp> {
        (!self.state.is_terminal()).then(|| self.next_look.map_or(self.due_at, |next| next.max(self.due_at)))
    }

    #[must_use]
    pub fn is_of(&self, upstream: &str, collection: &str) -> bool {
        self.upstream == upstream && self.collection == collection
    }

    /// Something is in the way: another look later, each time a little later.
    pub fn block(&mut self, now: Timestamp, reasons: Vec<String>) {
        let pause = FIRST_PAUSE_MS.saturating_mul(1_u64.checked_shl(self.attempts).unwrap_or(u64::MAX)).min(LONGEST_PAUSE_MS);
        self.attempts = self.attempts.saturating_add(1);
        self.next_look = Some(now.plus(Period::from_millis(pause)));
        self.turn(State::Blocked, now, reasons);
    }

    /// Into a state that needs no reason.
    pub fn advance(&mut self, now: Timestamp, state: State) {
        self.next_look = None;
        self.attempts = 0;
        self.turn(state, now, Vec::new());
    }

    /// Into a terminal state, or one an operator has to hear the reasons of.
    pub fn end(&mut self, now: Timestamp, state: State, reasons: Vec<String>) {
        self.next_look = None;
        self.turn(state, now, reasons);
    }

    fn turn(&mut self, state: State, now: Timestamp, reasons: Vec<String>) {
        if self.state != state {
            self.since = Some(now);
        }
        self.state = state;
        self.reasons = reasons;
    }
}
