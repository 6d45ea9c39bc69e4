//! One canary under way: the whole of its state, and who may change it.
//!
//! Everything that happens to it comes in by [`Canary::tick`], [`Canary::command`], the outcomes of its effects, the kill
//! switch and [`Canary::supersede`]; what it wants done stands in its outbox. Each of these leaves a state that can be
//! stored, read by another replica, and carried on.

mod command;
mod effect;
mod history;
mod judge;
mod judgement;
mod rests;
mod rollback;
mod settle;
mod shadow;
mod stage;
mod stakes;
mod state;
mod status;
mod tick;

use serde::{Deserialize, Serialize};

pub use command::{Command, Illegal};
pub use effect::{Effect, Endpoint, Notice, Pending};
pub use history::{By, History, Transition};
pub use stage::Phase;
pub use stakes::Way;
pub use state::{Ending, PauseReason, State};
pub use status::{CanaryStatus, ShadowStatus};

use super::{ComparisonNumbers, Measurement, Plan, Share, Timestamp};
use effect::Outbox;
use stage::Step;
use stakes::Stakes;

/// A canary, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    id: String,
    plan: Plan,
    state: State,
    /// Zero-based.
    stage: usize,
    step: Step,
    /// As commanded last; the replicas may still be on their way there.
    share: Share,
    /// The collection the alias pointed at when the pre-checks passed: where the way back leads.
    stable: Option<String>,
    /// Why that collection could not be compared with the new one, if it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uncompared: Option<String>,
    footprint: Footprint,
    /// The global kill switch is on.
    killed: bool,
    /// Why nothing may be promoted, as of the last tick.
    frozen: Option<String>,
    created: Timestamp,
    /// When the comparison or the first stage began; the deadline counts from here.
    started: Option<Timestamp>,
    /// The last look or transition; the time since then may count for the stage.
    ticked: Option<Timestamp>,
    /// The operator knows that the deadline has passed.
    overdue: bool,
    outbox: Outbox,
    /// The newest numbers of the current window, else of the one before it.
    measured: Option<Measurement>,
    /// What the comparison before the first stage came to, as of its last look.
    #[serde(default)]
    compared: Option<ComparisonNumbers>,
    /// The window it was in.
    #[serde(default)]
    compared_in: Option<u64>,
    /// The writes that only one of the two collections gets.
    #[serde(default)]
    stakes: Stakes,
    history: History,
}

/// What this canary may have changed in the world, and so has to undo. Set before the effect is executed, since nobody
/// knows how far an executor came that died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Footprint {
    route: bool,
    alias: bool,
}

impl Canary {
    /// A canary that begins with its pre-checks once it is due. `id` also names its salt and its audit trail.
    #[must_use]
    pub fn create(id: impl Into<String>, plan: Plan, now: Timestamp, by: &By) -> Self {
        let mut canary = Self {
            id: id.into(),
            plan,
            state: State::Scheduled,
            stage: 0,
            step: Step::default(),
            share: Share::ZERO,
            stable: None,
            uncompared: None,
            footprint: Footprint::default(),
            killed: false,
            frozen: None,
            created: now,
            started: None,
            ticked: None,
            overdue: false,
            outbox: Outbox::default(),
            measured: None,
            compared: None,
            compared_in: None,
            stakes: Stakes::default(),
            history: History::default(),
        };
        canary.enter(now, State::Scheduled, by);
        canary.ticked = None;
        canary
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Zero-based.
    #[must_use]
    pub fn stage(&self) -> usize {
        self.stage
    }

    /// The share commanded last.
    #[must_use]
    pub fn share(&self) -> Share {
        self.share
    }

    /// The window whose numbers are to be measured now.
    #[must_use]
    pub fn window(&self) -> u64 {
        self.step.window
    }

    /// The window of the comparison before the first stage, once there was a look at it.
    #[must_use]
    pub fn compared_in(&self) -> Option<u64> {
        self.compared_in
    }

    /// The collection the alias leads back to, once the pre-checks have found it.
    #[must_use]
    pub fn stable(&self) -> Option<&str> {
        self.stable.as_deref()
    }

    /// The effects whose time has come, to be executed one at a time and in this order, after this state is stored.
    /// Executing one twice must be the same as once: a crash in between repeats it under the same number.
    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = &Pending> {
        self.outbox.due(now)
    }

    /// When this canary wants to be looked at next; never again when it has ended and nothing is left to do.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        let next = self.ticked.map_or(self.created, |ticked| ticked.plus(self.plan.spec().check_interval));
        let look = match self.state {
            state if state.is_terminal() => None,
            State::Scheduled => Some(next.max(self.plan.spec().start_at.unwrap_or_default())),
            _ => Some(next),
        };
        look.into_iter().chain(self.outbox.earliest()).min()
    }

    /// The only way from one state to another: nothing happens without an actor, a reason and what was known.
    fn enter(&mut self, now: Timestamp, state: State, by: &By) {
        let from = std::mem::replace(&mut self.state, state);
        self.ticked = Some(now);
        self.history.push(Transition {
            at: now,
            from,
            to: state,
            stage: self.stage,
            shadow: self.step.shadow,
            percentage: self.share.percentage(),
            actor: by.actor.clone(),
            reason: by.reason.clone(),
            evidence: self.measured.clone(),
        });
    }

    fn notify(&mut self, now: Timestamp, event: Notice, text: impl Into<String>) {
        self.outbox.notify(now, event, text.into());
    }
}
