//! `timeouts`, `retry`, `fallback`, `limits`, `answers`.

use super::Faults;
use crate::config::{Config, Period, Size};

/// Qdrant closes a connection that has been idle for this long, and does not let that be changed.
const QDRANT_KEEP_ALIVE: Period = Period::from_secs(5);

pub(super) fn check(config: &Config, faults: &mut Faults) {
    timeouts(config, faults);
    faults.range("retry.budget_ratio", &config.retry.budget_ratio, &(0.0..=1.0));
    faults.range("retry.min_per_second", &config.retry.min_per_second, &(0.0..=1_000_000.0));
    faults.range("fallback.replay_bytes", &config.fallback.replay_bytes, &(Size::from_bytes(0)..=Size::from_mib(64)));
    let limits = &config.limits;
    faults.range("limits.max_requests", &limits.max_requests, &(1..=10_000_000));
    faults.range("limits.retry_after", &limits.retry_after, &(Period::from_millis(1)..=Period::from_secs(86_400)));
    faults.range("limits.grpc_inspect_bytes", &limits.grpc_inspect_bytes, &(Size::from_kib(1)..=Size::from_mib(64)));
    faults.range("limits.grpc_inflate_bytes", &limits.grpc_inflate_bytes, &(Size::from_kib(1)..=Size::from_mib(1024)));
    faults.range("limits.held_bytes", &limits.held_bytes, &(Size::from_mib(1)..=Size::from_mib(1024 * 1024)));
    faults.range("answers.sample", &config.answers.sample, &(0.0..=1.0));
    faults.range("answers.max_bytes", &config.answers.max_bytes, &(Size::from_kib(1)..=Size::from_mib(64)));
}

fn timeouts(config: &Config, faults: &mut Faults) {
    let timeouts = &config.timeouts;
    let day = Period::from_secs(86_400);
    faults.range("timeouts.connect", &timeouts.connect, &(Period::from_millis(1)..=day));
    faults.range("timeouts.reconnect", &timeouts.reconnect, &(Period::default()..=day));
    faults.range("timeouts.first_byte", &timeouts.first_byte, &(Period::default()..=day));
    faults.range("timeouts.total", &timeouts.total, &(Period::default()..=day));
    faults.range("timeouts.idle", &timeouts.idle, &(Period::default()..=day));
    if timeouts.idle_rest.is_zero() || timeouts.idle_rest >= QDRANT_KEEP_ALIVE {
        faults.at(
            "timeouts.idle_rest",
            format!("must be above 0s and below {QDRANT_KEEP_ALIVE}, not {}: Qdrant closes idle connections then", timeouts.idle_rest),
        );
    }
    if !timeouts.total.is_zero() && timeouts.first_byte > timeouts.total {
        faults.at("timeouts.first_byte", format!("{} is longer than `timeouts.total`, {}", timeouts.first_byte, timeouts.total));
    }
}
