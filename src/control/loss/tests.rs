//! What replicas have reported, added up and put together.

use serde_json::json;

use crate::control::Control;
use crate::control::documents::Departure;
use crate::control::testing::{config, control, list, listing};
use crate::rollout::Timestamp;
use crate::rollout::loss::{Bound, Counted, Stake, Tally};

/// Two replicas that have ended have reported writes to a collection of another upstream, and to two of the default one.
async fn with_reports() -> Control {
    let control = control(config()).await;
    for (replica, acknowledged, closed) in [("replica_a", 3, true), ("replica_b", 4, false)] {
        let tally = json!({"acknowledged": acknowledged, "unknown": 1});
        let writes = json!({"second": {"docs": tally}, "default": {"deleted": tally, "left": tally}});
        let report = json!({"writes": writes, "closed": closed});
        control.engine.store().put_observation("writes", replica, &report).await.expect("the store answers");
    }
    control
}

const ALL: Tally = Tally { acknowledged: 7, unknown: 2 };

async fn counted(control: &Control) -> Counted {
    control.losses.counted().await.expect("the store answers")
}

#[tokio::test]
async fn replicas_that_are_gone_count_on_in_one_row() {
    let control = with_reports().await;
    list(&control, listing(&[], &["docs"])).await;
    let rows = async || {
        let rows = control.engine.store().observations("writes").await.expect("the store answers");
        rows.into_iter().map(|row| row.replica).filter(|replica| *replica != control.engine.replica()).collect::<Vec<_>>()
    };
    let before = counted(&control).await;
    assert_eq!(before.tally("second", "docs"), ALL);
    for _ in 0..2 {
        control.losses.fold_writes().await.expect("the store answers");
        assert_eq!(rows().await, ["ended"]);
        let after = counted(&control).await;
        assert_eq!(after.tally("second", "docs"), ALL);
        assert_eq!(after.tally("default", "deleted"), Tally::default(), "no listing has it any more");
        // One of them did not end in order: what it did not report stays unknown.
        let mark = |collection| before.mark("second", collection, Timestamp::from_millis(0));
        let stake = Stake::new(vec![mark("docs")], mark("other"));
        assert_eq!(stake.loss(&after).map(|loss| (loss.acknowledged, loss.bound)), Some((0, Bound::AtLeast)));
    }
}

/// After a start the controller adds up before it has a listing.
#[tokio::test]
async fn without_a_listing_no_count_is_given_up() {
    let control = with_reports().await;
    control.losses.fold_writes().await.expect("the store answers");
    assert_eq!(counted(&control).await.tally("default", "deleted"), ALL);
}

#[tokio::test]
async fn what_an_alias_has_left_is_counted_as_long_as_that_is_remembered() {
    let control = with_reports().await;
    list(&control, listing(&[("docs", "docs_v2")], &["docs_v2"])).await;
    let departure = Departure::now("docs", "left", "docs_v2", &Counted::default(), Timestamp::from_millis(0));
    control.engine.keep(departure.writes()).await.expect("the store answers");
    control.losses.fold_writes().await.expect("the store answers");
    let after = counted(&control).await;
    assert_eq!((after.tally("default", "left"), after.tally("default", "deleted")), (ALL, Tally::default()));
}
