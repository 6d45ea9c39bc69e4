//! What may be concluded, live or as it was frozen.

use super::Trial;
use crate::control::clock;
use crate::control::document::json;
use crate::control::error::ControlError;
use crate::control::state::Control;
use crate::experiment::analysis::{Question, Report, analyse};
use crate::experiment::{Phase, Seen};
use crate::metrics::Snapshot;

impl Control {
    /// What can be said about a phase, by default the present or last one: live, or as it was frozen at the end.
    ///
    /// # Errors
    /// When there is no such experiment or phase, or what was counted cannot be read.
    pub async fn analysis(&self, id: &str, phase: Option<u32>) -> Result<serde_json::Value, ControlError> {
        let trial = self.trial(id)?;
        let unknown = |phase: Option<u32>| ControlError::NoPhase { id: id.to_owned(), phase: phase.unwrap_or(0) };
        let number = phase.or(trial.experiment.phase().map(|last| last.number)).ok_or_else(|| unknown(phase))?;
        if let Some(frozen) = trial.experiment.report().and_then(serde_json::Value::as_array) {
            let report = frozen.iter().find(|report| report["phase"] == number);
            return report.cloned().ok_or_else(|| unknown(Some(number)));
        }
        let found = trial.experiment.phases().iter().find(|known| known.number == number).ok_or_else(|| unknown(Some(number)))?;
        let before = self.baseline(&trial).await?;
        Ok(json(&self.phase_report(&trial, found, before.as_ref()).await?))
    }

    /// Of every phase with a split.
    pub(super) async fn reports(&self, trial: &Trial) -> Result<Vec<Report>, ControlError> {
        let before = self.baseline(trial).await?;
        let mut reports = Vec::new();
        for phase in trial.experiment.phases() {
            reports.push(self.phase_report(trial, phase, before.as_ref()).await?);
        }
        Ok(reports)
    }

    async fn phase_report(&self, trial: &Trial, phase: &Phase, before: Option<&Seen>) -> Result<Report, ControlError> {
        let seen = self.seen(trial, phase.number).await?;
        let bounds: Vec<f64> = Snapshot::bounds().into_iter().map(|bound| bound / 1_000.0).collect();
        let (experiment, now) = (&trial.experiment, clock::now());
        let ended = experiment.stopped_at().unwrap_or(now);
        Ok(analyse(&Question {
            id: experiment.id(),
            spec: experiment.spec(),
            phase,
            seen: &seen,
            before: before.filter(|_| phase.number > 0),
            bounds: &bounds,
            now,
            at_the_end: experiment.planned_end().is_some_and(|planned| planned <= ended),
        }))
    }

    /// What was seen before the split, where that was watched.
    async fn baseline(&self, trial: &Trial) -> Result<Option<Seen>, ControlError> {
        match trial.experiment.phases().first().filter(|first| first.number == 0) {
            None => Ok(None),
            Some(_) => self.seen(trial, 0).await.map(Some),
        }
    }
}
