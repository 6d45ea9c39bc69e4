//! What has ended leaves things behind, and when they go.

use super::author::{Author, Deed};
use super::canary::{scope_of_all, scope_of_comparison};
use super::document::{CANARY, DEPLOYMENT, EXPERIMENT, RETIREMENT, SHADOW};
use super::error::ControlError;
use super::experiment::scope_of_all as scope_of_experiment;
use super::shadow::scope_of_all as scope_of_shadow;
use super::state::Control;
use crate::store::{self, Expected, Fence, Key, Kind, Write};

/// Of each kind, the newest that have ended are kept; what they did stays in the audit log and in the events.
const KEPT: usize = 200;

impl Control {
    /// Drops what was counted for canaries that have ended, and the oldest of all that has ended.
    pub(super) async fn clear_ended(&self, fence: &Fence) -> Result<(), ControlError> {
        let _writing = self.0.writer.lock().await;
        let state = self.0.state.load_full();
        let canaries: Vec<_> = state.held.canaries.iter().filter(|(_, running)| !running.is_live()).collect();
        let forgotten = canaries.len().saturating_sub(KEPT);
        for (at, (id, running)) in canaries.iter().enumerate() {
            let kept = scope_of_comparison(running).filter(|_| at >= forgotten);
            self.drop_all_but(&scope_of_all(id), kept.as_deref()).await?;
        }
        let canaries: Vec<&str> = canaries.into_iter().map(|(id, _)| id.as_str()).collect();
        let experiments = state.held.experiments.iter().filter(|(_, trial)| !trial.is_live()).map(|(id, _)| id.as_str());
        let mut experiments: Vec<&str> = experiments.collect();
        for id in &experiments {
            self.0.store.drop_observations(&scope_of_experiment(id)).await?;
        }
        // Their names stand before their time.
        experiments.sort_by_key(|id| id.rsplit('_').next());
        let shadows = state.held.shadows.iter().filter(|(_, mirroring)| !mirroring.is_live()).map(|(id, _)| id.as_str());
        let shadows: Vec<&str> = shadows.collect();
        for id in &shadows {
            self.0.store.drop_observations(&scope_of_shadow(id)).await?;
        }
        let retirements = state.held.retirements.iter().filter(|(_, retirement)| retirement.state.is_terminal());
        let retirements: Vec<&str> = retirements.map(|(id, _)| id.as_str()).collect();
        let deployments = state.held.deployments.iter().filter(|(_, deploying)| !deploying.is_live());
        let deployments: Vec<&str> = deployments.map(|(id, _)| id.as_str()).collect();
        let ended = [
            (&CANARY, &canaries),
            (&RETIREMENT, &retirements),
            (&DEPLOYMENT, &deployments),
            (&EXPERIMENT, &experiments),
            (&SHADOW, &shadows),
        ];
        let forgotten = ended.into_iter().flat_map(|(kind, ids)| oldest(kind, ids));
        let writes: Vec<Write> = forgotten.chain(self.departed_for_good()).collect();
        if writes.is_empty() {
            return Ok(());
        }
        let author = Author::pointsman(format!("only the newest {KEPT} of each kind that have ended are kept"));
        let audit = author.did(Deed { action: "rollouts.forget", subject: "" }, None, None);
        let change = store::Change { fence: Some(fence.clone()), ..store::Change::new(audit, writes) };
        self.commit(change).await
    }

    async fn drop_all_but(&self, prefix: &str, kept: Option<&str>) -> Result<(), ControlError> {
        let Some(kept) = kept else {
            self.0.store.drop_observations(prefix).await?;
            return Ok(());
        };
        for scope in self.0.store.observed_scopes(prefix).await?.iter().filter(|scope| scope.as_str() != kept) {
            self.0.store.drop_observations(scope).await?;
        }
        Ok(())
    }
}

/// Ids begin with the time of creation, so the oldest come first.
fn oldest<'a>(kind: &'a Kind, ended: &'a [&str]) -> impl Iterator<Item = Write> + 'a {
    let ended = &ended[..ended.len().saturating_sub(KEPT)];
    ended.iter().map(|id| Write::Delete { key: Key::new(kind.clone(), *id), expected: Expected::Any })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::control::testing::{config, control};

    #[tokio::test]
    async fn of_a_canary_that_has_ended_its_comparison_stays() {
        let control = control(config()).await;
        let store = &control.0.store;
        for scope in ["canary/a/1/", "canary/a/12/", "canary/a/2/", "canary/b/1/"] {
            store.put_observation(scope, "replica", &json!({})).await.expect("the store answers");
        }
        let left = async || {
            let mut left = store.observed_scopes("canary/").await.expect("the store answers");
            left.sort();
            left
        };
        control.drop_all_but("canary/a/", Some("canary/a/1/")).await.expect("the store answers");
        assert_eq!(left().await, ["canary/a/1/", "canary/b/1/"]);
        control.drop_all_but("canary/a/", None).await.expect("the store answers");
        assert_eq!(left().await, ["canary/b/1/"]);
    }
}
