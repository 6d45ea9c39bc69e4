//! A URL with several servers: the one that takes writes is used, and another one once it does not.

use serde_json::json;
use sqlx::{AnyConnection, Connection, Executor};

use super::postgres_server::Cluster;
use super::{NEVER, commit, eventually, put, set};
use crate::store::{Expected, OpenError, Store, StoreUrl};

/// Two servers with one database of the same name, on each of which a store was made.
struct Pair {
    one: Cluster,
    other: Cluster,
    /// The URL of each.
    urls: [String; 2],
}

impl Pair {
    async fn new() -> Self {
        let (one, other) = (Cluster::start(), Cluster::start());
        let urls = [one.database(), other.database()];
        for url in &urls {
            open(url).await.close().await;
        }
        Self { one, other, urls }
    }

    /// The folder of each server's socket, as errors name it.
    fn names(&self) -> [&str; 2] {
        self.urls.each_ref().map(|url| url.split_once("?host=").expect("a socket").1)
    }

    /// A URL that names both.
    fn both(&self) -> String {
        let [one, other] = self.names();
        self.urls[0].replace(one, &format!("{one},{other}"))
    }
}

async fn open(url: &str) -> Store {
    Store::open(&url.parse::<StoreUrl>().expect("it is legal")).await.expect("the store opens")
}

async fn revision(url: &str) -> u64 {
    let store = open(url).await;
    let revision = store.load().await.expect("the store answers").revision;
    store.close().await;
    revision
}

/// From now on transactions only read there, also those of connections that are open.
async fn read_only(url: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await.expect("the server answers");
    connection.execute("ALTER SYSTEM SET default_transaction_read_only = on").await.expect("a superuser may");
    connection.execute("SELECT pg_reload_conf()").await.expect("a superuser may");
    eventually(async || {
        let mut connection = AnyConnection::connect(url).await.expect("the server answers");
        let said: String = sqlx::query_scalar("SHOW transaction_read_only").fetch_one(&mut connection).await.expect("it is known");
        said == "on"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_or_read_only_is_passed_over() {
    let mut pair = Pair::new().await;
    read_only(&pair.urls[0]).await;
    let store = open(&pair.both()).await;
    set(&store, "docs", json!(1)).await;
    assert_eq!(revision(&pair.urls[1]).await, 1, "it was written to the one that takes writes");

    pair.one.crash();
    let again = open(&pair.both()).await;
    set(&again, "docs", json!(2)).await;
    assert_eq!(revision(&pair.urls[1]).await, 2);

    pair.other.demote();
    let [one, other] = pair.names();
    let refused = Store::open(&pair.both().parse().expect("it is legal")).await.expect_err("none takes writes");
    assert!(matches!(&refused, OpenError::Unreachable { .. }), "{refused}");
    let (text, standby) = (refused.to_string(), format!("{other}: it is a standby, which takes no writes"));
    assert!(text.contains(&format!("{one}: ")) && text.contains(&standby), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_server_is_taken_where_the_url_says_so() {
    let pair = Pair::new().await;
    read_only(&pair.urls[0]).await;
    let any = format!("{}&target_session_attrs=any", pair.both());
    let refused = Store::open(&any.parse().expect("it is legal")).await.expect_err("nothing can be brought up to date there");
    assert!(refused.to_string().contains("read-only transaction"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_under_way_is_followed_and_what_was_demoted_is_not_written_to() {
    let mut pair = Pair::new().await;
    pair.other.demote();
    let store = open(&pair.both()).await;
    let mut changes = store.changes(NEVER);
    for round in 0..3 {
        set(&store, "docs", json!(round)).await;
    }
    // Several connections of the pool lead to the first server.
    let held = [store.begin().await.expect("a connection"), store.begin().await.expect("a connection")];
    drop(held);

    pair.one.demote();
    let refused = commit(&store, vec![put("docs", json!(4), Expected::Any)]).await;
    assert!(refused.is_err(), "none takes writes");
    let known = async || {
        let said = store.ping().await.expect_err("none takes writes").to_string();
        pair.names().iter().all(|name| said.contains(&format!("{name}: it is a standby")))
    };
    eventually(known).await;

    pair.other.promote();
    eventually(async || commit(&store, vec![put("docs", json!(5), Expected::Any)]).await.is_ok()).await;
    // The other server knows less than the first did: all of it is read.
    let delta = store.changed_since(1).await.expect("the store answers");
    assert!(delta.whole && delta.revision == 1, "{delta:?}");
    assert!(!store.changed_since(1).await.expect("the store answers").whole, "once");

    // It hears there, too.
    let there = open(&pair.urls[1]).await;
    eventually(async || {
        set(&there, "news", json!(1)).await;
        tokio::time::timeout(std::time::Duration::from_millis(50), changes.next()).await.is_ok()
    })
    .await;

    // The first one is back, and the second one becomes read-only under the connections that are open.
    pair.one.promote();
    let before = revision(&pair.urls[0]).await;
    assert_eq!(before, 3, "nothing came to the first server since it was demoted");
    let last = store.load().await.expect("the store answers").revision;
    read_only(&pair.urls[1]).await;
    eventually(async || commit(&store, vec![put("docs", json!(6), Expected::Any)]).await.is_ok()).await;
    assert_eq!(revision(&pair.urls[0]).await, before + 1);
    let mut there = AnyConnection::connect(&pair.urls[1]).await.expect("the server answers");
    let kept: i64 = sqlx::query_scalar("SELECT revision FROM head").fetch_one(&mut there).await.expect("it reads");
    assert_eq!(kept, i64::try_from(last).expect("small"), "nothing was written to what only reads");
}
