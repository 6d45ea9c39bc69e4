//! `aliases`, `metrics`, `log`, `shutdown`, `admin`, `retirement`, `embedder`.

use super::Faults;
use super::upstreams::is_header_value;
use crate::config::{AdminConfig, Config, EmbedderConfig, Period};

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
    check_feedback_token(&config.admin, faults);
    check_embedder(&config.embedder, faults);
}

fn check_feedback_token(admin: &AdminConfig, faults: &mut Faults) {
    let Some(token) = &admin.feedback_token else { return };
    if !is_header_value(token) {
        faults.at("admin.feedback_token", "must be visible ASCII, and not empty: it travels in a header");
    }
    match &admin.token {
        None => faults.at("admin.feedback_token", "needs `admin.token`: without that, everything is open to all"),
        Some(all) if all == token => faults.at("admin.feedback_token", "must be another than `admin.token`, or it opens everything"),
        Some(_) => {}
    }
}

fn check_embedder(embedder: &EmbedderConfig, faults: &mut Faults) {
    faults.range("embedder.timeout", &embedder.timeout, &(Period::from_millis(1)..=Period::from_secs(600)));
    if embedder.key.as_ref().is_some_and(|key| !is_header_value(key)) {
        faults.at("embedder.key", "must be visible ASCII, and not empty: it travels in a header");
    }
    match &embedder.url {
        None if !embedder.model.is_empty() => faults.at("embedder.url", "is missing; without it the model is never asked"),
        Some(_) if embedder.model.is_empty() => faults.at("embedder.model", "is missing; the service must be told which model to use"),
        _ => {}
    }
}
