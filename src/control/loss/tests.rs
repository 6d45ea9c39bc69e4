//! What replicas have reported, added up and put together.

use serde_json::json;

use crate::control::testing::{config, control};
use crate::rollout::Timestamp;
use crate::rollout::loss::{Bound, Stake, Tally};

#[tokio::test]
async fn replicas_that_are_gone_count_on_in_one_row() {
    let control = control(config()).await;
    let store = &control.0.store;
    for (replica, acknowledged, closed) in [("replica_a", 3, true), ("replica_b", 4, false)] {
        let tally = json!({"acknowledged": acknowledged, "unknown": 1});
        let writes = json!({"second": {"docs": tally}, "default": {"deleted": tally}});
        store.put_observation("writes", replica, &json!({"writes": writes, "closed": closed})).await.expect("the store answers");
    }
    let rows = async || {
        let rows = store.observations("writes").await.expect("the store answers");
        rows.into_iter().map(|row| row.replica).filter(|replica| *replica != control.0.replica).collect::<Vec<_>>()
    };
    let before = control.counted().await.expect("the store answers");
    assert_eq!(before.tally("second", "docs"), Tally { acknowledged: 7, unknown: 2 });
    for _ in 0..2 {
        control.fold_writes().await.expect("the store answers");
        assert_eq!(rows().await, ["ended"]);
        let after = control.counted().await.expect("the store answers");
        assert_eq!(after.tally("second", "docs"), before.tally("second", "docs"));
        assert_eq!(after.tally("default", "deleted"), Tally::default(), "no listing has it any more");
        // One of them did not end in order: what it did not report stays unknown.
        let mark = |collection| before.mark("second", collection, Timestamp::from_millis(0));
        let stake = Stake::new(vec![mark("docs")], mark("other"));
        assert_eq!(stake.loss(&after).map(|loss| (loss.acknowledged, loss.bound)), Some((0, Bound::AtLeast)));
    }
}
