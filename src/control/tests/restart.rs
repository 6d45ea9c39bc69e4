//! Restarts, replicas beside each other, and stores that are not what they should be.

use std::fs;
use std::path::Path;

use crate::config::Config;
use crate::control::testing::{caller, config_in, control, spec, start};
use crate::control::{Control, ControlError, Expected, StartError};
use crate::store::{Filter, OpenError};

const MOST: &[(&str, f64)] = &[("stable", 90.0), ("candidate", 10.0)];

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

async fn put(control: &Control, variants: &[(&str, f64)], expected: Expected) -> u64 {
    control.routes.put("docs", spec(variants), expected, caller()).await.expect("a legal route").1.revision
}

async fn refused(at: &Path) -> StartError {
    start(config_in(at)).await.map(|_| ()).expect_err("it must be refused")
}

/// Two upstreams, and a route to the second.
fn elsewhere(at: &Path) -> (Config, crate::routing::RouteSpec) {
    let mut two = config_in(at);
    let second = two.upstreams["default"].clone();
    two.upstreams.insert("second".to_owned(), second);
    let mut route = spec(MOST);
    route.variants[1].upstream = Some("second".to_owned());
    (two, route)
}

#[tokio::test]
async fn routes_survive_with_their_units_and_their_revision() {
    let at = directory();
    let store = at.path().join("made/when/needed");
    let first = control(config_in(&store)).await;
    let revision = put(&first, &[("stable", 99.0), ("candidate", 1.0)], Expected::Unsaid).await;
    let revision = put(&first, MOST, Expected::Revision(revision)).await;
    let before = first.routes.show("docs").expect("it was put");
    drop(first);
    let again = control(config_in(&store)).await;
    let route = again.routes.show("docs").expect("it was acknowledged");
    assert_eq!((route.revision, &route.spec, &route.allocation), (revision, &before.spec, &before.allocation));
    again.routes.delete("docs", Expected::Revision(revision), caller()).await.expect("its ETag is still good");
    drop(again);
    assert!(control(config_in(&store)).await.routes.list().is_empty());
}

#[tokio::test]
async fn a_second_process_on_one_file_is_refused() {
    let at = directory();
    let first = control(config_in(at.path())).await;
    let error = refused(at.path()).await;
    assert!(matches!(error, StartError::Open(OpenError::InUse { .. })), "{error}");
    drop(first);
    control(config_in(at.path())).await;
}

#[tokio::test]
async fn a_damaged_store_is_refused_and_left_alone() {
    let at = directory();
    // A control that is only dropped may still be writing its last page.
    control(config_in(at.path())).await.engine.store().close().await;
    let file = at.path().join("pointsman.db");
    fs::write(&file, "not a database, but somebody's only copy of something").expect("the directory is ours");
    let error = refused(at.path()).await;
    assert!(error.to_string().contains("pointsman.db"), "{error}");
    assert_eq!(fs::read(&file).expect("it is there"), b"not a database, but somebody's only copy of something");
}

#[tokio::test]
async fn a_stored_route_must_fit_the_configuration() {
    let at = directory();
    let (two, route) = elsewhere(at.path());
    let first = control(two).await;
    first.routes.put("docs", route, Expected::Unsaid, caller()).await.expect("second is configured");
    drop(first);
    let error = refused(at.path()).await;
    assert!(matches!(error, StartError::Route { .. }) && error.to_string().contains("`second` is not configured"), "{error}");
}

#[tokio::test]
async fn a_deleted_route_of_the_file_stays_deleted() {
    let at = directory();
    let mut configured = config_in(at.path());
    configured.routes.insert("docs".to_owned(), spec(MOST));
    let first = control(configured.clone()).await;
    first.routes.delete("docs", Expected::Any, caller()).await.expect("the file brought it");
    drop(first);
    assert!(control(configured.clone()).await.routes.list().is_empty());
    configured.routes.insert("docs".to_owned(), spec(&[("stable", 1.0), ("candidate", 1.0)]));
    assert_eq!(control(configured).await.routes.list().len(), 1, "a new definition counts");
}

#[tokio::test]
async fn an_upstream_and_its_route_may_leave_the_file_together() {
    let at = directory();
    let (mut two, route) = elsewhere(at.path());
    two.routes.insert("docs".to_owned(), route);
    let first = control(two).await;
    assert_eq!(first.routes.list().len(), 1);
    drop(first);
    assert!(control(config_in(at.path())).await.routes.list().is_empty());
}

#[tokio::test]
async fn each_change_is_audited_and_refused_ones_too() {
    let at = directory();
    let control = control(config_in(at.path())).await;
    put(&control, MOST, Expected::Unsaid).await;
    let stale = control.routes.delete("docs", Expected::Revision(99), caller()).await;
    assert!(matches!(stale, Err(ControlError::Stale { .. })), "{stale:?}");
    let page =
        control.engine.store().audit(&Filter { subject: Some("docs".to_owned()), before: None, limit: 10 }).await.expect("it answers");
    let entries: Vec<_> =
        page.items.iter().map(|row| (row.entry.actor.as_str(), row.entry.action.as_str(), row.entry.result == "ok")).collect();
    assert_eq!(entries, [("test", "route.delete", false), ("test", "route.put", true)]);
    assert!(page.items[1].entry.before.is_none() && page.items[1].entry.after.is_some());
}
