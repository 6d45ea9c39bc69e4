//! One task for each deployment that is due, on the replica that holds the lease.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Deployments;
use crate::control::clock;
use crate::control::documents::DeploymentDocument;
use crate::control::engine::{Action, CommitExtras, ControlError, Draft};
use crate::rollout::Way;
use crate::rollout::deployment::{Deployment, Outcome, Work};
use crate::rollout::loss::{Counted, Loss};
use crate::store::Fence;

/// How long work goes on in a state that the deployment has left.
const LEFT_WITHIN: Duration = Duration::from_millis(500);

/// The deployments this process is working on: one task each.
#[derive(Clone, Debug, Default)]
pub(in crate::control) struct AtWork(Arc<Mutex<HashSet<String>>>);

/// As long as it lives no other task begins.
struct Claim {
    at_work: AtWork,
    id: String,
}

impl AtWork {
    fn claim(&self, id: &str) -> Option<Claim> {
        self.lock().insert(id.to_owned()).then(|| Claim { at_work: self.clone(), id: id.to_owned() })
    }

    /// Nothing panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.at_work.lock().remove(&self.id);
    }
}

/// What became of a work, with what has to be written along with it.
pub(super) struct Done {
    pub(super) outcome: Outcome,
    pub(super) extras: CommitExtras,
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, extras: CommitExtras::default() }
    }
}

impl Deployments {
    /// Sees to it that each deployment that is due is worked on. Returns at once.
    pub(in crate::control) fn run_due(&self, fence: &Fence) {
        let (state, now) = (self.engine.state(), clock::now());
        let due = state.documents.deployments.values().filter(|document| document.deployment.work(now).is_some());
        for id in due.map(|document| document.deployment.id()) {
            let Some(claim) = self.at_work.claim(id) else { continue };
            let (this, fence) = (self.clone(), fence.clone());
            tokio::spawn(async move {
                if let Err(error) = Box::pin(this.deploy(&claim.id, &fence)).await {
                    tracing::warn!(deployment = claim.id, %error, "a step of a deployment failed; it is tried again");
                }
            });
        }
    }

    /// Looks at what each deployment rests on, also while one waits for people. One that fails is looked at again.
    pub(in crate::control) async fn look_at_bases(&self, fence: &Fence) {
        let state = self.engine.state();
        for document in state.documents.deployments.values() {
            let Err(fault) = self.engine.stands(document.deployment.basis()).await else { continue };
            let lost = self.edit_as_controller(document.deployment.id(), fence, |deployment| {
                deployment.lose_basis(clock::now(), &fault);
                CommitExtras::default()
            });
            if let Err(error) = lost.await {
                tracing::warn!(deployment = document.deployment.id(), %error, "a deployment could not be ended; it is tried again");
            }
        }
    }

    /// Changes one deployment as the controller; what it became is stored before it is acted upon. `edit` may have more
    /// written in the same commit.
    pub(super) async fn edit_as_controller(
        &self,
        id: &str,
        fence: &Fence,
        edit: impl FnOnce(&mut Deployment) -> CommitExtras,
    ) -> Result<(), ControlError> {
        let writing = self.engine.begin_step(Action::DeploymentStep, fence).await;
        let Some(before) = self.document(id) else { return Ok(()) };
        let mut after = before.clone();
        let extras = edit(&mut after.deployment);
        if after == before && extras.is_empty() {
            return Ok(());
        }
        let (writes, events) = (after.writes(Some(&before), &self.engine.state().documents), after.events(Some(&before)));
        let mut draft = Draft::of(writes, events);
        if !draft.events.is_empty() {
            let reason = after.deployment.history().last().map_or_else(String::new, |step| step.reason.clone());
            let (from, to) = (before.deployment.state(), after.deployment.state());
            tracing::info!(deployment = id, alias = after.alias(), state = to.name(), reason, "deployment");
            draft.record_step(after.alias(), reason, &from, &to);
        }
        draft.add(extras);
        writing.commit_once(draft).await
    }

    /// Until nothing is due.
    async fn deploy(&self, id: &str, fence: &Fence) -> Result<(), ControlError> {
        loop {
            let Some(document) = self.document(id) else { return Ok(()) };
            let now = clock::now();
            let Some(work) = document.deployment.work(now) else { return Ok(()) };
            let state = document.deployment.state();
            let done = tokio::select! {
                done = self.carry_out(&document, work, fence) => done,
                () = self.left(id, &document) => continue,
            };
            let Done { outcome, extras } = done;
            // What is said of lost writes is what is known when it is said.
            let losses = self.losses_of(&document.deployment).await;
            self.edit_as_controller(id, fence, |deployment| {
                // An operator has said otherwise while the work was going on.
                if deployment.state() != state {
                    return CommitExtras::default();
                }
                if let Some((counted, back)) = losses {
                    deployment.note_counted(&counted, back);
                }
                deployment.report(clock::now(), outcome);
                extras
            })
            .await?;
        }
    }

    /// None where it is not known: then what was known before is said.
    async fn losses_of(&self, deployment: &Deployment) -> Option<(Counted, Option<Loss>)> {
        let counted = self.losses.counted().await.ok()?;
        let back = self.canary_of(deployment).and_then(|document| document.canary.loss(Way::Back, &counted));
        Some((counted, back))
    }

    /// Until the deployment is not in this state any more.
    async fn left(&self, id: &str, then: &DeploymentDocument) {
        loop {
            tokio::time::sleep(LEFT_WITHIN).await;
            if self.document(id).is_none_or(|now| now.deployment.state() != then.deployment.state()) {
                return;
            }
        }
    }

    async fn carry_out(&self, document: &DeploymentDocument, work: Work, fence: &Fence) -> Done {
        let deployment = &document.deployment;
        let done = match work {
            Work::Check => {
                let attempts = deployment.trouble().map_or(0, |(attempts, _)| attempts);
                self.check(deployment.spec(), deployment.collection(), attempts).await.map(Done::from)
            }
            Work::Create => self.build_collection(deployment, fence).await.map(Done::from),
            Work::Copy => Box::pin(self.copy_points(deployment, fence)).await.map(Done::from),
            Work::Verify => self.verify_copy(deployment).await.map(Done::from),
            Work::Finish => self.finish_collection(deployment).await.map(Done::from),
            Work::Validate => self.validate_collection(deployment).await.map(Done::from),
            Work::Release => self.release(deployment).await,
            Work::Watch => self.watch_release(deployment, fence).await.map(Done::from),
            Work::Undo => self.undo(deployment).await,
        };
        done.unwrap_or_else(Done::from)
    }
}
