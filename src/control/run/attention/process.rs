//! The replica, Qdrant, the store, the other replicas, the configuration and the webhooks.

use std::net::SocketAddr;

use super::Attention;
use crate::control::engine::NotReady;
use crate::control::engine::State;
use crate::control::run::parts::{ListingStatus, ReplicaStatus, StoreStatus};
use crate::control::webhook::WebhookView;
use crate::live::DEFAULT_UPSTREAM;

/// What is known of them.
pub(in crate::control) struct Process<'a> {
    pub(in crate::control) not_ready: &'a [NotReady],
    pub(in crate::control) listing: &'a ListingStatus,
    pub(in crate::control) store: &'a StoreStatus,
    /// What every live replica ought to have applied by now.
    pub(in crate::control) due_revision: Option<u64>,
    pub(in crate::control) webhooks: &'a [WebhookView],
    pub(in crate::control) admin: &'a SocketAddr,
}

pub(super) fn all(state: &State, process: &Process<'_>) -> Vec<Attention> {
    let mut all = Vec::new();
    all.extend(process.not_ready.iter().map(|why| Attention::new("this replica", why.describe(), "pointsman healthcheck")));
    all.extend(process.listing(state));
    all.extend(process.store(state));
    all.extend(process.leader());
    all.extend(process.store.replicas.iter().filter_map(|replica| process.replica(replica)));
    all.extend(kill_switch(state));
    all.extend(configuration(state));
    all.extend(process.webhooks.iter().filter_map(|webhook| process.webhook(webhook)));
    all
}

impl Process<'_> {
    fn listing(&self, state: &State) -> Option<Attention> {
        let error = self.listing.last_error.as_ref()?;
        let why = format!("its aliases cannot be listed, and the last list stays in force: {error}");
        let upstream = &state.plan.upstreams[DEFAULT_UPSTREAM].rest;
        let scheme = if upstream.tls.is_some() { "https" } else { "http" };
        Some(Attention::new("Qdrant", why, format!("curl -sS {scheme}://{}/aliases", upstream.authority)))
    }

    fn store(&self, state: &State) -> Option<Attention> {
        let why = self.store.lost.as_ref()?;
        let why = format!("the store does not answer, so nothing can be changed and nothing moves on: {why}");
        Some(Attention::new("the store", why, format!("make {} reachable for this replica", state.plan.store)))
    }

    fn leader(&self) -> Option<Attention> {
        let vacant = self.store.controller.as_ref()?.replica.is_none();
        let why = "no replica holds the leader's lease, so nothing moves on";
        vacant.then(|| Attention::new("the leader", why, "pointsman status"))
    }

    fn replica(&self, replica: &ReplicaStatus) -> Option<Attention> {
        let what = format!("replica `{}`", replica.replica);
        if !replica.live {
            let why = format!("it has been silent for {:.0} s and may still be serving", replica.age_seconds);
            return Some(Attention::new(what, why, "restart it, or leave it: it is forgotten after an hour"));
        }
        let late = self.due_revision.is_some_and(|due| replica.revision < due);
        let why = format!("it lags: it has not applied the last {} changes", replica.lag);
        late.then(|| Attention::new(what, why, "read its log, and restart it if it does not recover"))
    }

    fn webhook(&self, webhook: &WebhookView) -> Option<Attention> {
        let why = webhook.trouble()?;
        let next = format!("curl -sS -X POST http://{}/v1/webhooks/{}/test", self.admin, webhook.name);
        Some(Attention::new(format!("the webhook `{}`", webhook.name), why, next))
    }
}

fn kill_switch(state: &State) -> Option<Attention> {
    let kill = state.documents.kill_switch();
    let why = || {
        let actor = kill.actor.as_deref().unwrap_or("unknown");
        format!("every alias is held on stable since {actor} turned it on: {}", kill.reason.as_deref().unwrap_or("no reason given"))
    };
    kill.on.then(|| Attention::new("the kill switch", why(), "pointsman kill-switch off"))
}

fn configuration(state: &State) -> Option<Attention> {
    let reload = &state.reload;
    if !reload.rejected.is_empty() {
        let why = format!("the file was rejected, and the one before stays in force: {}", reload.rejected.join("; "));
        return Some(Attention::new("the configuration", why, "pointsman check"));
    }
    let why = || format!("these keys have changed and take effect after a restart: {}", reload.restart_needed.join(", "));
    (!reload.restart_needed.is_empty()).then(|| Attention::new("the configuration", why(), "restart this replica"))
}
