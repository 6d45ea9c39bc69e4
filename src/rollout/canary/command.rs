//! What people ask of a canary.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{By, Canary, Ending, PauseReason, State};
use crate::rollout::{Share, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CanaryCommand")]
pub enum Command {
    /// Keep the share, stop the stage's clock.
    Pause,
    /// Continue the stage. After a failed guard or signal its window starts again.
    Resume,
    /// Leave this stage, the comparison before the first one, or the watch, without waiting for it.
    Skip,
    /// Go to 100 % and move the alias without waiting for anything.
    Promote,
    Approve,
    /// Go back to 0 % and end.
    Abort,
}

/// A command that does not fit the state; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action} a canary that is {state}: {why}")]
pub struct Illegal {
    pub action: &'static str,
    pub state: State,
    pub why: String,
}

impl Illegal {
    pub(super) fn new(action: &'static str, state: State, why: impl Into<String>) -> Self {
        Self { action, state, why: why.into() }
    }
}

impl Command {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Skip => "skip",
            Self::Promote => "promote",
            Self::Approve => "approve",
            Self::Abort => "abort",
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Canary {
    /// Executes an operator's command, or says why not.
    ///
    /// # Errors
    /// When the command does not fit the state; then nothing was changed.
    pub fn command(&mut self, now: Timestamp, command: Command, by: &By) -> Result<(), Illegal> {
        let done = match command {
            Command::Pause => self.pause(now, by),
            Command::Resume => self.resume(now, by),
            Command::Skip => self.skip(now, by),
            Command::Promote => self.promote_now(now, by),
            Command::Approve => self.approve(now, by),
            Command::Abort => self.end(now, Ending::Aborted, by).ok_or_else(|| "it has ended or is on its way back".to_owned()),
        };
        done.map_err(|why| Illegal::new(command.name(), self.state, why))
    }

    /// The global kill switch. While it is on the canary serves no user; when it goes off the canary stays at 0 %
    /// until an operator resumes it.
    pub fn kill_switch(&mut self, now: Timestamp, on: bool, by: &By) {
        self.killed = on;
        if !on {
            return;
        }
        match self.state {
            State::Paused { because: PauseReason::KillSwitch } => {}
            State::Shadowing | State::Stepping | State::Paused { .. } => {
                if self.shadow().is_none() {
                    self.command_share(now, Share::ZERO);
                }
                self.enter(now, State::Paused { because: PauseReason::KillSwitch }, by);
            }
            // Whether the alias has moved already is unknown. The one safe way to stable is to switch it back.
            State::Promoting => self.roll_back(now, Ending::RolledBack, by),
            // Before the start there is nothing to take away, and after the promotion stable is the new collection.
            _ => {}
        }
    }

    fn pause(&mut self, now: Timestamp, by: &By) -> Result<(), String> {
        match self.state {
            State::Shadowing | State::Stepping => {}
            State::Paused { because } if because.clears_itself() || because == PauseReason::Approval => {}
            State::Paused { .. } => return Err("it stands still already".to_owned()),
            _ => return Err("only stages can be paused".to_owned()),
        }
        self.enter(now, State::Paused { because: PauseReason::User }, by);
        Ok(())
    }

    fn resume(&mut self, now: Timestamp, by: &By) -> Result<(), String> {
        let State::Paused { because } = self.state else { return Err("it is not paused".to_owned()) };
        match because {
            _ if self.killed => return Err("the kill switch is on".to_owned()),
            PauseReason::Approval => return Err("it waits for an approval".to_owned()),
            PauseReason::LostWrites => {
                return Err("its promotion would lose acknowledged writes; approve it with accept_lost_writes, or abort it".to_owned());
            }
            PauseReason::Inconclusive | PauseReason::NoData | PauseReason::Freeze | PauseReason::Error => {
                return Err("it goes on by itself when what holds it is over; skip the stage to overrule that".to_owned());
            }
            PauseReason::User => {}
            // The same question is put to new evidence: what has been looked at must not fail it a second time.
            PauseReason::Guard | PauseReason::Signal => self.start_window(now),
            PauseReason::KillSwitch if self.shadow().is_some() => self.begin_mirroring(now),
            PauseReason::KillSwitch => self.command_stage_share(now),
        }
        self.enter(now, self.going(), by);
        Ok(())
    }

    fn skip(&mut self, now: Timestamp, by: &By) -> Result<(), String> {
        match self.state {
            State::Watching => {
                self.complete(now, by);
                return Ok(());
            }
            State::Shadowing | State::Stepping | State::Paused { .. } => self.may_hurry()?,
            _ => return Err("only stages and the watch can be skipped".to_owned()),
        }
        if self.shadow().is_some() {
            self.enter_stage(now, 0, by);
        } else if self.stage < self.plan.last_stage() {
            self.enter_stage(now, self.stage + 1, by);
        } else {
            self.waive(now, by);
        }
        Ok(())
    }

    fn promote_now(&mut self, now: Timestamp, by: &By) -> Result<(), String> {
        if !matches!(self.state, State::Shadowing | State::Stepping | State::Paused { .. }) {
            return Err("only what is in a stage can be promoted".to_owned());
        }
        self.may_hurry()?;
        self.waive(now, by);
        Ok(())
    }

    /// Goes through the last stage without waiting: also in a hurry, everything is on the canary before the alias moves.
    fn waive(&mut self, now: Timestamp, by: &By) {
        let last = self.plan.last_stage();
        if self.stage < last || self.share != self.current().share {
            self.enter_stage(now, last, by);
        } else {
            self.enter(now, State::Stepping, by);
        }
        self.step.waived = true;
        self.step.approved = true;
    }

    fn may_hurry(&self) -> Result<(), String> {
        match &self.frozen {
            _ if self.killed => Err("the kill switch is on".to_owned()),
            Some(freeze) => Err(freeze.clone()),
            None => Ok(()),
        }
    }

    fn approve(&mut self, now: Timestamp, by: &By) -> Result<(), String> {
        if !matches!(self.state, State::Paused { because: PauseReason::Approval | PauseReason::LostWrites }) {
            return Err("it does not wait for an approval".to_owned());
        }
        self.step.approved = true;
        self.enter(now, State::Stepping, by);
        Ok(())
    }
}
