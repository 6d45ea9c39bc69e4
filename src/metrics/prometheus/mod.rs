//! The scrape: everything counted, as Prometheus families. Called by `admin` for `/metrics`.
//!
//! Families are built from the merged shards when somebody asks, not kept beside them: what is counted once is counted
//! in one place. Encoding and escaping are the `prometheus` crate's.

mod experiments;
mod family;
mod latency;
mod rollouts;
mod series;
mod shadows;
mod webhooks;

#[cfg(test)]
mod tests;

use prometheus::TextEncoder;
use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::MetricFamily;

use self::family::Family;
use super::{Refusal, Registry, WorkerCells, WorkerEvent};

pub use experiments::{ArmGauge, ExperimentGauge};
pub use prometheus::TEXT_FORMAT;
pub use rollouts::{CanaryGauge, DeploymentGauge, GuardGauge, RetirementGauges, ShadowGauge, WeightGauge};
pub use webhooks::{DeliveryResult, WebhookGauge};

/// What the control plane knows and no worker counts.
#[derive(Clone, Debug, Default)]
pub struct Gauges<'a> {
    pub version: &'a str,
    pub ready: bool,
    pub table_revision: u64,
    pub aliases: usize,
    pub routes: usize,
    /// None until a listing has succeeded.
    pub listing_age_seconds: Option<f64>,
    pub listing_failures: u64,
    /// Aliases that pointed elsewhere in one listing than in the one before.
    pub alias_switches: u64,
    /// Of routes that operators have made.
    pub weights: Vec<WeightGauge>,
    /// Whether the store answers.
    pub store_up: bool,
    /// What the table was built from.
    pub store_revision: u64,
    pub kill_switch: bool,
    pub canaries: Vec<CanaryGauge>,
    pub deployments: Vec<DeploymentGauge>,
    pub shadows: Vec<ShadowGauge>,
    pub experiments: Vec<ExperimentGauge>,
    pub retirements: RetirementGauges,
    pub webhooks: Vec<WebhookGauge>,
}

#[derive(Debug, thiserror::Error)]
#[error("the metrics could not be encoded: {0}")]
pub struct RenderFailed(#[from] prometheus::Error);

/// All families in the text format [`TEXT_FORMAT`].
///
/// # Errors
/// When the encoder refuses a family.
pub fn render(registry: &Registry, gauges: &Gauges<'_>) -> Result<String, RenderFailed> {
    let mut families: Vec<MetricFamily> = Vec::new();
    families.extend(series::collect(registry));
    families.extend(shadows::collect(registry));
    families.extend(usage(registry));
    families.extend(workers(registry.workers()));
    families.extend(control(gauges));
    families.push(refusals(registry));
    families.extend(rollouts::weights(&gauges.weights));
    families.extend(rollouts::collect(&gauges.canaries));
    families.extend(rollouts::deployments(&gauges.deployments));
    families.extend(rollouts::shadows(&gauges.shadows));
    families.extend(experiments::collect(&gauges.experiments));
    families.extend(rollouts::retirements(&gauges.retirements));
    families.extend(webhooks::collect(&gauges.webhooks));
    families.extend(ProcessCollector::for_self().collect());
    // The encoder refuses a family without samples; one that has nothing to say yet is left out.
    families.retain(|family| !family.get_metric().is_empty());
    Ok(TextEncoder::new().encode_to_string(&families)?)
}

fn usage(registry: &Registry) -> [MetricFamily; 2] {
    let mut family = Family::gauge("collection_in_flight", "Requests inside a collection now, whatever name they came by.");
    let mut writes = Family::counter("collection_writes_total", "Writes a collection got, by alias or by collection name; a batch is one.");
    for usage in registry.usage() {
        let (upstream, collection) = (("upstream", &*usage.upstream), ("collection", &*usage.collection));
        family.add(&[upstream, collection], usage.in_flight());
        let (acknowledged, unknown) = usage.writes();
        for (outcome, count) in [("acknowledged", acknowledged), ("unknown", unknown)] {
            writes.add_nonzero(&[upstream, collection, ("outcome", outcome)], count);
        }
    }
    [family.build(), writes.build()]
}

fn workers(workers: &[std::sync::Arc<WorkerCells>]) -> Vec<MetricFamily> {
    let mut in_flight = Family::gauge("requests_in_flight", "Requests this process is working on, by worker.");
    let mut events: Vec<Family> = WorkerEvent::ALL
        .iter()
        .map(|event| {
            let (name, help) = event.describe();
            Family::counter(name, help)
        })
        .collect();
    for (worker, cells) in workers.iter().enumerate() {
        let worker = worker.to_string();
        in_flight.add(&[("worker", &worker)], cells.in_flight());
        for (family, event) in events.iter_mut().zip(WorkerEvent::ALL) {
            family.add(&[("worker", &worker)], cells.get(event));
        }
    }
    events.push(in_flight);
    events.into_iter().map(Family::build).collect()
}

fn refusals(registry: &Registry) -> MetricFamily {
    let help = "Requests to the admin API that were refused before they were looked at, by why.";
    let mut family = Family::counter("admin_requests_refused_total", help);
    for refusal in Refusal::ALL {
        family.add(&[("reason", refusal.label())], registry.refusals().get(refusal));
    }
    family.build()
}

fn control(gauges: &Gauges<'_>) -> Vec<MetricFamily> {
    let mut build = Family::gauge("build_info", "Always 1; the version stands in the label.");
    build.add(&[("version", gauges.version)], 1);
    let mut age = Family::gauge("alias_listing_age_seconds", "Time since the aliases were last listed.");
    if let Some(seconds) = gauges.listing_age_seconds {
        age.add_float(&[], seconds);
    }
    let single = |mut family: Family, value: u64| {
        family.add(&[], value);
        family.build()
    };
    vec![
        build.build(),
        age.build(),
        single(Family::counter("alias_listing_failures_total", "Alias listings that failed."), gauges.listing_failures),
        single(
            Family::counter("alias_switches_total", "Alias moves that were seen in a listing, by Pointsman or by any other client."),
            gauges.alias_switches,
        ),
        single(Family::gauge("ready", "1 when this process should be sent traffic."), u64::from(gauges.ready)),
        single(Family::gauge("store_up", "1 when the store answers; without it nothing can be changed."), u64::from(gauges.store_up)),
        single(Family::gauge("store_revision", "The store's revision that the routing table was built from."), gauges.store_revision),
        single(Family::gauge("kill_switch", "1 when every alias is held on stable."), u64::from(gauges.kill_switch)),
        single(Family::gauge("table_revision", "Version of the routing table."), gauges.table_revision),
        single(Family::gauge("aliases", "Aliases in the last listing."), gauges.aliases as u64),
        single(Family::gauge("routes", "Routes, those waiting for their alias included."), gauges.routes as u64),
    ]
}
