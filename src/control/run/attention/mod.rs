//! What needs a person, on one list, for `GET /v1/status`: what it is, why, and what to do next.
//!
//! Pure: [`process`] looks at the replica and its surroundings, [`rollouts`] at what is under way.

mod process;
mod rollouts;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::Serialize;

use crate::control::engine::State;
use crate::control::experiment::ArmUnits;

pub(super) use process::Process;

/// One thing that does not go away by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Attention {
    /// Which canary, alias, replica, webhook or part of Pointsman.
    pub what: String,
    pub why: String,
    /// The command to give next, or what to do where there is no command.
    pub next: String,
}

impl Attention {
    fn new(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), next: next.into() }
    }
}

/// The process first: without the store or the aliases nothing else moves.
pub(super) fn all(state: &State, process: &Process<'_>, units: impl Fn(&str) -> Option<ArmUnits>) -> Vec<Attention> {
    let mut all = process::all(state, process);
    all.extend(rollouts::all(state, units));
    all
}
