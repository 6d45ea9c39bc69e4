//! What the configuration names beside Qdrant: Prometheus, the embedder, the receivers of webhooks. Those that it does not
//! name have no row.

use std::time::Duration;

use super::probe::{Outcome, Probe, Said};
use crate::config::Config;
use crate::control::Plan;

/// Any text does; the shortest costs least.
const TEXT: &str = "ping";

pub(super) fn probes<'p>(config: &Config, plan: &'p Plan, limit: Duration) -> Vec<Probe<'p>> {
    let mut probes = Vec::new();
    if let Some(url) = &config.prometheus.url {
        probes.push(Probe::new("Prometheus", url.to_string(), ASK_PROMETHEUS, prometheus(plan)));
    }
    if let Some(url) = &config.embedder.url {
        probes.push(Probe::new("embedder", url.to_string(), ASK_EMBEDDER, embedder(plan)));
    }
    for (name, origin) in plan.webhooks() {
        let todo = format!("let this machine reach it, or correct the url of the webhook `{name}`");
        probes.push(Probe::new(format!("webhook {name}"), origin, todo.clone(), webhook(plan, name, limit, todo)));
    }
    probes
}

const ASK_PROMETHEUS: &str =
    "start Prometheus, or correct prometheus.url or prometheus.token; without it guards that ask it are inconclusive";
const ASK_EMBEDDER: &str = "correct embedder.url, embedder.model or embedder.key; without it text queries fail";

async fn prometheus(plan: &Plan) -> Outcome {
    match plan.reach_prometheus().await {
        Some(Ok(())) => Ok(Said::new("answers queries")),
        Some(Err(reason)) => Err(Said::new(reason).so(ASK_PROMETHEUS)),
        None => Err(Said::new("it is not configured")),
    }
}

async fn embedder(plan: &Plan) -> Outcome {
    let Some(embedder) = &plan.embedder else { return Err(Said::new("it is not configured")) };
    match embedder.embed(TEXT).await {
        Ok(vector) => Ok(Said::new(format!("makes vectors of {} dimensions", vector.len()))),
        Err(failed) => Err(Said::new(failed.reason).so(ASK_EMBEDDER)),
    }
}

async fn webhook(plan: &Plan, name: &str, limit: Duration, todo: String) -> Outcome {
    match plan.reach_webhook(name, limit).await {
        // A receiver need not know HEAD: that there is an answer is what counts.
        Some(Ok(status)) => Ok(Said::new(format!("reachable: it answered HEAD with {}; no event was delivered", status.as_u16()))),
        Some(Err(reason)) => Err(Said::new(reason).so(todo)),
        None => Err(Said::new("it is not configured")),
    }
}
