//! The whole process on one page, for `/v1/status`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::RouteState;
use super::clock;
use super::readiness::NotReady;
use super::reload_status::ReloadStatus;
use super::state::{Control, State};
use super::steward::is_live;
use crate::metrics::{FallbackCause, Gauges, Outcome, Totals, WeightGauge, WorkerEvent};
use crate::protocol::Class;
use crate::qdrant::Protocol;
use crate::store::{Lease, Replica};

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, Serialize, JsonSchema)]
pub struct Status {
    pub version: &'static str,
    pub revision: u64,
    pub ready: bool,
    pub not_ready: Vec<NotReady>,
    pub listing: ListingStatus,
    pub upstreams: Vec<UpstreamStatus>,
    pub routes: Vec<RouteStatus>,
    pub workers: Vec<WorkerStatus>,
    pub config: ReloadStatus,
    pub store: StoreStatus,
    /// Why no rollout is promoted now, by the configuration; none while they may be.
    pub frozen: Option<String>,
}

/// What lasts, and who shares it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StoreStatus {
    /// What this replica's table was built from.
    pub revision: u64,
    /// Why the store does not answer; then the two last are as they were never read.
    pub lost: Option<String>,
    /// This process.
    pub replica: String,
    pub controller: Option<ControllerStatus>,
    pub replicas: Vec<ReplicaStatus>,
}

/// Who steers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ControllerStatus {
    pub replica: Option<String>,
    /// Grows by one whenever the lease changes hands.
    pub epoch: u64,
    pub here: bool,
    pub expires_in_seconds: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct ReplicaStatus {
    pub replica: String,
    pub version: String,
    /// What its table was built from.
    pub revision: u64,
    /// How many revisions it is behind this one.
    pub lag: u64,
    /// Since it last reported.
    pub age_seconds: f64,
    /// Whether a rollout waits for it.
    pub live: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct ListingStatus {
    /// Since the last listing that succeeded; none when there was none.
    pub age_seconds: Option<f64>,
    /// Since the process started.
    pub failures: u64,
    /// Of the last listing, when it failed.
    pub last_error: Option<String>,
    /// By which the last one was made: gRPC, or REST where gRPC cannot be reached.
    pub protocol: Protocol,
    pub aliases: usize,
    pub collections: usize,
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
    pub requests: u64,
    /// Server errors, timeouts, and requests that no upstream took.
    pub errors: u64,
    /// Requests of this variant that `stable` answered instead.
    pub fallbacks: u64,
    pub in_flight: u64,
    #[serde(flatten)]
    pub reads: Latency,
}

/// Of reads, from head to last byte, since the process started; none without observations.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ReadLatency")]
pub struct Latency {
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
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
        let state = self.0.state.load();
        let not_ready = self.readiness().reasons();
        Status {
            version: VERSION,
            revision: state.revision,
            ready: not_ready.is_empty(),
            not_ready,
            listing: self.listing(),
            upstreams: self.upstreams(&state),
            routes: self.route_statuses(&state),
            workers: self.workers(),
            config: state.reload.as_ref().clone(),
            store,
            frozen: state.plan.frozen(clock::now()),
        }
    }

    async fn store_status(&self) -> StoreStatus {
        let revision = self.0.state.load().held.revision;
        let mut status = StoreStatus { revision, lost: None, replica: self.0.replica.clone(), controller: None, replicas: Vec::new() };
        match tokio::try_join!(self.0.store.lease(&self.0.replica), self.0.store.replicas()) {
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
        let state = self.0.state.load();
        ListingStatus {
            age_seconds: state.health.succeeded_at.map(|at| at.elapsed().as_secs_f64()),
            failures: state.health.failures,
            last_error: state.health.error.as_deref().map(str::to_owned),
            protocol: **self.0.listed_by.load(),
            aliases: state.listing.aliases.len(),
            collections: state.listing.collections.len(),
        }
    }

    /// What a scrape wants to know besides the counters.
    #[must_use]
    pub fn gauges(&self) -> Gauges<'static> {
        let state = self.0.state.load();
        let listing = self.listing();
        Gauges {
            version: VERSION,
            ready: self.readiness().reasons().is_empty(),
            table_revision: state.revision,
            aliases: listing.aliases,
            routes: state.held.routes.len(),
            listing_age_seconds: listing.age_seconds,
            listing_failures: listing.failures,
            alias_switches: state.health.switches,
            weights: self.weights(&state),
            store_up: self.readiness().store_lost().is_none(),
            store_revision: state.held.revision,
            kill_switch: state.held.kill.on,
            canaries: self.canary_gauges(),
            deployments: self.deployment_gauges(),
            shadows: self.shadow_gauges(),
            retirements: self.retirement_gauges(),
            webhooks: self.webhook_gauges(),
        }
    }

    /// Of as many routes as there may be series.
    fn weights(&self, state: &State) -> Vec<WeightGauge> {
        let routes = state.held.routes.iter().take(self.0.started.metrics.max_aliases);
        let variants = routes.flat_map(|(alias, route)| {
            route.spec.variants.iter().enumerate().map(|(place, variant)| WeightGauge {
                alias: alias.clone(),
                variant: variant.name.clone(),
                percent: route.share_percent(place),
            })
        });
        variants.collect()
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
        let series = self.registry().series();
        let totals = |alias: &str, variant: &str| {
            let of = series.iter().find(|series| *series.alias == *alias && *series.variant == *variant);
            of.map(|series| series.totals()).unwrap_or_default()
        };
        let status = |(alias, route): (&String, &RouteState)| RouteStatus {
            alias: alias.clone(),
            revision: route.revision,
            stable_collection: state.listing.aliases.get(alias).cloned(),
            warnings: state.warnings(alias, route),
            variants: (0..route.spec.variants.len())
                .map(|place| variant_status(route, place, &totals(alias, &route.spec.variants[place].name)))
                .collect(),
        };
        state.held.routes.iter().map(status).collect()
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

fn variant_status(route: &RouteState, place: usize, totals: &Totals) -> VariantStatus {
    let spec = &route.spec.variants[place];
    VariantStatus {
        name: spec.name.clone(),
        collection: spec.collection.clone(),
        weight: spec.weight,
        share_percent: route.share_percent(place),
        requests: totals.all_requests(),
        errors: [Outcome::ServerError, Outcome::Unavailable, Outcome::Timeout].iter().map(|outcome| totals.by_outcome(*outcome)).sum(),
        fallbacks: FallbackCause::ALL.iter().map(|cause| totals.fallbacks(*cause)).sum(),
        in_flight: totals.in_flight,
        reads: latency(totals),
    }
}

fn latency(totals: &Totals) -> Latency {
    let ms = |q| totals.latency(Class::Read).and_then(|(_, total)| total.quantile(q)).map(|microseconds| microseconds / 1000.0);
    Latency { p50_ms: ms(0.50), p95_ms: ms(0.95), p99_ms: ms(0.99) }
}

fn shown(endpoint: &crate::upstream::Endpoint) -> String {
    endpoint.authority.to_string()
}
