//! Evidence: what every replica counts, written where all can read it, and read together by the controller.

use super::guards::judge;
use super::observed::Observed;
use super::readings::Readings;
use super::windows::{is_counting, scope};
use super::{Running, writable};
use crate::control::clock;
use crate::control::error::ControlError;
use crate::control::experiment::scope_of_all as scope_of_experiment;
use crate::control::state::Control;
use crate::rollout::{Evidence, Measurement};

impl Control {
    /// Writes down what this process has counted for each canary. By every replica, every second or so: what a process
    /// that is killed has not written is not missed, since shares of what was counted are compared, not sums.
    pub(in crate::control) async fn flush_observations(&self) -> Result<(), ControlError> {
        let state = self.0.state.load_full();
        for running in state.held.canaries.values().filter(|running| is_counting(running)) {
            let seen = writable(&Observed::here(self.registry(), running));
            self.0.store.put_observation(&scope(running), &self.0.replica, &seen).await?;
        }
        Ok(())
    }

    /// Lets go of the counters of windows that are over, and of rollouts that have ended. Not while a table is being built:
    /// it takes its counters before the state that names them is there.
    pub(in crate::control) fn forget_cohorts(&self) {
        let Ok(_writing) = self.0.writer.try_lock() else { return };
        let state = self.0.state.load();
        let windows = state.held.canaries.values().filter(|running| is_counting(running)).map(scope);
        let experiments = state.held.experiments.values().filter(|trial| trial.is_live());
        let kept: Vec<String> = windows.chain(experiments.map(|trial| scope_of_experiment(trial.experiment.id()))).collect();
        self.registry().retain_cohorts(|key| kept.iter().any(|scope| key.starts_with(scope.as_str())));
    }

    /// What is known about a canary now.
    pub(super) async fn evidence(&self, running: &Running, readings: &Readings) -> Evidence {
        let measured = match running.canary.shadow() {
            Some(stage) => self.comparison(running, stage).await,
            None => self.observed(running).await.map(|seen| measurement(running, &seen, readings)),
        };
        let (counted, uncounted) = match self.counted().await {
            Ok(counted) => (counted, None),
            Err(error) => (self.counted_lately(), Some(error.to_string())),
        };
        Evidence {
            applied: self.is_applied(running.revision).await,
            frozen: self.plan().frozen(clock::now()),
            basis: self.stands(running.canary.basis()).await,
            measured: measured.map_err(|error| error.to_string()),
            counted,
            uncounted,
        }
    }

    /// The current window as all replicas have seen it, this one up to now.
    pub(super) async fn observed(&self, running: &Running) -> Result<Observed, ControlError> {
        let mut all = if is_counting(running) { Observed::here(self.registry(), running) } else { Observed::default() };
        for observation in self.0.store.observations(&scope(running)).await? {
            if observation.replica != self.0.replica {
                let theirs = serde_json::from_value(observation.body)
                    .map_err(|error| ControlError::Observation { replica: observation.replica, reason: error.to_string() })?;
                all.add(&theirs);
            }
        }
        Ok(all)
    }

    /// Whether every live replica routes by the store's `revision` or a later one. Not knowing is not yes.
    pub(in crate::control) async fn is_applied(&self, revision: u64) -> bool {
        match self.0.store.replicas().await {
            Ok(replicas) => replicas
                .iter()
                .filter(|replica| super::super::steward::is_live(replica))
                .all(|replica| replica.report.applied_revision >= revision || replica.report.id == self.0.replica),
            Err(error) => {
                tracing::warn!(%error, "it is not known whether every replica has applied the share");
                false
            }
        }
    }
}

fn measurement(running: &Running, seen: &Observed, readings: &Readings) -> Measurement {
    Measurement {
        window: running.canary.window(),
        canary: seen.canary.numbers(),
        control: seen.control.numbers(),
        evaluations: judge(running, seen, readings),
        comparison: None,
    }
}
