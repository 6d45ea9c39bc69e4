//! The whole process on one page, for `/v1/status`.

use std::collections::BTreeMap;
use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;

use super::Control;
use super::attention::{self, Attention, Process};
use super::parts::{ControllerStatus, ListingStatus, ReplicaStatus, StoreStatus};
use super::traffic::{Counts, TrafficStatus};
use super::under_way::{self, Around, UnderWay};
use crate::control::clock;
use crate::control::documents::RouteDocument;
use crate::control::engine::{NotReady, ReloadStatus, State, is_live};
use crate::live::DEFAULT_UPSTREAM;
use crate::metrics::{SeriesKey, WorkerEvent};
use crate::rollout::loss::Loss;
use crate::store::{Lease, Replica};

pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, Serialize, JsonSchema)]
pub struct Status {
    pub version: &'static str,
    /// Of the routing table of this replica. No document's revision, and nothing for `If-Match`.
    pub table_version: u64,
    pub ready: bool,
    pub not_ready: Vec<NotReady>,
    /// This process.
    pub replica: String,
    pub uptime_seconds: f64,
    pub under_way: Vec<UnderWay>,
    pub needs_attention: Vec<Attention>,
    pub traffic: Vec<TrafficStatus>,
    /// Acknowledged writes that only a collection has which its alias has left.
    pub held_alone: Vec<Loss>,
    pub listing: ListingStatus,
    pub upstreams: Vec<UpstreamStatus>,
    pub routes: Vec<RouteStatus>,
    pub workers: Vec<WorkerStatus>,
    pub config: ReloadStatus,
    pub store: StoreStatus,
    /// Why no rollout is promoted now, by the configuration; none while they may be.
    pub frozen: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct UpstreamStatus {
    pub name: String,
    pub rest: String,
    pub grpc: String,
    pub tls: bool,
    /// Requests inside its collections now.
    pub in_flight: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct RouteStatus {
    pub alias: String,
    pub revision: u64,
    /// What the alias points at.
    pub stable_collection: Option<String>,
    pub warnings: Vec<String>,
    pub variants: Vec<VariantStatus>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct VariantStatus {
    pub name: String,
    pub collection: Option<String>,
    pub weight: f64,
    /// Of the units, which is what weights come to after rounding to whole slots.
    pub share_percent: f64,
    /// Of its present collection, by this replica.
    #[serde(flatten)]
    pub counts: Counts,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct WorkerStatus {
    pub worker: usize,
    pub in_flight: u64,
    pub events: BTreeMap<&'static str, u64>,
}

impl Control {
    /// Asks the store who else is there; all the rest is known here.
    pub async fn status(&self) -> Status {
        let store = self.store_status().await;
        // What the store knows of them is not asked of a store that has just not answered.
        let webhooks = if store.lost.is_none() { self.webhooks.list().await.unwrap_or_default() } else { Vec::new() };
        let (state, now) = (self.engine.state(), clock::now());
        let (not_ready, frozen) = (self.readiness().reasons(), state.plan.frozen(now));
        let around = Around {
            now,
            listing: &state.listing,
            store_lost: store.lost.as_deref(),
            kill_switch: state.documents.kill_switch().on,
            frozen: frozen.as_deref(),
        };
        let listing = self.listing();
        let process = Process {
            not_ready: &not_ready,
            listing: &listing,
            store: &store,
            due_revision: self.due_revision(),
            webhooks: &webhooks,
            admin: &self.engine.started().listen.admin,
        };
        let needs_attention = attention::all(&state, &process, |id| self.arm_units(id));
        Status {
            version: VERSION,
            table_version: state.revision,
            ready: not_ready.is_empty(),
            replica: self.engine.replica().to_owned(),
            uptime_seconds: self.registry().age(Instant::now()).as_secs_f64(),
            under_way: under_way::all(&state, &around),
            needs_attention,
            traffic: self.traffic(),
            held_alone: state.held_alone(&self.losses.counted_lately()),
            not_ready,
            listing,
            upstreams: self.upstreams(&state),
            routes: self.route_statuses(&state),
            workers: self.workers(),
            config: state.reload.as_ref().clone(),
            store,
            frozen,
        }
    }

    async fn store_status(&self) -> StoreStatus {
        let revision = self.engine.state().documents.revision;
        let mut status =
            StoreStatus { revision, lost: None, replica: self.engine.replica().to_owned(), controller: None, replicas: Vec::new() };
        match tokio::try_join!(self.engine.store().lease(self.engine.replica()), self.engine.store().replicas()) {
            Ok((lease, replicas)) => {
                status.controller = Some(controller(lease));
                status.replicas = replicas.iter().map(|replica| replica_status(replica, revision)).collect();
            }
            Err(error) => status.lost = Some(error.to_string()),
        }
        status
    }

    #[must_use]
    pub fn listing(&self) -> ListingStatus {
        let state = self.engine.state();
        ListingStatus {
            age_seconds: state.health.succeeded_at.map(|at| at.elapsed().as_secs_f64()),
            failures: state.health.failures,
            last_error: state.health.error.as_deref().map(str::to_owned),
            protocol: self.engine.listed_by(),
            aliases: state.listing.aliases.len(),
            collections: state.listing.collections.len(),
        }
    }

    fn upstreams(&self, state: &State) -> Vec<UpstreamStatus> {
        let usage = self.registry().usage();
        let status = |upstream: &std::sync::Arc<crate::upstream::Upstream>| UpstreamStatus {
            name: upstream.name.to_string(),
            rest: shown(&upstream.rest),
            grpc: shown(&upstream.grpc),
            tls: upstream.rest.tls.is_some() || upstream.grpc.tls.is_some(),
            in_flight: usage.iter().filter(|usage| usage.upstream == upstream.name).map(|usage| usage.in_flight()).sum(),
        };
        state.plan.upstreams.iter().map(status).collect()
    }

    fn route_statuses(&self, state: &State) -> Vec<RouteStatus> {
        let status = |(alias, route): (&String, &RouteDocument)| RouteStatus {
            alias: alias.clone(),
            revision: route.revision,
            stable_collection: state.listing.aliases.get(alias).cloned(),
            warnings: state.warnings(alias, route),
            variants: (0..route.spec.variants.len()).map(|place| self.variant_status(state, (alias, route), place)).collect(),
        };
        state.documents.routes.iter().map(status).collect()
    }

    fn variant_status(&self, state: &State, (alias, route): (&str, &RouteDocument), place: usize) -> VariantStatus {
        let spec = &route.spec.variants[place];
        // A route may stand on a collection's own name.
        let collection = spec.collection.as_deref().or_else(|| state.listing.aliases.get(alias).map(String::as_str)).unwrap_or(alias);
        let upstream = spec.upstream.as_deref().unwrap_or(&state.plan.upstreams[DEFAULT_UPSTREAM].name);
        let key =
            SeriesKey { alias: alias.into(), variant: spec.name.as_str().into(), upstream: upstream.into(), collection: collection.into() };
        VariantStatus {
            name: spec.name.clone(),
            collection: spec.collection.clone(),
            weight: spec.weight,
            share_percent: route.share_percent(place),
            counts: self.counts_of(&key),
        }
    }

    fn workers(&self) -> Vec<WorkerStatus> {
        let status = |(worker, cells): (usize, &std::sync::Arc<crate::metrics::WorkerCells>)| WorkerStatus {
            worker,
            in_flight: cells.in_flight(),
            events: WorkerEvent::ALL.iter().map(|event| (event.describe().0, cells.get(*event))).collect(),
        };
        self.registry().workers().iter().enumerate().map(status).collect()
    }
}

fn controller(lease: Lease) -> ControllerStatus {
    ControllerStatus { replica: lease.holder, epoch: lease.epoch, here: lease.held, expires_in_seconds: lease.remaining.as_secs_f64() }
}

fn replica_status(replica: &Replica, revision: u64) -> ReplicaStatus {
    let applied = replica.report.applied_revision;
    ReplicaStatus {
        replica: replica.report.id.clone(),
        version: replica.report.version.clone(),
        revision: applied,
        lag: revision.saturating_sub(applied),
        age_seconds: replica.age.as_secs_f64(),
        live: is_live(replica),
    }
}

fn shown(endpoint: &crate::upstream::Endpoint) -> String {
    endpoint.authority.to_string()
}
