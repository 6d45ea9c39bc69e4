//! From a new state to a new table in the workers' hands.

use std::sync::Arc;
use std::time::Instant;

use super::{Engine, ListingHealth, State};
use crate::control::plan::Plan;
use crate::live::DEFAULT_UPSTREAM;
use crate::qdrant::{Client, Listing, ListingFailed};

impl Engine {
    /// Swaps in the table of `next`. Only the holder of the writer's lock calls it.
    pub(in crate::control) fn publish(&self, next: State) {
        self.0.shared.store(Arc::new(next.live(&self.0.registry)));
        self.0.state.store(Arc::new(next));
    }

    /// Takes in what a listing under `plan` brought. False when the plan was replaced by one with another default
    /// upstream meanwhile: such a listing is of the wrong place, and neither its names nor its failure count.
    pub(in crate::control) async fn take_listing(&self, plan: &Plan, outcome: &Result<Listing, ListingFailed>) -> bool {
        let _writing = self.0.writer.lock().await;
        let state = self.state();
        if state.plan.upstreams[DEFAULT_UPSTREAM].id != plan.upstreams[DEFAULT_UPSTREAM].id {
            return false;
        }
        match outcome {
            Ok(listing) => self.listed(&state, listing),
            Err(failed) => self.not_listed(&state, failed),
        }
        true
    }

    /// Takes a fresh listing into the table. A failure is no fault of what was done before: the next round lists again.
    pub(in crate::control) async fn relist_with(&self, client: &Client) {
        let plan = self.plan();
        let outcome = client.list().await;
        self.take_listing(&plan, &outcome).await;
    }

    /// Publishes what the configuration or this process alone knows. Only the holder of the writer's lock calls it.
    pub(in crate::control) fn publish_next(&self, change: impl FnOnce(&mut State)) {
        let mut next = State::clone(&self.state());
        change(&mut next);
        next.revision += 1;
        self.publish(next);
    }

    /// Replaces what the table does not depend on. Only the holder of the writer's lock calls it.
    pub(in crate::control) fn note(&self, change: impl FnOnce(&mut State)) {
        let mut next = State::clone(&self.state());
        change(&mut next);
        self.0.state.store(Arc::new(next));
    }

    fn listed(&self, state: &State, listing: &Listing) {
        if state.health.error.is_some() {
            tracing::info!("the aliases are listed again");
        }
        let first = state.health.succeeded_at.is_none();
        let switches = state.health.switches + moved(&state.listing, listing);
        let health = ListingHealth { succeeded_at: Some(Instant::now()), switches, failures: state.health.failures, error: None };
        if !first && *state.listing == *listing {
            self.0.state.store(Arc::new(State { health, ..state.clone() }));
            return;
        }
        let revision = state.revision + 1;
        tracing::info!(revision, aliases = listing.aliases.len(), collections = listing.collections.len(), "the aliases have changed");
        self.publish(State { health, revision, listing: Arc::new(listing.clone()), ..state.clone() });
        self.0.readiness.set_listed();
    }

    /// The last table goes on serving (I6). Logged when it begins, not on every round.
    fn not_listed(&self, state: &State, failed: &ListingFailed) {
        let error: Arc<str> = failed.to_string().into();
        if state.health.error.is_none() {
            let meanwhile = if state.health.succeeded_at.is_some() {
                "the last table stays in force"
            } else {
                "requests are forwarded without routes until this succeeds"
            };
            tracing::warn!(%error, "could not list the aliases; {meanwhile}");
        }
        let health = ListingHealth { failures: state.health.failures + 1, error: Some(error), ..state.health.clone() };
        self.0.state.store(Arc::new(State { health, ..state.clone() }));
    }
}

/// How many aliases point elsewhere now.
fn moved(before: &Listing, now: &Listing) -> u64 {
    let elsewhere = |(alias, collection): &(&String, &String)| now.aliases.get(*alias).is_some_and(|found| found != *collection);
    before.aliases.iter().filter(elsewhere).count() as u64
}
