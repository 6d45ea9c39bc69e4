//! The loop that keeps the table's names true (I10): every so often, and whenever the data plane asks.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Plan;
use super::state::Control;
use crate::live::{DEFAULT_UPSTREAM, RefreshFailed, RefreshRequest};
use crate::qdrant::{Lister, ListingFailed, Protocol};

/// Until the first listing has succeeded nobody is served, so it is tried more often.
const FIRST_LISTING_RETRY: Duration = Duration::from_secs(1);

/// Runs until nobody can ask any more. A request is answered only by a listing that began after it was taken from the
/// queue: one that arrives during a listing stays there for the next.
pub(super) async fn run(control: Control, mut requests: mpsc::Receiver<RefreshRequest>) {
    let mut plan = control.plan();
    let mut lister = lister(&plan);
    let mut pending: Vec<RefreshRequest> = Vec::new();
    loop {
        while let Ok(request) = requests.try_recv() {
            pending.push(request);
        }
        if !Arc::ptr_eq(&plan, &control.plan()) {
            plan = control.plan();
            lister = self::lister(&plan);
        }
        let outcome = match &mut lister {
            Ok(lister) => lister.list().await,
            Err(failed) => Err(failed.clone()),
        };
        if let Ok(lister) = &lister {
            control.note_protocol(lister.protocol());
        }
        if !control.take_listing(&plan, &outcome).await {
            continue;
        }
        let answer = outcome.map(drop).map_err(|failed| RefreshFailed(failed.to_string()));
        for request in pending.drain(..) {
            // Whoever asked may have given up; that is theirs to know.
            request.send(answer.clone()).ok();
        }
        let ready = control.readiness().reasons().is_empty();
        let due = Instant::now() + if ready { plan.refresh } else { plan.refresh.min(FIRST_LISTING_RETRY) };
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            () = control.0.relist.notified() => {}
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

impl Control {
    /// Remembers by which protocol the aliases are listed; logs when that changes.
    fn note_protocol(&self, now: Protocol) {
        let before = self.0.listed_by.swap(Arc::new(now));
        match (*before, now) {
            (Protocol::Grpc, Protocol::Rest) => tracing::warn!(
                "the gRPC port of the default upstream cannot be reached: aliases are listed and changed over REST, and gRPC clients get errors"
            ),
            (Protocol::Rest, Protocol::Grpc) => tracing::info!("the gRPC port of the default upstream can be reached again"),
            _ => {}
        }
    }
}
