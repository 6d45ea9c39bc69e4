//! What may be concluded, live or as it was frozen.

use super::Experiments;
use crate::config::Timestamp;
use crate::control::clock;
use crate::control::documents::{ExperimentDocument, json};
use crate::control::engine::ControlError;
use crate::experiment::analysis::{Question, Report, analyse};
use crate::experiment::{BASELINE, Covered, FIRST_SPLIT, Part, Range, Seen};
use crate::metrics::Snapshot;
use crate::routing::SpecFault;

impl Experiments {
    /// What can be said about a phase, by default the present or last one, or about a range of it: live, or as it was frozen
    /// at the end.
    ///
    /// # Errors
    /// When there is no such experiment or phase, nothing was counted in the range, or what was counted cannot be read.
    pub async fn analysis(&self, id: &str, part: Part) -> Result<serde_json::Value, ControlError> {
        let document = self.known(id)?;
        if let Some((from, to)) = part.from.zip(part.to).filter(|(from, to)| to <= from) {
            return Err(ControlError::Invalid(vec![SpecFault::new("to", format!("{to} is not after {from}"))]));
        }
        let experiment = &document.experiment;
        let unknown = |phase: Option<u32>| ControlError::NoPhase { id: id.to_owned(), phase: phase.unwrap_or(0) };
        let known = |phase: u32| experiment.phases().iter().any(|known| known.number == phase);
        if part.phase.is_some_and(|phase| !known(phase)) || experiment.phases().is_empty() {
            return Err(unknown(part.phase));
        }
        if let Some(frozen) = experiment.report().and_then(serde_json::Value::as_array) {
            if part.is_range() {
                return Err(ControlError::Frozen(id.to_owned()));
            }
            let number = part.phase.or(experiment.phase().map(|last| last.number));
            let report = frozen.iter().find(|report| number.is_some_and(|number| report["phase"] == number));
            return report.cloned().ok_or_else(|| unknown(number));
        }
        let covered = experiment.slices().covering(&part, clock::now()).ok_or_else(|| nothing_in(&document, &part))?;
        let before = self.baseline(&document).await?;
        Ok(json(&self.report_on(&document, &covered, covered.range(&part), before.as_ref()).await?))
    }

    /// Of every phase, that before the split among them.
    pub(super) async fn reports(&self, document: &ExperimentDocument) -> Result<Vec<Report>, ControlError> {
        let before = self.baseline(document).await?;
        let mut reports = Vec::new();
        for phase in document.experiment.phases() {
            if let Some(covered) = whole(document, phase.number) {
                reports.push(self.report_on(document, &covered, None, before.as_ref()).await?);
            }
        }
        Ok(reports)
    }

    async fn report_on(
        &self,
        document: &ExperimentDocument,
        covered: &Covered,
        range: Option<Range>,
        before: Option<&Seen>,
    ) -> Result<Report, ControlError> {
        let seen = self.seen(document, covered.phase, &covered.slices).await?;
        let bounds: Vec<f64> = Snapshot::bounds().into_iter().map(|bound| bound / 1_000.0).collect();
        let (experiment, now) = (&document.experiment, clock::now());
        let ended = experiment.stopped_at().unwrap_or(now);
        let phase = experiment.phases().iter().find(|phase| phase.number == covered.phase);
        let phase = phase.ok_or_else(|| ControlError::NoPhase { id: experiment.id().to_owned(), phase: covered.phase })?;
        // A phase that an operator ended early was watched until then, so it has no planned end of its own.
        let lasted = |planned: Timestamp| planned <= ended && phase.until.is_none_or(|until| until >= planned);
        Ok(analyse(&Question {
            id: experiment.id(),
            spec: experiment.spec(),
            phase,
            range,
            seen: &seen,
            // Under other weights arms hold units that the pre-period had counted for another one.
            before: before.filter(|_| covered.phase == FIRST_SPLIT),
            control_was: experiment.control_was(),
            bounds: &bounds,
            now,
            at_the_end: range.is_none() && experiment.planned_end().is_some_and(lasted),
        }))
    }

    /// What was seen before the split, where that was watched.
    async fn baseline(&self, document: &ExperimentDocument) -> Result<Option<Seen>, ControlError> {
        match whole(document, BASELINE) {
            None => Ok(None),
            Some(covered) => self.seen(document, BASELINE, &covered.slices).await.map(Some),
        }
    }
}

fn whole(document: &ExperimentDocument, phase: u32) -> Option<Covered> {
    document.experiment.slices().covering(&Part { phase: Some(phase), ..Part::default() }, clock::now())
}

/// Which times there are to ask for.
fn nothing_in(document: &ExperimentDocument, part: &Part) -> ControlError {
    let field = if part.from.is_some() { "from" } else { "to" };
    let first = document.experiment.slices().all().iter().find(|slice| part.phase.is_none_or(|phase| slice.phase == phase));
    let since = first.map_or_else(|| "nothing was counted yet".to_owned(), |first| format!("it was counted from {} to now", first.since));
    ControlError::Invalid(vec![SpecFault::new(field, format!("nothing of the experiment lies in this range: {since}"))])
}
