//! One task for each deployment that is due, on the replica that holds the lease.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Deploying;
use crate::control::besides::Besides;
use crate::control::clock;
use crate::control::error::ControlError;
use crate::control::state::Control;
use crate::rollout::Way;
use crate::rollout::deployment::{Deployment, Outcome, Work};
use crate::rollout::loss::{Counted, Loss};
use crate::store::Fence;

/// How long work goes on in a state that somebody has left.
const LEFT_WITHIN: Duration = Duration::from_millis(500);

/// The deployments this process is working on: one task each.
#[derive(Clone, Debug, Default)]
pub(in crate::control) struct AtWork(Arc<Mutex<HashSet<String>>>);

/// As long as it lives nobody else begins.
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
    pub(super) besides: Besides,
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, besides: Besides::default() }
    }
}

impl Control {
    /// Sees to it that each deployment that is due is worked on. Returns at once.
    pub(in crate::control) fn run_due_deployments(&self, fence: &Fence) {
        let (state, now) = (self.0.state.load(), clock::now());
        let due = state.held.deployments.values().filter(|deploying| deploying.deployment.work(now).is_some());
        for id in due.map(|deploying| deploying.deployment.id()) {
            let Some(claim) = self.0.deploying.claim(id) else { continue };
            let (control, fence) = (self.clone(), fence.clone());
            tokio::spawn(async move {
                if let Err(error) = Box::pin(control.deploy(&claim.id, &fence)).await {
                    tracing::warn!(deployment = claim.id, %error, "a deployment could not be gone on with; it is tried again");
                }
            });
        }
    }

    /// Looks at what each deployment rests on, also while one waits for people. One that fails is looked at again.
    pub(in crate::control) async fn look_at_deployments(&self, fence: &Fence) {
        let state = self.0.state.load_full();
        for deploying in state.held.deployments.values() {
            let Err(fault) = self.stands(deploying.deployment.basis()).await else { continue };
            let lost = self.edit_deployment(deploying.deployment.id(), fence, |deployment| {
                deployment.lose_basis(clock::now(), &fault);
                Besides::default()
            });
            if let Err(error) = lost.await {
                tracing::warn!(deployment = deploying.deployment.id(), %error, "a deployment could not be ended; it is tried again");
            }
        }
    }

    /// Until nothing is due.
    async fn deploy(&self, id: &str, fence: &Fence) -> Result<(), ControlError> {
        loop {
            let Some(deploying) = self.deployment_document(id) else { return Ok(()) };
            let now = clock::now();
            let Some(work) = deploying.deployment.work(now) else { return Ok(()) };
            let state = deploying.deployment.state();
            let done = tokio::select! {
                done = self.carry_out(&deploying, work, fence) => done,
                () = self.left(id, &deploying) => continue,
            };
            let Done { outcome, besides } = done;
            // What is said of lost writes is what is known when it is said.
            let losses = self.losses_of(&deploying.deployment).await;
            self.edit_deployment(id, fence, |deployment| {
                // Somebody has said otherwise while the work was going on.
                if deployment.state() != state {
                    return Besides::default();
                }
                if let Some((counted, back)) = losses {
                    deployment.note_counted(&counted, back);
                }
                deployment.report(clock::now(), outcome);
                besides
            })
            .await?;
        }
    }

    /// None where it is not known: then what was known before is said.
    async fn losses_of(&self, deployment: &Deployment) -> Option<(Counted, Option<Loss>)> {
        let counted = self.counted().await.ok()?;
        let back = self.canary_of(deployment).and_then(|running| running.canary.loss(Way::Back, &counted));
        Some((counted, back))
    }

    /// Until the deployment is not in this state any more.
    async fn left(&self, id: &str, then: &Deploying) {
        loop {
            tokio::time::sleep(LEFT_WITHIN).await;
            if self.deployment_document(id).is_none_or(|now| now.deployment.state() != then.deployment.state()) {
                return;
            }
        }
    }

    async fn carry_out(&self, deploying: &Deploying, work: Work, fence: &Fence) -> Done {
        let deployment = &deploying.deployment;
        let done = match work {
            Work::Check => {
                let attempts = deployment.trouble().map_or(0, |(attempts, _)| attempts);
                self.check_deployment(deployment.spec(), deployment.collection(), attempts).await.map(Done::from)
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
