//! `aliases`, `metrics`, `log`, `shutdown`, `admin`, `retirement`.

use super::Faults;
use super::upstreams::is_header_value;
use crate::config::{Config, Period};

pub(super) fn check(config: &Config, faults: &mut Faults) {
    // Faster asks Qdrant for the whole list all the time, slower makes a switch look lost.
    faults.range("aliases.refresh", &config.aliases.refresh, &(Period::from_millis(100)..=Period::from_secs(3600)));
    // Each alias with a route has a few hundred series.
    faults.range("metrics.max_aliases", &config.metrics.max_aliases, &(0..=10_000));
    faults.range("log.access_sample", &config.log.access_sample, &(0.0..=1.0));
    let hour = Period::from_secs(3600);
    faults.range("shutdown.grace", &config.shutdown.grace, &(Period::default()..=hour));
    faults.range("shutdown.delay", &config.shutdown.delay, &(Period::default()..=hour));
    // Uses are remembered for a day.
    faults.range("retirement.quiet", &config.retirement.quiet, &(Period::default()..=Period::from_secs(86_400)));
    if config.admin.token.as_ref().is_some_and(|token| !is_header_value(token)) {
        faults.at("admin.token", "must be visible ASCII, and not empty: it travels in a header");
    }
}
