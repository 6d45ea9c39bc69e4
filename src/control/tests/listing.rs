//! The loop that lists, against a server on a real socket.

use std::pin::pin;

use futures_util::poll;
use tonic::Status;

use crate::config::{Config, Secret};
use crate::control::testing::{FakeQdrant, listing, start};
use crate::control::{Control, NotReady, Parts};
use crate::live::Refresh;
use crate::qdrant::Listing;
use crate::routing::NameKind;

/// A running control plane that lists only when asked: the next round is an hour away.
async fn running(mut config: Config) -> (Control, Refresh) {
    config.aliases.refresh = "1h".parse().expect("a length of time");
    let Parts { control, refresh, background, .. } = start(config).await.expect("a legal configuration");
    tokio::spawn(background);
    (control, refresh)
}

fn docs(collection: &str) -> Listing {
    listing(&[("docs", collection)], &["docs_v1", "docs_v2"])
}

fn target(control: &Control) -> String {
    control.live().table.entry("docs").stable.collection.to_string()
}

#[tokio::test]
async fn the_first_listing_makes_ready() {
    let fake = FakeQdrant::start_closed(docs("docs_v1")).await;
    let (control, refresh) = running(fake.config()).await;
    fake.begun(1).await;
    assert_eq!(control.readiness().reasons(), [NotReady::AliasesNotListed]);
    fake.release(2);
    refresh.now().await.expect("the server answers");
    assert_eq!(control.readiness().reasons(), []);
    assert_eq!(target(&control), "docs_v1");
    let status = control.listing();
    assert_eq!((status.aliases, status.collections, status.failures), (1, 2, 0));
    assert!(status.age_seconds.is_some());
}

#[tokio::test]
async fn a_request_is_answered_by_a_listing_that_began_after_it() {
    let fake = FakeQdrant::start_closed(docs("docs_v1")).await;
    let (control, refresh) = running(fake.config()).await;
    fake.begun(1).await;
    fake.set(Ok(docs("docs_v2")));
    let mut asked = pin!(refresh.now());
    assert!(poll!(asked.as_mut()).is_pending(), "it cannot be answered yet");
    fake.release(1);
    fake.begun(2).await;
    assert_eq!(target(&control), "docs_v1", "the first listing began before the switch");
    assert!(poll!(asked.as_mut()).is_pending(), "it was answered by a listing from before it was asked");
    fake.release(1);
    asked.await.expect("the server answers");
    assert_eq!(target(&control), "docs_v2");
}

#[tokio::test]
async fn an_alias_that_points_elsewhere_is_a_switch() {
    let control = crate::control::testing::control(crate::control::testing::config()).await;
    for (collection, switches) in [("docs_v1", 0), ("docs_v1", 0), ("docs_v2", 1), ("docs_v1", 2)] {
        crate::control::testing::list(&control, docs(collection)).await;
        assert_eq!(control.gauges().alias_switches, switches, "{collection}");
    }
}

#[tokio::test]
async fn many_requests_share_a_listing() {
    let fake = FakeQdrant::start_closed(docs("docs_v1")).await;
    let (_control, refresh) = running(fake.config()).await;
    fake.begun(1).await;
    let mut asked: Vec<_> = (0..20).map(|_| Box::pin(refresh.now())).collect();
    for one in &mut asked {
        assert!(poll!(one.as_mut()).is_pending());
    }
    // One for the listing under way, one for all that were asked during it.
    fake.release(2);
    for answer in futures_util::future::join_all(asked).await {
        answer.expect("the server answers");
    }
}

#[tokio::test]
async fn a_failed_listing_keeps_the_last_table() {
    let fake = FakeQdrant::start(docs("docs_v1")).await;
    let (control, refresh) = running(fake.config()).await;
    refresh.now().await.expect("the server answers");
    let revision = control.live().table.revision;

    fake.set(Err(Status::permission_denied("the key was revoked")));
    let failed = refresh.now().await.expect_err("it was refused");
    assert!(failed.to_string().contains("the key was revoked"), "{failed}");
    let status = control.listing();
    assert_eq!((status.aliases, status.failures), (1, 1));
    assert!(status.last_error.expect("the last one failed").contains("PermissionDenied"));
    assert_eq!((target(&control).as_str(), control.live().table.revision), ("docs_v1", revision));
    assert_eq!(control.readiness().reasons(), [], "a failed listing is no reason to refuse traffic");

    fake.set(Ok(listing(&[], &[])));
    refresh.now().await.expect("the server answers again");
    assert_eq!(control.listing().last_error, None);
    assert_eq!(control.live().table.entry("docs").kind, NameKind::Unknown, "an empty listing is a listing");
}

#[tokio::test]
async fn nobody_listens_there() {
    // Kept to the end, so that no other process is given the port and listens there.
    let nobody = tokio::net::TcpSocket::new_v4().expect("a socket");
    nobody.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = nobody.local_addr().expect("it is bound");
    let mut config = crate::control::testing::config();
    config.upstreams.get_mut("default").expect("it is there").grpc_url = format!("http://{address}").parse().expect("a URL");
    let (control, refresh) = running(config).await;
    let failed = refresh.now().await.expect_err("nobody listens");
    assert!(failed.to_string().contains(&address.to_string()), "{failed}");
    assert_eq!(control.readiness().reasons(), [NotReady::AliasesNotListed]);
}

#[tokio::test]
async fn the_key_is_sent() {
    let fake = FakeQdrant::start(docs("docs_v1")).await;
    let mut config = fake.config();
    config.upstreams.get_mut("default").expect("it is there").api_key = Some(Secret::new("sesame"));
    let (_control, refresh) = running(config).await;
    refresh.now().await.expect("the server answers");
    assert_eq!(fake.key().as_deref(), Some("sesame"));
}

#[tokio::test]
async fn the_loop_ends_with_the_last_who_could_ask() {
    let fake = FakeQdrant::start(docs("docs_v1")).await;
    let Parts { refresh, background, .. } = start(fake.config()).await.expect("a legal configuration");
    let mut background = pin!(background);
    drop(refresh);
    background.as_mut().await;
}

#[tokio::test]
async fn an_upstream_is_listed_over_tls() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let authority = directory.path().join("authority.pem");
    let fake = FakeQdrant::start_tls(docs("docs_v1"), &authority).await;
    let secure = |ca_file: &std::path::Path| {
        let mut config = crate::control::testing::config();
        let upstream = config.upstreams.get_mut("default").expect("it is there");
        upstream.grpc_url = format!("https://{}", fake.address).parse().expect("a URL");
        upstream.ca_file = Some(ca_file.to_owned());
        config
    };
    let (control, refresh) = running(secure(&authority)).await;
    refresh.now().await.expect("the authority vouches for the server");
    assert_eq!(target(&control), "docs_v1");

    let other = directory.path().join("other.pem");
    let _other = FakeQdrant::start_tls(docs("docs_v1"), &other).await;
    let (_control, refresh) = running(secure(&other)).await;
    let failed = refresh.now().await.expect_err("nobody vouches for the server");
    assert!(failed.to_string().contains("certificate"), "{failed}");
}
