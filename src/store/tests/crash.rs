//! `kill -9` in the middle of commits: what was acknowledged is there, and what was not is there as a whole or not at all.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use tokio::process::{Child, Command};

use super::{Place, commit, eventually, on_both, put};
use crate::store::{Change, Expected, Filter, Store};

/// Set for the child: where it commits, and where it writes down what was acknowledged.
const URL: &str = "POINTSMAN_TEST_WRITER_URL";
const ACKNOWLEDGED: &str = "POINTSMAN_TEST_WRITER_ACKNOWLEDGED";
/// Reached only by a child that is not killed.
const MOST_COMMITS: u64 = 50_000;

on_both!(a_killed_process_loses_nothing_acknowledged);

async fn a_killed_process_loses_nothing_acknowledged(place: Place) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let acknowledged = folder.path().join("acknowledged");
    let mut wanted = 0;
    for round in [1, 7, 20, 3] {
        wanted += round;
        let mut writer = start_writer(&place, &acknowledged);
        eventually(async || {
            assert!(writer.try_wait().expect("it is our child").is_none(), "the writer ended by itself");
            count(&acknowledged) >= wanted
        })
        .await;
        writer.kill().await.expect("it runs");
        wanted = count(&acknowledged);
        let store = place.open().await;
        check(&store, wanted).await;
        store.close().await;
    }
}

/// Both documents of every acknowledged commit are there, and no half of another.
async fn check(store: &Store, acknowledged: u64) {
    // What the killed process sent may still be carried out: once this has had its turn, nothing of it comes any more.
    store.commit(Change::unaudited(Vec::new())).await.expect("the store answers");
    let documents = store.load().await.expect("the store answers").documents;
    let has = |id: String| documents.iter().any(|document| document.key.id == id);
    let commits = documents.len() as u64 / 2;
    assert_eq!(documents.len() % 2, 0, "half a commit");
    assert!(commits >= acknowledged, "{acknowledged} were acknowledged, {commits} are there");
    for commit in 0..commits {
        assert!(has(format!("a{commit}")) && has(format!("b{commit}")), "commit {commit}");
    }
    let audit = store.audit(&Filter { limit: 1_000_000, ..Filter::default() }).await.expect("the store answers");
    assert_eq!(audit.items.len() as u64, commits, "one audit row a commit");
}

/// Whole lines only: the last may be cut short.
fn count(acknowledged: &Path) -> u64 {
    let text = std::fs::read_to_string(acknowledged).unwrap_or_default();
    text.matches('\n').count() as u64
}

fn start_writer(place: &Place, acknowledged: &Path) -> Child {
    let myself = std::env::current_exe().expect("this test is a program");
    let (_crate, module) = module_path!().split_once("::").expect("tests lie in modules");
    let mut command = Command::new(myself);
    command.args(["--exact", &format!("{module}::writer"), "--ignored"]);
    command.env(URL, &place.url).env(ACKNOWLEDGED, acknowledged);
    command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("it can be started")
}

/// The child. Run by hand it does nothing.
#[tokio::test]
#[ignore = "started by a_killed_process_loses_nothing_acknowledged"]
async fn writer() {
    let (Ok(url), Ok(acknowledged)) = (std::env::var(URL), std::env::var(ACKNOWLEDGED)) else { return };
    let store = Store::open(&url.parse().expect("the parent gave it")).await.expect("the store opens");
    let mut acknowledged = File::options().create(true).append(true).open(acknowledged).expect("the parent gave it");
    let first = store.load().await.expect("the store answers").documents.len() as u64 / 2;
    for number in first..MOST_COMMITS {
        let both = ["a", "b"].map(|half| put(&format!("{half}{number}"), json!(number), Expected::Absent));
        commit(&store, both.into()).await.expect("nobody else writes");
        writeln!(acknowledged, "{number}").expect("the parent reads it");
    }
}
