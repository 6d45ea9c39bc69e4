//! Alias changes: one request each, and the listing has the last word.

use pointsman::qdrant::AliasFailed;
use pointsman_sandbox::requests::Filter;
use serde_json::json;

use crate::house::House;

/// How many alias requests have reached the server, by either protocol, since the tests' own.
fn requests(house: &House, since: u64) -> usize {
    let of = |operation: &str| Filter { operation: Some(operation.to_owned()), since: Some(since), ..Filter::default() };
    house.sandbox.log.count(&of("UpdateAliases")) + house.sandbox.log.count(&of("POST /collections/aliases"))
}

fn last(house: &House) -> u64 {
    house.sandbox.log.list(&Filter { limit: Some(1), ..Filter::default() }).first().map_or(0, |request| request.seq)
}

async fn target(house: &House, alias: &str) -> Option<String> {
    house.client.list().await.expect("a listing").aliases.get(alias).cloned()
}

#[tokio::test]
async fn a_switch_is_one_request_with_one_action() {
    let house = House::with_alias().await;
    let since = last(&house);
    let changed = house.client.switch_alias("docs", "docs_v2", Some("docs_v1")).await.expect("a switch");
    assert_eq!((changed.previous.as_deref(), changed.target.as_deref(), changed.answer_lost), (Some("docs_v1"), Some("docs_v2"), false));
    assert_eq!(target(&house, "docs").await.as_deref(), Some("docs_v2"));
    assert_eq!(requests(&house, since), 1);
}

#[tokio::test]
async fn what_cannot_be_right_is_not_sent() {
    let house = House::with_alias().await;
    let since = last(&house);
    let client = &house.client;
    let failed = client.switch_alias("docs", "docs_v2", Some("docs_v9")).await.expect_err("it points elsewhere");
    assert!(matches!(failed, AliasFailed::Unexpected { .. }), "{failed}");
    for (alias, collection) in [("docs", "docs_v9"), ("docs_v1", "docs_v2"), ("docs2", "docs")] {
        let failed = client.switch_alias(alias, collection, None).await.expect_err("no such collection, or a collection's name");
        assert!(matches!(failed, AliasFailed::Refused { .. }), "{failed}");
    }
    assert!(matches!(client.create_alias("docs", "docs_v2").await, Err(AliasFailed::Unexpected { .. })));
    assert!(matches!(client.rename_alias("docs", "docs_v2").await, Err(AliasFailed::Refused { .. })), "it would cover the collection");
    assert!(matches!(client.rename_alias("nobody", "somebody").await, Err(AliasFailed::Refused { .. })));
    assert_eq!(client.delete_alias("nobody").await.expect("deleted already").previous, None);
    assert_eq!(requests(&house, since), 0);
    assert_eq!(target(&house, "docs").await.as_deref(), Some("docs_v1"));
}

#[tokio::test]
async fn aliases_come_move_and_go() {
    let house = House::with_alias().await;
    let client = &house.client;
    assert_eq!(client.create_alias("news", "docs_v2").await.expect("a creation").previous, None);
    let renamed = client.rename_alias("news", "press").await.expect("a renaming");
    assert_eq!(renamed.target.as_deref(), Some("docs_v2"));
    assert_eq!((target(&house, "news").await, target(&house, "press").await.as_deref()), (None, Some("docs_v2")));
    assert_eq!(client.delete_alias("press").await.expect("a deletion").previous.as_deref(), Some("docs_v2"));
    assert_eq!(target(&house, "press").await, None);
}

#[tokio::test]
async fn a_listing_that_fails_is_an_error_and_nothing_is_changed() {
    let house = House::with_alias().await;
    let since = last(&house);
    house.fault("*", json!({"errors": [{"status": 503, "share": 1.0, "message": "out of order"}]}));
    let failed = house.client.list().await.expect_err("no listing");
    assert!(failed.to_string().contains("out of order"), "{failed}");
    let failed = house.client.switch_alias("docs", "docs_v2", None).await.expect_err("no listing");
    assert!(matches!(failed, AliasFailed::Listing { .. }), "{failed}");
    house.fault("*", json!({"connection": "stall"}));
    assert!(house.impatient().list().await.is_err());
    house.sandbox.faults.clear_all();
    assert_eq!(requests(&house, since), 0);
    assert_eq!(target(&house, "docs").await.as_deref(), Some("docs_v1"));
}
