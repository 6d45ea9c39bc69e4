//! Each Qdrant: both protocols, and the certificates of those that speak TLS.

use std::time::{Duration, SystemTime};

use http::StatusCode;

use super::probe::{Outcome, Probe, Said};
use crate::config::DEFAULT_UPSTREAM;
use crate::control::Plan;
use crate::qdrant::{Client, Code, Failure, FailureKind, ListingFailed, Reached};
use crate::upstream::{Endpoint, RENEW_DAYS, Standing, Upstream, Validity, dial};

pub(super) fn probes(plan: &Plan, limit: Duration) -> Vec<Probe<'_>> {
    plan.upstreams.iter().enumerate().flat_map(|(index, upstream)| of_one(plan, index, upstream, limit)).collect()
}

fn of_one<'p>(plan: &'p Plan, index: usize, upstream: &'p Upstream, limit: Duration) -> Vec<Probe<'p>> {
    let name = &upstream.name;
    let mut probes = vec![
        Probe::new(format!("{name}, REST"), upstream.rest.authority.as_str(), correct(name, "rest_url"), async move {
            let client = plan.client(index).map_err(|failure| Said::new(failure.kind.to_string()))?;
            over_rest(&client, name).await
        }),
        Probe::new(format!("{name}, gRPC"), upstream.grpc.authority.as_str(), correct(name, "grpc_url"), async move {
            let client = plan.client(index).map_err(|failure| Said::new(failure.kind.to_string()))?;
            over_grpc(&client, name).await
        }),
    ];
    for (protocol, key, endpoint) in [("REST", "rest_url", &upstream.rest), ("gRPC", "grpc_url", &upstream.grpc)] {
        if endpoint.tls.is_some() {
            let what = format!("{name}, certificate of {protocol}");
            probes.push(Probe::new(
                what,
                endpoint.authority.as_str(),
                correct(name, key),
                certificate(endpoint, limit, correct(name, key)),
            ));
        }
    }
    probes
}

async fn over_rest(client: &Client, name: &str) -> Outcome {
    let reached = client.reach_over_rest().await;
    reached.map(|reached| found(&reached, client)).map_err(|failure| of_rest(&failure, name))
}

async fn over_grpc(client: &Client, name: &str) -> Outcome {
    let reached = client.reach_over_grpc().await;
    reached.map(|reached| found(&reached, client)).map_err(|failed| of_grpc(&failed, name))
}

fn found(reached: &Reached, client: &Client) -> Said {
    let key = if client.access().api_key.is_some() { "the key is accepted" } else { "no key is needed" };
    let (aliases, collections) = (reached.listing.aliases.len(), reached.listing.collections.len());
    Said::new(format!("Qdrant {}, {key}, aliases: {aliases}, collections: {collections}", reached.version))
}

fn of_rest(failure: &Failure, name: &str) -> Said {
    let said = Said::new(failure.kind.to_string());
    match failure.kind {
        FailureKind::Refused { code: Code::Http(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN), .. } => said.so(give_a_key(name)),
        _ => said.so(correct(name, "rest_url")),
    }
}

fn of_grpc(failed: &ListingFailed, name: &str) -> Said {
    let said = Said::new(failed.to_string());
    match failed {
        ListingFailed::Refused { code: tonic::Code::Unauthenticated | tonic::Code::PermissionDenied, .. } => said.so(give_a_key(name)),
        _ => said.so(correct(name, "grpc_url")),
    }
}

async fn certificate(endpoint: &Endpoint, limit: Duration, todo: String) -> Outcome {
    let connected = dial(endpoint, limit).await.map_err(|error| Said::new(error.to_string()).so(todo))?;
    let validity = connected.certificate().and_then(Validity::of);
    match validity.map(|validity| validity.at(SystemTime::now())) {
        Some(Standing::Valid { days }) if days < RENEW_DAYS => Ok(Said::new(format!("trusted, valid for {days} d more")).so("renew it")),
        Some(Standing::Valid { days }) => Ok(Said::new(format!("trusted, valid for {days} d more"))),
        // The handshake has refused what is outside of its dates.
        Some(Standing::NotYet { .. } | Standing::Expired { .. }) | None => Ok(Said::new("trusted; its dates cannot be read")),
    }
}

fn correct(name: &str, key: &str) -> String {
    let flag = match (name, key) {
        (DEFAULT_UPSTREAM, "rest_url") => " (--qdrant-url)",
        (DEFAULT_UPSTREAM, _) => " (--qdrant-grpc-url)",
        _ => "",
    };
    format!("start Qdrant, let this machine reach it, or correct upstreams.{name}.{key}{flag}")
}

fn give_a_key(name: &str) -> String {
    let variable = name.to_uppercase().replace('-', "_");
    format!(
        "set upstreams.{name}.api_key (in the environment POINTSMAN__UPSTREAMS__{variable}__API_KEY) to a key that may list aliases and collections"
    )
}
