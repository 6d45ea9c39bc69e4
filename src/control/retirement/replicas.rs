//! What is known of a collection's use at every replica: at this one by its own counters, at the others by what each says
//! of itself in the store.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Retirements;
use crate::rollout::retirement::{Fact, InFlight};
use crate::store::Replica;

/// What a replica last said is believed for so long.
const BELIEVED: Duration = Duration::from_secs(10);
/// A replica may have lost the store and go on serving (I6). One that has been silent for so long, and for as long as a
/// collection must have been out of use, is taken for dead.
const LEAST_SILENCE: Duration = Duration::from_secs(60);

/// What a replica tells of itself; collections are written `upstream/collection`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::control) struct UsageReport {
    in_flight: BTreeMap<String, u64>,
    /// Since a request to it began.
    idle_ms: BTreeMap<String, u64>,
    /// Since the process started: what is not named has been idle for so long.
    up_ms: u64,
}

/// The use of one collection, everywhere.
pub(super) struct Use {
    pub(super) in_flight: Fact<Vec<InFlight>>,
    pub(super) idle_ms: Fact<u64>,
}

impl Retirements {
    /// What the heartbeat of this process says of collections.
    #[must_use]
    pub(in crate::control) fn usage_report(&self) -> UsageReport {
        let now = Instant::now();
        let mut report = UsageReport { up_ms: millis(self.engine.registry().age(now)), ..UsageReport::default() };
        for usage in self.engine.registry().usage() {
            let name = name(&usage.upstream, &usage.collection);
            report.in_flight.insert(name.clone(), usage.in_flight());
            if let Some(used) = usage.last_used() {
                report.idle_ms.insert(name, millis(now.saturating_duration_since(used)));
            }
        }
        report
    }

    pub(super) async fn use_of(&self, upstream: &str, collection: &str) -> Use {
        let here = InFlight { replica: "this replica".to_owned(), requests: Ok(self.engine.registry().in_flight(upstream, collection)) };
        let idle_here = millis(self.engine.registry().idle(upstream, collection, Instant::now()));
        match self.engine.store().replicas().await {
            Ok(replicas) => together(&replicas, &name(upstream, collection), self.engine.plan().quiet.get(), here, idle_here),
            Err(error) => Use { in_flight: Err(error.to_string()), idle_ms: Err(error.to_string()) },
        }
    }
}

fn together(replicas: &[Replica], collection: &str, quiet: Duration, here: InFlight, idle_here: u64) -> Use {
    let mut all = Use { in_flight: Ok(Vec::new()), idle_ms: Ok(idle_here) };
    let mut in_flight = vec![here];
    for replica in replicas.iter().filter(|replica| replica.age < quiet.max(LEAST_SILENCE)) {
        let told = told(replica);
        let requests = told.as_ref().map(|report| report.in_flight.get(collection).copied().unwrap_or(0));
        in_flight.push(InFlight { replica: format!("replica `{}`", replica.report.id), requests: requests.map_err(Clone::clone) });
        let idle = told.map(|report| report.idle_ms.get(collection).copied().unwrap_or(report.up_ms));
        all.idle_ms = all.idle_ms.and_then(|least| idle.map(|idle| idle.min(least)));
    }
    all.in_flight = Ok(in_flight);
    all
}

fn told(replica: &Replica) -> Fact<UsageReport> {
    if replica.age > BELIEVED {
        return Err(format!("replica `{}` has been silent for {} s and may still be serving", replica.report.id, replica.age.as_secs()));
    }
    let read = serde_json::from_value(replica.report.body.clone());
    read.map_err(|error| format!("the report of replica `{}` does not say it: {error}", replica.report.id))
}

fn name(upstream: &str, collection: &str) -> String {
    format!("{upstream}/{collection}")
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
