//! What happened to a canary, in bounded space.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::State;
use crate::rollout::{Measurement, Timestamp};

/// How a canary began matters as much as how it ended; what lies between can be told from the audit trail.
const FIRST: usize = 10;
const LAST: usize = 40;

/// Who did something, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    pub actor: String,
    pub reason: String,
}

impl By {
    #[must_use]
    pub fn new(actor: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { actor: actor.into(), reason: reason.into() }
    }

    /// The machine itself.
    pub(in crate::rollout) fn controller(reason: impl Into<String>) -> Self {
        Self::new("controller", reason)
    }
}

/// One step from a state to the next, or from a stage to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CanaryTransition")]
pub struct Transition {
    pub at: Timestamp,
    pub from: State,
    pub to: State,
    /// The stage and the commanded share after it.
    pub stage: usize,
    /// It is about the comparison before the first stage.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shadow: bool,
    pub percentage: f64,
    pub actor: String,
    pub reason: String,
    /// What was known then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Measurement>,
}

/// The first and the last transitions, and how many between them were dropped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CanaryHistory")]
pub struct History {
    pub first: Vec<Transition>,
    pub dropped: u64,
    pub last: VecDeque<Transition>,
}

impl History {
    pub(super) fn push(&mut self, transition: Transition) {
        if self.first.len() < FIRST {
            return self.first.push(transition);
        }
        if self.last.len() == LAST {
            self.last.pop_front();
            self.dropped += 1;
        }
        self.last.push_back(transition);
    }

    pub fn iter(&self) -> impl Iterator<Item = &Transition> {
        self.first.iter().chain(&self.last)
    }

    #[must_use]
    pub fn last_transition(&self) -> Option<&Transition> {
        self.last.back().or_else(|| self.first.last())
    }

    /// How many there were, the dropped ones too.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.dropped + self.iter().map(|_| 1).sum::<u64>()
    }
}
