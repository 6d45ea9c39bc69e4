//! What each replica does in the background: it keeps or gets the lease, says that it is there, and, as long as it holds the
//! lease, carries out what is due. Losing the store stops all of it and nothing else (I6).

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Control;
use crate::control::documents::Noun;
use crate::control::webhook::Couriers;
use crate::store::{Fence, Lease, StoreError};

/// How often there is a look at what is due.
const PACE: Duration = Duration::from_millis(250);
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long a controller that has died is believed to live. With [`HEARTBEAT`] it bounds a take-over.
const LEASE: Duration = Duration::from_secs(10);
/// How often finished rollouts and their observations are garbage-collected.
const CLEARING: Duration = Duration::from_secs(600);
/// What is known of the lease.
#[derive(Clone, Debug, Default)]
struct Leading {
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
    let (tell, leading) = watch::channel(Leading::default());
    // In a task of its own, which ends with this one: what is due may take long, and the lease must not.
    let mut keeper = JoinSet::new();
    keeper.spawn(keep(control.clone(), tell));
    // Boxed, as what it does at each beat is: large, and rarely all of it.
    Box::pin(lead(control, leading)).await;
}

/// Keeps the lease, and says that this replica is there.
async fn keep(control: Control, tell: watch::Sender<Leading>) {
    let mut beat = interval(HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut standstill = Standstill::default();
    loop {
        beat.tick().await;
        let asked = Instant::now();
        match control.renew_lease(&mut standstill, asked).await {
            Ok(lease) => {
                let held = held(tell.borrow().held.as_ref(), &lease, asked);
                tell.send_replace(Leading { lease: Some(lease), held });
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
async fn lead(control: Control, leading: watch::Receiver<Leading>) {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut cleared: Option<Instant> = None;
    let mut couriers = Couriers::default();
    let mut told = None;
    loop {
        pace.tick().await;
        let Leading { lease, held } = leading.borrow().clone();
        if let Some(lease) = lease {
            control.tell_of_lease(&mut told, &lease).await;
        }
        // A lease that ran out while the store was away may be another replica's by now.
        let Some(held) = held.filter(|held| Instant::now() < held.until) else {
            couriers.stop();
            continue;
        };
        couriers.keep(&control.webhooks, &held.fence);
        Box::pin(control.aliases.settle_all(&held.fence)).await;
        for noun in Noun::ALL {
            Box::pin(control.step_all(*noun, &held.fence)).await;
        }
        if cleared.is_none_or(|at| at.elapsed() >= CLEARING) {
            control.collect_garbage(&held.fence).await;
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
    /// Carries out what is due of one noun. What takes longer than a round goes on in tasks of its own.
    async fn step_all(&self, noun: Noun, fence: &Fence) {
        match noun {
            // Routes change when an operator changes them.
            Noun::Route => {}
            Noun::Canary => Box::pin(self.canaries.step_all(fence)).await,
            Noun::Experiment => self.experiments.step_all(fence).await,
            Noun::Shadow => self.shadows.step_all(fence).await,
            Noun::Retirement => self.retirements.run_due(fence),
            Noun::Deployment => {
                self.deployments.look_at_bases(fence).await;
                self.deployments.run_due(fence);
            }
        }
    }

    /// Gets or renews the lease, as far as it is free or has stood still.
    async fn renew_lease(&self, standstill: &mut Standstill, asked: Instant) -> Result<Lease, StoreError> {
        let lease = self.engine.store().acquire_or_renew(self.engine.replica(), LEASE).await?;
        if !standstill.is_over(&lease, asked, Instant::now()) {
            return Ok(lease);
        }
        tracing::warn!(
            holder = lease.holder,
            ends_in = ?lease.remaining,
            "the controller has not renewed its lease for {LEASE:?}, though it ends later by the database's clock, which was set back: \
             this replica takes it"
        );
        self.engine.store().take_stale_lease(self.engine.replica(), &lease, LEASE).await
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
