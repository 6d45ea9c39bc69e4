//! Garbage-collects finished rollouts and their observations. By the leader, every few minutes.

use super::Control;
use crate::control::documents::{Noun, Observations, Resource};
use crate::control::engine::{Action, ControlError, Draft};
use crate::store::{Expected, Fence, Retention, Write};

/// Of each noun, the newest that have ended are kept; what they did stays in the audit log and in the events.
const KEPT: usize = 200;

impl Control {
    /// Keeps the store from growing for ever. What fails is done next time.
    pub(super) async fn collect_garbage(&self, fence: &Fence) {
        if let Err(error) = self.collect_ended(fence).await {
            tracing::warn!(%error, "finished rollouts could not be garbage-collected");
        }
        if let Err(error) = self.losses.fold_writes().await {
            tracing::warn!(%error, "the counts of replicas that have ended could not be added up");
        }
        if let Err(error) = self.webhooks.abandon().await {
            tracing::warn!(%error, "deliveries to webhooks that are gone could not be given up");
        }
        match self.engine.store().prune(&Retention::default()).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "old entries of the store were cleared away"),
            Err(error) => tracing::warn!(%error, "old entries of the store could not be cleared away"),
        }
    }

    /// Drops what was counted for everything that has ended, and the oldest of each noun.
    pub(in crate::control) async fn collect_ended(&self, fence: &Fence) -> Result<(), ControlError> {
        let documents = self.engine.state().documents.clone();
        let mut draft = Draft::default();
        for noun in Noun::ALL {
            let mut ended: Vec<&dyn Resource> = documents.all().filter(|one| one.noun() == *noun && !one.is_live()).collect();
            // Ids end with a ULID, which sorts by age; those of experiments begin with a name.
            ended.sort_by_key(|one| one.id().rsplit('_').next());
            let forgotten = ended.len().saturating_sub(KEPT);
            for (at, one) in ended.into_iter().enumerate() {
                let observations = one.observations();
                if at < forgotten {
                    draft.writes.push(Write::Delete { key: one.document_key(), expected: Expected::Any });
                    self.drop_observations(observations.map(|all| Observations { kept: None, ..all })).await?;
                } else {
                    self.drop_observations(observations).await?;
                }
            }
        }
        draft.writes.extend(self.engine.state().departed_for_good());
        if draft.writes.is_empty() {
            return Ok(());
        }
        let reason = format!("only the newest {KEPT} of each kind that have ended are kept");
        draft.record_forgotten(reason);
        self.engine.begin_step(Action::RolloutsForget, fence).await.commit_once(draft).await
    }

    async fn drop_observations(&self, observations: Option<Observations>) -> Result<(), ControlError> {
        let (Some(Observations { prefix, kept }), store) = (observations, self.engine.store()) else { return Ok(()) };
        let Some(kept) = kept else {
            store.drop_observations(&prefix).await?;
            return Ok(());
        };
        for scope in store.observed_scopes(&prefix).await?.iter().filter(|scope| **scope != kept) {
            store.drop_observations(scope).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::control::testing::{config, control};

    fn observations(kept: Option<&str>) -> Option<Observations> {
        Some(Observations { prefix: "canary/a/".to_owned(), kept: kept.map(str::to_owned) })
    }

    #[tokio::test]
    async fn of_a_canary_that_has_ended_its_comparison_stays() {
        let control = control(config()).await;
        let store = control.engine.store();
        for scope in ["canary/a/1/", "canary/a/12/", "canary/a/2/", "canary/b/1/"] {
            store.put_observation(scope, "replica", &json!({})).await.expect("the store answers");
        }
        let left = async || {
            let mut left = store.observed_scopes("canary/").await.expect("the store answers");
            left.sort();
            left
        };
        control.drop_observations(observations(Some("canary/a/1/"))).await.expect("the store answers");
        assert_eq!(left().await, ["canary/a/1/", "canary/b/1/"]);
        control.drop_observations(observations(None)).await.expect("the store answers");
        assert_eq!(left().await, ["canary/b/1/"]);
    }
}
