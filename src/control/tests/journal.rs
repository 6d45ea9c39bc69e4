//! Restarts, and files that are not what they should be.

use std::fs;
use std::path::Path;

use crate::control::testing::{config_in, control, spec, start};
use crate::control::{ControlError, Expected, JournalError, StartError};

const MOST: &[(&str, f64)] = &[("stable", 90.0), ("candidate", 10.0)];

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

async fn with_route(at: &Path) -> u64 {
    let control = control(config_in(at));
    let (_, route) = control.put_route("docs", spec(&[("stable", 99.0), ("candidate", 1.0)]), Expected::Unsaid).await.expect("legal");
    let (_, route) = control.put_route("docs", spec(MOST), Expected::Revision(route.revision)).await.expect("it was seen");
    route.revision
}

fn refused(at: &Path) -> StartError {
    start(config_in(at)).map(|_| ()).expect_err("it must be refused")
}

#[tokio::test]
async fn routes_survive_with_their_units_and_their_revision() {
    let at = directory();
    let store = at.path().join("made/when/needed");
    let revision = with_route(&store).await;
    let again = control(config_in(&store));
    let route = again.route("docs").expect("it was acknowledged");
    assert_eq!((route.revision, &route.spec.variants), (revision, &spec(MOST).variants));
    assert!(again.live().table.revision > revision);
    again.delete_route("docs", Expected::Revision(revision)).await.expect("its ETag is still good");
    assert!(control(config_in(&store)).routes().is_empty());
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_alone() {
    let at = directory();
    with_route(at.path()).await;
    let file = at.path().join("routes.json");
    let good = fs::read_to_string(&file).expect("it was written");
    let damages = [
        good[..good.len() / 2].to_owned(),
        String::new(),
        good.replace("\"format\": 1", "\"format\": 2"),
        good.replacen("\"variant\": 1", "\"variant\": 7", 1),
        good.replacen("\"end\": 1000000", "\"end\": 999999", 1),
        good.replacen("\"revision\"", "\"revison\"", 1),
    ];
    for damage in damages {
        assert_ne!(damage, good);
        fs::write(&file, &damage).expect("the directory is ours");
        let error = refused(at.path());
        assert!(matches!(error, StartError::Journal(JournalError::Damaged { .. })), "{error}");
        assert!(error.to_string().contains("routes.json"), "{error}");
        assert_eq!(fs::read_to_string(&file).expect("it is there"), damage, "the evidence was overwritten");
    }
    fs::write(&file, &good).expect("the directory is ours");
    assert_eq!(control(config_in(at.path())).routes().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_done() {
    let at = directory();
    let store = at.path().join("store");
    let control = control(config_in(&store));
    fs::write(&store, "a file where the directory should be").expect("the directory is ours");
    let refused = control.put_route("docs", spec(MOST), Expected::Unsaid).await;
    assert!(matches!(refused, Err(ControlError::Store(_))), "{refused:?}");
    assert!(control.routes().is_empty());

    fs::remove_file(&store).expect("it is ours");
    control.put_route("docs", spec(MOST), Expected::Unsaid).await.expect("the disk is well again");
}

#[tokio::test]
async fn a_half_written_file_of_a_killed_process_does_no_harm() {
    let at = directory();
    with_route(at.path()).await;
    fs::write(at.path().join("routes.json.new"), "{\"format\": 1, \"rec").expect("the directory is ours");
    assert_eq!(control(config_in(at.path())).routes().len(), 1);
}

#[tokio::test]
async fn a_stored_route_must_fit_the_configuration() {
    let at = directory();
    let mut two = config_in(at.path());
    let second = two.upstreams["default"].clone();
    two.upstreams.insert("second".to_owned(), second);
    let mut elsewhere = spec(MOST);
    elsewhere.variants[1].upstream = Some("second".to_owned());
    control(two).put_route("docs", elsewhere, Expected::Unsaid).await.expect("second is configured");
    let error = refused(at.path());
    assert!(matches!(error, StartError::Route { .. }) && error.to_string().contains("`second` is not configured"), "{error}");
}

#[tokio::test]
async fn a_deleted_route_of_the_file_stays_deleted() {
    let at = directory();
    let mut configured = config_in(at.path());
    configured.routes.insert("docs".to_owned(), spec(MOST));
    let first = control(configured.clone());
    first.delete_route("docs", Expected::Any).await.expect("the file brought it");
    assert!(control(configured.clone()).routes().is_empty());
    configured.routes.insert("docs".to_owned(), spec(&[("stable", 1.0), ("candidate", 1.0)]));
    assert_eq!(control(configured).routes().len(), 1, "a new definition counts");
}

#[tokio::test]
async fn an_upstream_and_its_route_may_leave_the_file_together() {
    let at = directory();
    let mut two = config_in(at.path());
    let second = two.upstreams["default"].clone();
    two.upstreams.insert("second".to_owned(), second);
    let mut elsewhere = spec(MOST);
    elsewhere.variants[1].upstream = Some("second".to_owned());
    two.routes.insert("docs".to_owned(), elsewhere);
    assert_eq!(control(two).routes().len(), 1);
    assert!(control(config_in(at.path())).routes().is_empty());
}
