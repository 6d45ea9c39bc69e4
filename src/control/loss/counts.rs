//! Counting over all replicas: each writes down its own counts and knows those of the others, a second old at most.

use std::collections::HashSet;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::recent::Recent;
use super::report::{ENDED, Report, SCOPE};
use crate::config::{DEFAULT_UPSTREAM as DEFAULT_NAME, Period};
use crate::control::clock;
use crate::control::documents::json;
use crate::control::engine::{ControlError, Engine, State, is_live};
use crate::live::DEFAULT_UPSTREAM;
use crate::rollout::Timestamp;
use crate::rollout::loss::Counted;
use crate::store::Observation;

/// The counts of writes by all replicas. Clones are the same.
#[derive(Clone, Debug)]
pub(in crate::control) struct Losses {
    pub(super) engine: Engine,
    /// What the other replicas have counted, as far as this one has heard.
    elsewhere: Arc<ArcSwap<Counted>>,
    /// What all had counted, minute by minute.
    pub(super) recent: Arc<Recent>,
}

impl Losses {
    pub(in crate::control) fn new(engine: Engine) -> Self {
        Self { engine, elsewhere: Arc::default(), recent: Arc::default() }
    }

    /// Writes down what this process has counted. By every replica, every second: also when nothing has changed, since the
    /// time of the last report tells what can be missing.
    pub(in crate::control) async fn flush_writes(&self, closed: bool) -> Result<(), ControlError> {
        let report = Report::here(self.engine.registry(), closed);
        Ok(self.engine.store().put_observation(SCOPE, self.engine.replica(), &json(&report)).await?)
    }

    /// Takes in what the other replicas have counted, so that it can be shown without asking the store.
    pub(in crate::control) async fn learn_writes(&self) -> Result<(), ControlError> {
        self.elsewhere.store(Arc::new(self.counted_elsewhere().await?));
        self.recent.note(&self.counted_lately(), tokio::time::Instant::now());
        Ok(())
    }

    /// What all replicas have counted, read now: for decisions.
    pub(in crate::control) async fn counted(&self) -> Result<Counted, ControlError> {
        let mut counted = self.counted_elsewhere().await?;
        Report::here(self.engine.registry(), false).add_to(&mut counted, None);
        Ok(counted)
    }

    /// The same as far as it is known without asking: for display only.
    pub(in crate::control) fn counted_lately(&self) -> Counted {
        let mut counted = Counted::clone(&self.elsewhere.load());
        Report::here(self.engine.registry(), false).add_to(&mut counted, None);
        counted
    }

    /// What an operator should know who moves an alias away from a collection that is being written; none where it is not.
    pub(in crate::control) fn recently_written(&self, collection: &str) -> Option<String> {
        let (before, ago) = self.recent.before(collection, tokio::time::Instant::now())?;
        let now = self.counted_lately().tally(DEFAULT_NAME, collection);
        let writes = now.acknowledged.saturating_sub(before.acknowledged);
        let span = Period::from_secs(ago.as_secs().max(1));
        (writes > 0).then(|| {
            format!(
                "`{collection}` took {writes} acknowledged writes in the last {span}; whether the other collection has them is not known"
            )
        })
    }

    async fn counted_elsewhere(&self) -> Result<Counted, ControlError> {
        let rows = self.engine.store().observations(SCOPE).await?;
        let replicas = self.engine.store().replicas().await?;
        let live: HashSet<&str> = replicas.iter().filter(|replica| is_live(replica)).map(|replica| replica.report.id.as_str()).collect();
        let mut counted = Counted::default();
        for row in rows.into_iter().filter(|row| row.replica != self.engine.replica()) {
            let silent_since = (!live.contains(row.replica.as_str())).then(|| reported(&row));
            read(row)?.add_to(&mut counted, silent_since);
        }
        Ok(counted)
    }

    /// Adds the rows of replicas that have ended long ago to one row, so that restarts do not pile up. By the controller.
    pub(in crate::control) async fn fold_writes(&self) -> Result<(), ControlError> {
        // One that begins while the rows are read is known after it, one that leaves was known before it: neither is folded.
        let mut known = self.known_replicas().await?;
        let rows = self.engine.store().observations(SCOPE).await?;
        known.extend(self.known_replicas().await?);
        let (mut gone, mut all) = (Vec::new(), Report::default());
        for row in rows.into_iter().filter(|row| row.replica != self.engine.replica() && !known.contains(&row.replica)) {
            let at = reported(&row);
            gone.push(row.replica.clone());
            all.fold(read(row)?, at);
        }
        if gone.iter().all(|replica| replica == ENDED) {
            return Ok(());
        }
        let state = self.engine.state();
        // Without a listing nothing is known to be gone.
        if state.health.is_well() {
            all.retain(|upstream, collection| may_be_counted(&state, upstream, collection));
        }
        self.engine.store().fold_observations(SCOPE, &gone, ENDED, &json(&all)).await?;
        Ok(())
    }

    async fn known_replicas(&self) -> Result<HashSet<String>, ControlError> {
        Ok(self.engine.store().replicas().await?.into_iter().map(|replica| replica.report.id).collect())
    }
}

/// Whether a rollout, a departure or an operator may still ask how much was written to a collection. Other upstreams than the
/// default one are not listed, so of theirs nothing is known.
fn may_be_counted(state: &State, upstream: &str, collection: &str) -> bool {
    *state.plan.upstreams[DEFAULT_UPSTREAM].name != *upstream
        || state.listing.collections.contains(collection)
        || state.documents.departures.values().any(|departure| departure.names(collection))
        || !state.references_to(upstream, collection).is_empty()
}

/// By the database's clock, which is near enough: what is compared with it has a minute to spare.
fn reported(row: &Observation) -> Timestamp {
    Timestamp::from_millis(u64::try_from(row.at.as_millis()).unwrap_or_default().min(clock::now().millis()))
}

fn read(row: Observation) -> Result<Report, ControlError> {
    let Observation { replica, body, .. } = row;
    serde_json::from_value(body).map_err(|error| ControlError::Observation { replica, reason: error.to_string() })
}
