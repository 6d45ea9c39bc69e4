//! Who steers, while something else takes its time.

use std::time::Duration;

use crate::control::Parts;
use crate::control::testing::{config, start};

/// Longer than anything takes on a busy machine; only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Nothing of what the controller has to do comes to an end here: the first step waits for the writer's lock.
#[tokio::test]
async fn the_lease_is_renewed_while_what_is_due_takes_its_time() {
    let Parts { control, background, refresh, .. } = start(config()).await.expect("it starts");
    let _writing = control.engine.still().await;
    let steering = tokio::spawn(background);
    let mut ends = None;
    for _ in 0..3 {
        let renewed = async {
            loop {
                let lease = control.engine.store().lease(control.engine.replica()).await.expect("the store answers");
                if lease.held && ends.is_none_or(|ends| lease.expires > ends) {
                    return lease.expires;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        ends = Some(tokio::time::timeout(PATIENCE, renewed).await.expect("the lease is renewed"));
    }
    steering.abort();
    drop(refresh);
}
