//! The loop that keeps the table's names true (I10): every so often, and whenever the data plane asks.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::control::engine::Engine;
use crate::control::plan::Plan;
use crate::live::{DEFAULT_UPSTREAM, RefreshFailed, RefreshRequest};
use crate::qdrant::{Lister, ListingFailed, Protocol};

/// Until the first listing has succeeded no request is routed, so it is tried more often.
const FIRST_LISTING_RETRY: Duration = Duration::from_secs(1);

/// Runs until every sender of requests is gone. A request is answered only by a listing that began after it was taken from the
/// queue: one that arrives during a listing stays there for the next.
pub(super) async fn run(engine: Engine, mut requests: mpsc::Receiver<RefreshRequest>) {
    let mut plan = engine.plan();
    let mut lister = lister(&plan);
    let mut pending: Vec<RefreshRequest> = Vec::new();
    loop {
        while let Ok(request) = requests.try_recv() {
            pending.push(request);
        }
        if !Arc::ptr_eq(&plan, &engine.plan()) {
            plan = engine.plan();
            lister = self::lister(&plan);
        }
        let outcome = match &mut lister {
            Ok(lister) => lister.list().await,
            Err(failed) => Err(failed.clone()),
        };
        if let Ok(lister) = &lister {
            note_protocol(&engine, lister.protocol());
        }
        if !engine.take_listing(&plan, &outcome).await {
            continue;
        }
        let answer = outcome.map(drop).map_err(|failed| RefreshFailed(failed.to_string()));
        for request in pending.drain(..) {
            // The one who asked may have given up.
            request.send(answer.clone()).ok();
        }
        let ready = engine.readiness().reasons().is_empty();
        let due = Instant::now() + if ready { plan.refresh } else { plan.refresh.min(FIRST_LISTING_RETRY) };
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            () = engine.relist_asked() => {}
            request = requests.recv() => match request {
                Some(request) => pending.push(request),
                None => return,
            },
        }
    }
}

fn lister(plan: &Plan) -> Result<Lister, ListingFailed> {
    let authority = || plan.upstreams[DEFAULT_UPSTREAM].rest.to_string();
    let client = plan.client(DEFAULT_UPSTREAM);
    client.map(Lister::new).map_err(|failure| ListingFailed::Address { authority: authority(), reason: failure.to_string() })
}

/// Remembers by which protocol the aliases are listed; logs when that changes.
fn note_protocol(engine: &Engine, now: Protocol) {
    match (engine.set_listed_by(now), now) {
        (Protocol::Grpc, Protocol::Rest) => tracing::warn!(
            "the gRPC port of the default upstream cannot be reached: aliases are listed and changed over REST, and gRPC clients get errors"
        ),
        (Protocol::Rest, Protocol::Grpc) => tracing::info!("the gRPC port of the default upstream can be reached again"),
        _ => {}
    }
}
