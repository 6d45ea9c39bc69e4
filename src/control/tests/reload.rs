//! New configurations under live traffic.

use std::sync::Arc;

use crate::config::{Change, Config, Loaded};
use crate::control::testing::{FakeQdrant, caller, config, control, list, listing, spec, start};
use crate::control::{Expected, Parts};

const MOST: &[(&str, f64)] = &[("stable", 90.0), ("candidate", 10.0)];

fn change(config: Config, fingerprint: &str) -> Change {
    let fingerprint = fingerprint.to_owned();
    Change { fingerprint: fingerprint.clone(), outcome: Ok(Loaded { config, file: None, fingerprint }) }
}

#[tokio::test]
async fn upstreams_that_did_not_change_stay_the_same() {
    let mut two = config();
    let second = two.upstreams["default"].clone();
    two.upstreams.insert("a-second".to_owned(), second);
    let control = control(two.clone()).await;
    let before = control.plan();
    assert_eq!(&*before.upstreams[0].name, "default", "the default one comes first, whatever the others are called");

    two.upstreams.get_mut("a-second").expect("it was put").grpc_connections = 7;
    two.timeouts.first_byte = "3s".parse().expect("a length of time");
    let status = control.reload(change(two, "second")).await;
    assert_eq!((status.serving.as_str(), status.rejected.len()), ("second", 0));
    let after = control.plan();
    assert!(Arc::ptr_eq(&before.upstreams[0], &after.upstreams[0]));
    assert_ne!(before.upstreams[1].id, after.upstreams[1].id);
    assert_eq!(control.live().settings.timeouts.first_byte, Some(std::time::Duration::from_secs(3)));
}

#[tokio::test]
async fn a_route_an_operator_made_cannot_lose_its_upstream() {
    let mut two = config();
    let second = two.upstreams["default"].clone();
    two.upstreams.insert("second".to_owned(), second);
    let control = control(two).await;
    let mut elsewhere = spec(MOST);
    elsewhere.variants[1].upstream = Some("second".to_owned());
    control.routes.put("docs", elsewhere, Expected::Unsaid, caller()).await.expect("second is configured");

    let mut without = config();
    without.limits.max_requests = 1;
    let status = control.reload(change(without, "second")).await;
    assert!(status.rejected[0].contains("routes.docs.variants[1].upstream: `second` is not configured"), "{:?}", status.rejected);
    assert_eq!((status.serving.as_str(), status.observed.as_str()), ("first", "second"));
    assert_ne!(control.live().settings.limits.max_requests, 1, "half of a rejected configuration was taken");
}

#[tokio::test]
async fn what_needs_a_restart_is_said() {
    let control = control(config()).await;
    let mut next = config();
    next.workers = 7;
    next.listen.rest.set_port(1);
    let status = control.reload(change(next, "second")).await;
    assert_eq!(status.restart_needed, ["listen.rest", "workers"]);
    assert_eq!(control.reload(change(config(), "third")).await.restart_needed, Vec::<&str>::new());
}

#[tokio::test]
async fn a_missing_authority_rejects_the_whole() {
    let control = control(config()).await;
    let mut next = config();
    let upstream = next.upstreams.get_mut("default").expect("it is there");
    upstream.rest_url = "https://127.0.0.1:6333".parse().expect("a URL");
    upstream.ca_file = Some("does/not/exist.pem".into());
    let status = control.reload(change(next, "second")).await;
    assert!(status.rejected[0].starts_with("upstreams.default.ca_file: does/not/exist.pem"), "{:?}", status.rejected);
}

#[tokio::test]
async fn routes_of_the_file_follow_the_file() {
    let control = control(config()).await;
    list(&control, listing(&[("docs", "docs_v1")], &["docs_v1", "candidate_v2"])).await;
    let mut with = config();
    with.routes.insert("docs".to_owned(), spec(MOST));
    control.reload(change(with.clone(), "second")).await;
    let first = control.routes.show("docs").expect("the file brought it");
    control.routes.put("docs", spec(&[("stable", 1.0), ("candidate", 1.0)]), Expected::Any, caller()).await.expect("it is there");
    control.reload(change(with.clone(), "second")).await;
    assert_ne!(control.routes.show("docs").expect("it is there").spec, first.spec, "the file undid what an operator did");
    control.reload(change(config(), "third")).await;
    assert!(control.live().table.entry("docs").split.is_none());
}

#[tokio::test]
async fn another_default_upstream_is_listed_at_once() {
    let (old, new) = (
        FakeQdrant::start(listing(&[("docs", "docs_v1")], &["docs_v1"])).await,
        FakeQdrant::start(listing(&[("docs", "docs_v9")], &["docs_v9"])).await,
    );
    let mut config = old.config();
    config.aliases.refresh = "1h".parse().expect("a length of time");
    let mut moved = new.config();
    moved.aliases.refresh = config.aliases.refresh;
    let Parts { control, refresh, background, .. } = start(config).await.expect("a legal configuration");
    tokio::spawn(background);
    refresh.now().await.expect("the old one answers");
    control.reload(change(moved, "second")).await;
    new.begun(1).await;
    refresh.now().await.expect("the new one answers");
    assert_eq!(&*control.live().table.entry("docs").stable.collection, "docs_v9");
}
