//! Reported values, all or none of a batch.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Experiments, known};
use crate::control::clock;
use crate::control::engine::ControlError;
use crate::experiment::{Ambiguity, Feedback, Place, Placed, Refused};
use crate::routing::SpecFault;

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "FeedbackTaken")]
pub struct Taken {
    pub accepted: usize,
    /// Their idempotency keys had been seen before; they were not counted again.
    pub duplicates: usize,
    pub warnings: Vec<Ambiguity>,
}

impl Experiments {
    /// Counts reported values. They are in the analysis at once, and on disk within seconds.
    ///
    /// # Errors
    /// When there is no such experiment, or any of the values is refused: then none is counted.
    pub fn take_feedback(&self, id: &str, batch: &[Feedback]) -> Result<Taken, ControlError> {
        let state = self.engine.state();
        let document = known(&state, id)?;
        let now = clock::now();
        let key = &state.documents.token_keys().ok_or(ControlError::Stopping)?.key(now);
        let mut placed: Vec<(&Feedback, Place)> = Vec::with_capacity(batch.len());
        let mut faults = Vec::new();
        for (index, feedback) in batch.iter().enumerate() {
            let held_out = feedback.unit.as_deref().is_some_and(|unit| state.plan.settings.identity.holdout.holds(unit.as_bytes()));
            let place = if held_out { Err(Refused::Outside) } else { feedback.place(&document.experiment, key, now) };
            match place {
                Err(Refused::Closed(state)) => return Err(ControlError::ClosedExperiment { id: id.to_owned(), state }),
                Err(refused) => faults.push(SpecFault::new(format!("[{index}]"), refused.to_string())),
                Ok(place) => placed.push((feedback, place)),
            }
        }
        if !faults.is_empty() {
            return Err(ControlError::Invalid(faults));
        }
        let duplicates = self.book.add(id, &placed);
        let nameless = placed.iter().any(|(_, place)| matches!(place, Place::Value(Placed { bucket: None, .. })));
        Ok(Taken { accepted: placed.len() - duplicates, duplicates, warnings: nameless.then_some(Ambiguity::NoUnit).into_iter().collect() })
    }

    /// The same for values that all have tokens, which say which experiment they are of.
    ///
    /// # Errors
    /// As [`Self::take_feedback`], and when the values are of several experiments.
    pub fn take_feedback_by_token(&self, batch: &[Feedback]) -> Result<Taken, ControlError> {
        let nameless = batch.iter().enumerate().filter(|(_, feedback)| feedback.token.is_none());
        let faults: Vec<SpecFault> = nameless.map(|(index, _)| SpecFault::new(format!("[{index}].token"), "is missing")).collect();
        if !faults.is_empty() {
            return Err(ControlError::Invalid(faults));
        }
        let state = self.engine.state();
        let key = state.documents.token_keys().ok_or(ControlError::Stopping)?.key(clock::now());
        let missing = || ControlError::Invalid(vec![SpecFault::new("token", "is missing")]);
        let token = batch.first().and_then(|first| first.token.as_deref()).ok_or_else(missing)?;
        let token = key.open(token).ok_or(ControlError::UnknownToken("is none of Pointsman's"))?;
        let ending = token.experiment().to_string();
        let id = state.documents.experiments.keys().find(|id| id.ends_with(&ending));
        let id = id.ok_or(ControlError::UnknownToken("belongs to an experiment that is no longer kept"))?;
        self.take_feedback(id, batch)
    }
}
