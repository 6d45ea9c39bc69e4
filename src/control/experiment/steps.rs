//! What is due, by the controller.

use super::Experiments;
use crate::config::Timestamp;
use crate::control::clock;
use crate::control::documents::{ExperimentDocument, Resource, json};
use crate::control::engine::{Action, ControlError, aside};
use crate::experiment::{Experiment, State};
use crate::rollout::BasisFault;
use crate::store::Fence;

/// What there is to see of one experiment at one look.
struct Seen<'a> {
    points_at: Option<&'a str>,
    basis: Result<(), BasisFault>,
    now: Timestamp,
}

impl Seen<'_> {
    /// Whether anything followed from it.
    fn heeded_by(&self, experiment: &mut Experiment) -> bool {
        let gone = self.basis.as_ref().err().filter(|fault| fault.is_known()).map(ToString::to_string);
        if gone.is_some_and(|what| experiment.lose(self.now, &what)) {
            return true;
        }
        let ticked = experiment.tick(self.now);
        let Some(points_at) = self.points_at else { return ticked };
        let noticed = experiment.notice(self.now, points_at);
        let merged = experiment.merged_arm(points_at).map(|arm| format!("the alias was moved to `{points_at}`, which is the arm `{arm}`"));
        merged.is_some_and(|what| experiment.lose(self.now, &what)) || noticed || ticked
    }
}

impl Experiments {
    /// Moves on every experiment whose time has come, and takes note of aliases that were moved and of what is gone. One that fails
    /// is tried again at the next round.
    pub(in crate::control) async fn step_all(&self, fence: &Fence) {
        let (state, now) = (self.engine.state(), clock::now());
        for document in state.documents.experiments.values() {
            let basis = self.engine.stands(document.basis()).await;
            let points_at = document.alias().and_then(|alias| state.listing.aliases.get(alias)).map(String::as_str);
            let is_due = document.experiment.due_at().is_some_and(|due| due <= now);
            let is_news = |collection: &str| document.experiment.is_news(collection) || document.lost_track_of(collection);
            if !is_due && basis.is_ok() && !points_at.is_some_and(is_news) {
                continue;
            }
            let seen = Seen { points_at, basis, now };
            if let Err(error) = self.step(document, &seen, fence).await {
                tracing::warn!(experiment = document.experiment.id(), %error, "an experiment could not be moved on; it is tried again");
            }
        }
    }

    async fn step(&self, before: &ExperimentDocument, seen: &Seen<'_>, fence: &Fence) -> Result<(), ControlError> {
        let (mut after, now) = (before.clone(), seen.now);
        let mut quietly = "the next slice of time begins".to_owned();
        if before.experiment.state() == State::Settling {
            // The last word needs what every replica has counted, and they all know by now that it is over.
            if !self.engine.is_applied(before.revision).await {
                return Ok(());
            }
            let (this, document) = (self.clone(), before.clone());
            let reports = aside(async move { this.reports(&document).await }).await.ok_or(ControlError::Stopping)??;
            after.experiment.end(now, json(&reports));
        } else {
            let moved_to = seen.points_at.filter(|points_at| before.lost_track_of(points_at));
            if let Some(points_at) = moved_to {
                after.follow(points_at, &self.losses.counted().await?);
                quietly = format!("the alias was moved to `{points_at}`, whose writes are counted from now on");
            }
            if !seen.heeded_by(&mut after.experiment) && moved_to.is_none() {
                return Ok(());
            }
        }
        let writing = self.engine.begin_step(Action::ExperimentStep, fence).await;
        // A new slice of time is no step of its history: there would be hundreds.
        let step = after.experiment.history().last().filter(|last| before.experiment.history().last() != Some(*last));
        let reason = step.map_or(quietly, |step| step.reason.clone());
        let subject = before.alias().unwrap_or(before.id());
        let stepped = writing.commit(|state, draft| {
            draft.writes = after.writes(Some(before), &state.documents);
            draft.events = after.events(Some(before));
            draft.record_step(subject, reason.clone(), &before.experiment.state(), &after.experiment.state());
            Ok(())
        });
        stepped.await?;
        if step.is_some() {
            tracing::info!(experiment = after.experiment.id(), state = after.experiment.state().name(), "experiment");
        }
        Ok(())
    }
}
