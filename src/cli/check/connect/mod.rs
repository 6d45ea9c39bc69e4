//! `check --connect`: everything that the configuration names is tried once, all of it at the same time, each within a limit.
//!
//! Nothing is changed anywhere: no store is made or migrated, no event is delivered, and ports are let go of at once.

mod local;
mod probe;
mod services;
mod upstreams;

use std::time::Duration;

use futures_util::future::join_all;

use self::probe::Probe;
use crate::config::Config;
use crate::control::Plan;

pub(super) use self::probe::Checked;

/// Tries everything, in the order in which it is shown.
pub(super) fn run(config: &Config, limit: Duration) -> Vec<Checked> {
    // The files were readable a moment ago.
    let plan = match Plan::of(config, None) {
        Ok(plan) => plan,
        Err(faults) => return faults.into_iter().map(|fault| Checked::failed("configuration", &fault.key, fault.reason)).collect(),
    };
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(join_all(probes(config, &plan, limit).into_iter().map(|probe| probe.run(limit)))),
        Err(error) => vec![Checked::failed("this process", "-", error.to_string())],
    }
}

fn probes<'p>(config: &'p Config, plan: &'p Plan, limit: Duration) -> Vec<Probe<'p>> {
    let mut probes = upstreams::probes(plan, limit);
    probes.push(local::store(config));
    probes.extend(services::probes(config, plan, limit));
    probes.extend(local::ports(config));
    probes
}
