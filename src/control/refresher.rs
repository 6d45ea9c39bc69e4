//! The loop that keeps the table's names true (I10): every so often, and whenever the data plane asks.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::state::Control;
use crate::live::{RefreshFailed, RefreshRequest};
use crate::qdrant::Lister;

/// Until the first listing has succeeded nobody is served, so it is tried more often.
const FIRST_LISTING_RETRY: Duration = Duration::from_secs(1);

/// Runs until nobody can ask any more. A request is answered only by a listing that began after it was taken from the
/// queue: one that arrives during a listing stays there for the next.
pub(super) async fn run(control: Control, mut requests: mpsc::Receiver<RefreshRequest>) {
    let mut plan = control.plan();
    let mut lister = Lister::new(plan.listing.clone());
    let mut pending: Vec<RefreshRequest> = Vec::new();
    loop {
        while let Ok(request) = requests.try_recv() {
            pending.push(request);
        }
        if !std::sync::Arc::ptr_eq(&plan, &control.plan()) {
            plan = control.plan();
            lister = Lister::new(plan.listing.clone());
        }
        let outcome = lister.list().await;
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
