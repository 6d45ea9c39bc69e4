//! What each replica does besides serving: it says that it is there, writes down what it has counted, and, as long as it
//! holds the lease, carries out what is due. Losing the store stops all of it and nothing else (I6).

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::document;
use super::error::ControlError;
use super::state::Control;
use super::webhooks::Couriers;
use crate::store::{Fence, Lease, Replica, ReplicaReport, Retention, StoreError};

/// How often there is a look at what is due.
const PACE: Duration = Duration::from_millis(250);
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long a controller that has died is believed to live. With [`HEARTBEAT`] it bounds a take-over.
const LEASE: Duration = Duration::from_secs(10);
/// How often what nobody needs any more is cleared away.
const CLEARING: Duration = Duration::from_secs(600);
/// A replica that has said nothing for so long serves nobody any more, as far as anybody can know.
const SILENCE: Duration = Duration::from_secs(10);

pub(super) fn is_live(replica: &Replica) -> bool {
    replica.age < SILENCE
}

/// The controller's right to write, by this process's own clock.
struct Held {
    fence: Fence,
    until: Instant,
}

/// Runs for as long as it is polled.
pub(super) async fn run(control: Control) {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reported: Option<Instant> = None;
    let mut held: Option<Held> = None;
    let mut cleared: Option<Instant> = None;
    let mut couriers = Couriers::default();
    let mut told = None;
    loop {
        pace.tick().await;
        if reported.is_none_or(|at| at.elapsed() >= HEARTBEAT) {
            let asked = Instant::now();
            match control.report_alive().await {
                Ok(lease) => {
                    held = keep(held.as_ref(), &lease, asked);
                    control.tell_of_lease(&mut told, &lease).await;
                }
                Err(error) => tracing::debug!(%error, "nothing could be reported to the store"),
            }
            reported = Some(asked);
        }
        // A lease that ran out while the store was away may be somebody else's by now.
        held = held.filter(|held| Instant::now() < held.until);
        match &held {
            Some(held) => couriers.keep(&control, &held.fence),
            None => couriers.stop(),
        }
        if let Some(held) = &held {
            control.step_canaries(&held.fence).await;
            control.step_experiments(&held.fence).await;
            control.step_shadows(&held.fence).await;
            control.run_due_retirements(&held.fence);
            control.look_at_deployments(&held.fence).await;
            control.run_due_deployments(&held.fence);
            if cleared.is_none_or(|at| at.elapsed() >= CLEARING) {
                control.clear_away(&held.fence).await;
                cleared = Some(Instant::now());
            }
        }
    }
}

fn keep(before: Option<&Held>, lease: &Lease, asked: Instant) -> Option<Held> {
    let now = lease.fence().map(|fence| Held { fence, until: asked + lease.remaining });
    match (before, &now) {
        (None, Some(held)) => tracing::info!(epoch = held.fence.epoch, "this replica is the controller now"),
        (Some(_), None) => tracing::warn!(holder = lease.holder, "another replica is the controller now"),
        _ => {}
    }
    now
}

impl Control {
    /// Keeps the store from growing for ever. What fails is done next time.
    async fn clear_away(&self, fence: &Fence) {
        if let Err(error) = self.clear_ended(fence).await {
            tracing::warn!(%error, "what has ended could not be cleared away");
        }
        if let Err(error) = self.fold_writes().await {
            tracing::warn!(%error, "the counts of replicas that have ended could not be added up");
        }
        if let Err(error) = self.abandon_deliveries().await {
            tracing::warn!(%error, "deliveries to webhooks that are gone could not be given up");
        }
        match self.0.store.prune(&Retention::default()).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "old entries of the store were cleared away"),
            Err(error) => tracing::warn!(%error, "old entries of the store could not be cleared away"),
        }
    }

    async fn report_alive(&self) -> Result<Lease, StoreError> {
        let state = self.0.state.load_full();
        let mut body = document::json(&self.usage_report());
        body["webhooks"] = document::json(&self.0.board.last());
        let report = ReplicaReport {
            id: self.0.replica.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            applied_revision: state.held.revision,
            body,
        };
        self.0.store.heartbeat(&report).await?;
        if let Err(error) = self.look_at_backlog().await {
            tracing::debug!(%error, "what webhooks are owed could not be looked up");
        }
        if let Err(error) = self.write_down().await {
            tracing::debug!(%error, "what was counted could not be written down; it is tried again");
        }
        self.0.store.acquire_or_renew(&self.0.replica, LEASE).await
    }

    /// What this process has counted, so that others can read it and nothing is lost when it goes; and a look at what others
    /// have, as far as it has to be known everywhere.
    async fn write_down(&self) -> Result<(), ControlError> {
        self.flush_writes(false).await?;
        self.learn_writes().await?;
        self.flush_observations().await?;
        self.flush_experiments().await?;
        self.flush_comparisons().await?;
        self.forget_cohorts();
        self.forget_comparisons();
        self.learn_keys().await
    }

    /// For a replica that goes away in order: nobody waits for it, and the lease is free at once.
    pub async fn leave(&self) {
        let store = &self.0.store;
        let left = async {
            self.write_down().await?;
            self.flush_writes(true).await?;
            store.release(&self.0.replica).await?;
            store.forget_replica(&self.0.replica).await?;
            Ok::<_, ControlError>(())
        };
        if let Err(error) = left.await {
            tracing::warn!(%error, "the store could not be told that this replica leaves");
        }
        store.close().await;
    }
}
