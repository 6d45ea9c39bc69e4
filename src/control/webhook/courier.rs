//! Delivering, while this replica holds the lease: one task a webhook, one delivery at a time in each.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};

use super::transport::Attempt;
use super::{Webhooks, backoff};
use crate::control::plan::Webhook;
use crate::metrics::DeliveryResult;
use crate::store::{CommitError, Delivery, Fence, StoreError, Timestamp};

/// How long an overlooked delivery waits: commits announce themselves.
const POLL: Duration = Duration::from_secs(5);
/// How long a claim outlasts the attempt it is for: what the store takes to hear of it.
const CLAIM_MARGIN: Duration = Duration::from_secs(10);
/// After the store has failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// The tasks of one lease. Dropped, they end; what was under way is sent again under the next lease.
#[derive(Default)]
pub(in crate::control) struct Couriers {
    epoch: u64,
    tasks: JoinSet<()>,
    by_webhook: HashMap<String, AbortHandle>,
}

impl Couriers {
    /// Sees to it that each configured webhook has its courier, under this lease. Costs nothing when that is so already.
    pub(in crate::control) fn keep(&mut self, webhooks: &Webhooks, fence: &Fence) {
        if self.epoch != fence.epoch {
            self.stop();
            self.epoch = fence.epoch;
        }
        while self.tasks.try_join_next().is_some() {}
        let plan = webhooks.engine.plan();
        self.by_webhook.retain(|name, task| {
            let wanted = plan.webhook(name).is_some();
            if !wanted {
                task.abort();
            }
            wanted && !task.is_finished()
        });
        for webhook in plan.webhooks.iter() {
            if !self.by_webhook.contains_key(&webhook.name) {
                let courier = run(webhooks.clone(), webhook.name.clone(), fence.clone());
                self.by_webhook.insert(webhook.name.clone(), self.tasks.spawn(courier));
            }
        }
    }

    pub(in crate::control) fn stop(&mut self) {
        self.tasks.abort_all();
        self.by_webhook.clear();
    }
}

/// Until the lease is lost or the webhook is gone.
async fn run(webhooks: Webhooks, webhook: String, fence: Fence) {
    let mut changes = webhooks.engine.store().changes(POLL);
    loop {
        // Looked up each time: a reload may have changed it, or taken it away.
        let plan = webhooks.engine.plan();
        let Some(receiver) = plan.webhook(&webhook) else { return };
        match webhooks.deliver_next(receiver, &fence).await {
            Ok(true) => {}
            Ok(false) => {
                // A commit may have brought something, or the time of the oldest has come.
                let wait = webhooks.engine.store().next_delivery(&webhook).await;
                let due = wait.ok().flatten().map_or(POLL, |due| due.since(Timestamp::now()));
                let _ = tokio::time::timeout(due, changes.next()).await;
            }
            Err(CommitError::Fenced { .. }) => return,
            Err(error) => {
                tracing::debug!(webhook, %error, "nothing can be delivered now");
                tokio::time::sleep(STORE_PAUSE).await;
            }
        }
    }
}

impl Webhooks {
    /// One attempt at the oldest delivery that is due; false when none is.
    async fn deliver_next(&self, webhook: &Webhook, fence: &Fence) -> Result<bool, CommitError> {
        let hold = webhook.timeout + CLAIM_MARGIN;
        let claimed = self.engine.store().claim_delivery(fence, &webhook.name, Timestamp::now(), hold).await?;
        let Some(delivery) = claimed else { return Ok(false) };
        let attempt = webhook.send(&delivery.event, &delivery.id.to_string(), self.engine.replica()).await;
        self.settle(webhook, &delivery, &attempt).await?;
        Ok(true)
    }

    async fn settle(&self, webhook: &Webhook, delivery: &Delivery, attempt: &Attempt) -> Result<(), StoreError> {
        let (store, now) = (self.engine.store(), Timestamp::now());
        let (webhook, kind, attempts) = (&webhook.name, &delivery.event.kind, delivery.attempts);
        let error = attempt.error().unwrap_or_default();
        let over = backoff::is_over(now.since(delivery.event.at));
        let result = match attempt {
            Attempt::Delivered(_) => DeliveryResult::Delivered,
            Attempt::Failed { .. } if !over => DeliveryResult::Failed,
            Attempt::Failed { .. } | Attempt::Refused(_) => DeliveryResult::GivenUp,
        };
        self.board.note(delivery, result, attempt);
        match attempt {
            Attempt::Delivered(_) => {
                tracing::debug!(webhook, kind, delivery = delivery.id, attempts, "delivered");
                store.delivered(delivery).await?;
            }
            Attempt::Failed { asked, .. } if !over => {
                let pause = backoff::pause(attempts, *asked, fastrand::f64());
                tracing::info!(webhook, kind, delivery = delivery.id, attempts, error, ?pause, "a delivery failed and is tried again");
                store.delivery_failed(delivery, now.saturating_add(pause), &error).await?;
            }
            Attempt::Failed { .. } | Attempt::Refused(_) => {
                tracing::warn!(webhook, kind, delivery = delivery.id, attempts, error, "a delivery was given up");
                store.give_up_delivery(delivery, now, &error).await?;
            }
        }
        Ok(())
    }

    /// Gives up what webhooks are owed that were not configured for as long as a delivery is tried: until then another
    /// replica may have a configuration that knows them.
    pub(in crate::control) async fn abandon(&self) -> Result<(), StoreError> {
        let plan = self.engine.plan();
        for owed in self.engine.store().backlog().await?.iter().filter(|owed| plan.webhook(&owed.destination).is_none()) {
            let webhook = &owed.destination;
            let count = self.engine.store().give_up_older(webhook, backoff::PATIENCE, "no such webhook is configured").await?;
            if count > 0 {
                tracing::warn!(webhook, count, "deliveries to a webhook that is not configured were given up");
                self.board.note_abandoned(webhook, count);
            }
        }
        Ok(())
    }

    /// For metrics, which cannot wait for the store.
    pub(in crate::control) async fn look_at_backlog(&self) -> Result<(), StoreError> {
        self.board.set_backlog(self.engine.store().backlog().await?);
        Ok(())
    }
}
