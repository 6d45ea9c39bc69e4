//! Compare-and-set, and what a change does to the table's revision.

use crate::control::documents::{Owners, Stored};
use crate::control::testing::{caller, config, control, list, listing, spec};
use crate::control::{Control, ControlError, Expected, Weights};
use crate::store::{self, Write};

const EVEN: &[(&str, f64)] = &[("stable", 50.0), ("candidate", 50.0)];
const MOST: &[(&str, f64)] = &[("stable", 90.0), ("candidate", 10.0)];

async fn created() -> (Control, u64) {
    let control = control(config()).await;
    let (created, route) = control.routes.put("docs", spec(MOST), Expected::Unsaid, caller()).await.expect("a legal route");
    assert!(created);
    (control, route.revision)
}

fn weights(of: &[(&str, f64)]) -> Weights {
    of.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect()
}

#[tokio::test]
async fn a_route_changes_only_for_who_has_seen_it() {
    let (control, revision) = created().await;
    let unsaid = control.routes.put("docs", spec(EVEN), Expected::Unsaid, caller()).await;
    assert!(matches!(unsaid, Err(ControlError::Unconditional { current, .. }) if current == revision));
    let stale = control.routes.put("docs", spec(EVEN), Expected::Revision(revision + 1), caller()).await;
    assert!(matches!(stale, Err(ControlError::Stale { current: Some(current), .. }) if current == revision));
    assert_eq!(control.routes.show("docs").expect("it is there").revision, revision, "a refused change changed something");

    let table = control.live().table.revision;
    let (created, route) = control.routes.put("docs", spec(EVEN), Expected::Revision(revision), caller()).await.expect("it was seen");
    assert!(!created && route.revision > revision);
    assert_eq!(control.live().table.revision, table + 1);
    control.routes.delete("docs", Expected::Any, caller()).await.expect("something is there");
    assert!(matches!(control.routes.show("docs"), Err(ControlError::NoRoute(_))));
}

#[tokio::test]
async fn nothing_can_be_expected_where_nothing_is() {
    let control = control(config()).await;
    for expected in [Expected::Any, Expected::Revision(1)] {
        let put = control.routes.put("docs", spec(MOST), expected, caller()).await;
        assert!(matches!(put, Err(ControlError::Stale { current: None, .. })), "{expected}");
        assert!(matches!(control.routes.delete("docs", expected, caller()).await, Err(ControlError::NoRoute(_))), "{expected}");
    }
}

#[tokio::test]
async fn of_changes_at_the_same_time_one_wins() {
    let (control, revision) = created().await;
    let attempts = (0..16).map(|number| {
        let control = control.clone();
        let next = spec(&[("stable", 100.0), ("candidate", f64::from(number) + 1.0)]);
        tokio::spawn(async move { control.routes.put("docs", next, Expected::Revision(revision), caller()).await.is_ok() })
    });
    let outcomes = futures_util::future::join_all(attempts).await;
    assert_eq!(outcomes.into_iter().filter(|outcome| *outcome.as_ref().expect("no attempt panics")).count(), 1);
}

#[tokio::test]
async fn weights_are_patched_whole() {
    let (control, revision) = created().await;
    let expected = Expected::Revision(revision);
    for (wrong, field) in [
        (weights(&[("stable", 1.0)]), "weights.candidate"),
        (weights(&[("stable", 1.0), ("candidate", 1.0), ("other", 1.0)]), "weights.other"),
        (weights(&[("stable", 0.0), ("candidate", 0.0)]), "variants"),
        (weights(&[("stable", 1.0), ("candidate", -1.0)]), "variants[1].weight"),
    ] {
        let Err(ControlError::Invalid(faults)) = control.routes.patch_weights("docs", wrong, expected, caller()).await else {
            panic!("{field} passed")
        };
        assert_eq!(faults[0].field, field);
    }
    let before = control.routes.show("docs").expect("it is there");
    let after = control
        .routes
        .patch_weights("docs", weights(&[("stable", 75.0), ("candidate", 25.0)]), expected, caller())
        .await
        .expect("they are whole");
    assert_eq!(after.share_percent["candidate"], 25.0);
    assert_eq!((before.allocation[0].start, after.allocation[0].start, after.allocation[0].variant), (0, 0, 1));
    assert!(before.allocation[0].end < after.allocation[0].end, "the candidate did not grow where it stood");
}

#[tokio::test]
async fn what_changes_nothing_makes_no_revision() {
    let (control, revision) = created().await;
    let (created, route) = control.routes.put("docs", spec(MOST), Expected::Any, caller()).await.expect("something is there");
    assert!(!created);
    assert_eq!(route.revision, revision);

    let names = listing(&[("docs", "docs_v1")], &["docs_v1"]);
    list(&control, names.clone()).await;
    let listed = control.live().table.revision;
    list(&control, names).await;
    assert_eq!(control.live().table.revision, listed);
    list(&control, listing(&[("docs", "docs_v2")], &["docs_v1"])).await;
    assert_eq!(control.live().table.revision, listed + 1);
}

#[tokio::test]
async fn faults_name_their_fields() {
    let control = control(config()).await;
    let mut broken = spec(MOST);
    broken.variants[1].upstream = Some("nowhere".to_owned());
    let Err(ControlError::Invalid(faults)) = control.routes.put("a/b", broken, Expected::Unsaid, caller()).await else {
        panic!("it passed")
    };
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["variants[1].upstream", "alias"]);
}

#[tokio::test]
async fn an_alias_that_a_rollout_got_a_moment_before_takes_no_route() {
    let control = control(config()).await;
    // What another replica has done and this one has not heard of yet.
    let owned = Write::Put { key: Owners::key("docs"), body: "canary_1".into(), due_at: None, expected: store::Expected::Absent };
    control.engine.store().commit(store::Change::unaudited(vec![owned])).await.expect("the store answers");
    let refused = control.routes.put("docs", spec(MOST), Expected::Unsaid, caller()).await;
    assert!(matches!(refused, Err(ControlError::Occupied { .. })), "{refused:?}");
}
