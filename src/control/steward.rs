//! What each replica does in the background: it keeps or gets the lease, says that it is there, writes down what it has counted,
//! and, as long as it holds the lease, carries out what is due. Losing the store stops all of it and nothing else (I6).

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
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

/// What is known of the lease.
#[derive(Clone, Debug, Default)]
struct Steering {
    /// As it stood last; none until the store has answered.
    lease: Option<Lease>,
    /// The right to write, by this process's own clock.
    held: Option<Held>,
}

#[derive(Clone, Debug)]
struct Held {
    fence: Fence,
    until: Instant,
}

/// Runs for as long as it is polled.
pub(super) async fn run(control: Control) {
    let (tell, steering) = watch::channel(Steering::default());
    // In a task of its own, which ends with this one: what is due may take long, and the lease must not.
    let mut keeper = JoinSet::new();
    keeper.spawn(keep(control.clone(), tell));
    // Boxed, as what it does at each beat is: large, and rarely all of it.
    Box::pin(steer(control, steering)).await;
}

/// Keeps the lease, and says that this replica is there.
async fn keep(control: Control, tell: watch::Sender<Steering>) {
    let mut beat = interval(HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut standstill = Standstill::default();
    loop {
        beat.tick().await;
        let asked = Instant::now();
        match control.renew_lease(&mut standstill, asked).await {
            Ok(lease) => {
                let held = held(tell.borrow().held.as_ref(), &lease, asked);
                tell.send_replace(Steering { lease: Some(lease), held });
            }
            Err(error) => tracing::debug!(%error, "the lease could not be renewed"),
        }
        if let Err(error) = control.report_alive().await {
            tracing::debug!(%error, "nothing could be reported to the store");
        }
    }
}

fn held(before: Option<&Held>, lease: &Lease, asked: Instant) -> Option<Held> {
    let now = lease.fence().map(|fence| Held { fence, until: asked + lease.remaining });
    match (before, &now) {
        (None, Some(held)) => tracing::info!(epoch = held.fence.epoch, "this replica is the controller now"),
        (Some(_), None) => tracing::warn!(holder = lease.holder, "another replica is the controller now"),
        _ => {}
    }
    now
}

/// Carries out what is due, as long as the lease is held.
async fn steer(control: Control, steering: watch::Receiver<Steering>) {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut cleared: Option<Instant> = None;
    let mut couriers = Couriers::default();
    let mut told = None;
    loop {
        pace.tick().await;
        let Steering { lease, held } = steering.borrow().clone();
        if let Some(lease) = lease {
            control.tell_of_lease(&mut told, &lease).await;
        }
        // A lease that ran out while the store was away may be another replica's by now.
        let Some(held) = held.filter(|held| Instant::now() < held.until) else {
            couriers.stop();
            continue;
        };
        couriers.keep(&control, &held.fence);
        Box::pin(control.settle_moves(&held.fence)).await;
        Box::pin(control.step_canaries(&held.fence)).await;
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

/// For how long another replica's lease has stood still, by this process's own clock.
///
/// A lease ends by the database's clock. If that clock is set back, the end moves into the future; but a holder that lives
/// renews its lease every second, so one that has stood still for its whole length has no holder.
#[derive(Debug, Default)]
struct Standstill(Option<(Lease, Instant)>);

impl Standstill {
    /// Whether this lease, asked for and answered then, has stood still for its whole length.
    fn is_over(&mut self, lease: &Lease, asked: Instant, answered: Instant) -> bool {
        let same = |known: &Lease| known.holder == lease.holder && known.epoch == lease.epoch && known.expires == lease.expires;
        match &self.0 {
            _ if lease.held || lease.holder.is_none() => self.0 = None,
            Some((known, since)) if same(known) => return asked.saturating_duration_since(*since) >= LEASE,
            _ => self.0 = Some((lease.clone(), answered)),
        }
        false
    }
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

    /// Gets or renews the lease, as far as it is free or has stood still.
    async fn renew_lease(&self, standstill: &mut Standstill, asked: Instant) -> Result<Lease, StoreError> {
        let lease = self.0.store.acquire_or_renew(&self.0.replica, LEASE).await?;
        if !standstill.is_over(&lease, asked, Instant::now()) {
            return Ok(lease);
        }
        tracing::warn!(
            holder = lease.holder,
            ends_in = ?lease.remaining,
            "the controller has not renewed its lease for {LEASE:?}, though it ends later by the database's clock, which was set back: \
             this replica takes it"
        );
        self.0.store.take_stale_lease(&self.0.replica, &lease, LEASE).await
    }

    async fn report_alive(&self) -> Result<(), StoreError> {
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
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Timestamp;

    fn lease(epoch: u64, expires: i64) -> Lease {
        let (holder, expires) = (Some("other".to_owned()), Timestamp::from_millis(expires));
        Lease { held: false, holder, epoch, expires, remaining: Duration::from_secs(3_600) }
    }

    #[test]
    fn a_lease_is_over_when_it_has_stood_still_for_its_whole_length() {
        let (mut standstill, start) = (Standstill::default(), Instant::now());
        let mut over = |lease: &Lease, seconds: u64| {
            let asked = start + Duration::from_secs(seconds);
            standstill.is_over(lease, asked, asked + Duration::from_millis(500))
        };
        assert!(!over(&lease(1, 5_000), 0) && !over(&lease(1, 5_000), 10), "since it was known, not since it was asked for");
        assert!(over(&lease(1, 5_000), 11));
        assert!(!over(&lease(1, 4_000), 12), "its holder has renewed it, by a clock that was set back");
        assert!(!over(&lease(2, 4_000), 21) && !over(&lease(2, 4_000), 31), "another replica has taken it");
        let mine = Lease { held: true, ..lease(2, 4_000) };
        assert!(!over(&mine, 32) && !over(&lease(2, 4_000), 40), "what was held in between did not stand still");
        assert!(over(&lease(2, 4_000), 51));
    }
}
