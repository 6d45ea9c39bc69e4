//! SQLite files: one owner, and no damage papered over.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use sqlx::AssertSqlSafe;

use super::{Place, on_both, set};
use crate::store::{CommitError, Expected, OpenError, Store, StoreUrl, write_private};

on_both!(a_newer_schema_is_refused);

async fn a_newer_schema_is_refused(place: Place) {
    let store = place.open().await;
    set(&store, "docs", json!(1)).await;
    sqlx::query("UPDATE schema_version SET version = 99").execute(&store.0.pool).await.expect("it is our store");
    store.close().await;
    drop(store);
    for refused in [Store::open(&place.url()).await, Store::open_to_read(&place.url()).await] {
        let error = refused.expect_err("it must be refused");
        assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
        assert!(error.to_string().contains(&place.url().to_string()) && error.to_string().contains("newer version"), "{error}");
    }
}

fn path(place: &Place) -> PathBuf {
    PathBuf::from(&place.url)
}

/// A store with one document, closed.
async fn stored() -> Place {
    let place = Place::file();
    let store = place.open().await;
    set(&store, "docs", json!(1)).await;
    store.close().await;
    place
}

async fn refused(place: &Place) -> OpenError {
    Store::open(&place.url()).await.expect_err("it must be refused")
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_alone() {
    let place = stored().await;
    let file = path(&place);
    let good = fs::read(&file).expect("it is there");
    let mut garbled = good.clone();
    garbled[4096 * 2..4096 * 5].fill(0xa5);
    let damages: [(&str, Vec<u8>); 4] = [
        ("cut short", good[..good.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("text", b"not a database at all".repeat(300)),
        ("garbled", garbled),
    ];
    for (what, damage) in damages {
        fs::write(&file, &damage).expect("the folder is ours");
        let error = refused(&place).await;
        assert!(matches!(error, OpenError::Damaged { .. }), "{what}: {error}");
        assert!(error.to_string().contains("pointsman.db") && error.to_string().contains("import"), "{what}: {error}");
        assert_eq!(fs::read(&file).expect("it is there"), damage, "{what}: the evidence was overwritten");
    }
    fs::write(&file, &good).expect("the folder is ours");
    assert_eq!(place.open().await.load().await.expect("the store answers").documents.len(), 1);
}

#[tokio::test]
async fn a_log_without_its_file_is_refused() {
    let place = stored().await;
    fs::rename(path(&place), path(&place).with_extension("db-wal")).expect("the folder is ours");
    let error = refused(&place).await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    assert!(!path(&place).exists());
}

#[tokio::test]
async fn a_database_of_somebody_else_is_refused() {
    let place = Place::file();
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}?mode=rwc", place.url);
    let other = sqlx::AnyPool::connect(&url).await.expect("the folder is ours");
    sqlx::query("CREATE TABLE recipes (name TEXT)").execute(&other).await.expect("it is legal");
    other.close().await;
    let error = refused(&place).await;
    assert!(matches!(error, OpenError::NotAStore { .. }), "{error}");
}

#[tokio::test]
async fn a_second_owner_is_refused_until_the_first_is_gone() {
    let place = Place::file();
    let store = place.open().await;
    let error = refused(&place).await;
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    set(&store, "docs", json!(1)).await;
    store.close().await;
    drop(store);
    assert_eq!(place.open().await.load().await.expect("the store answers").revision, 1);
}

#[tokio::test]
async fn a_reader_looks_on_while_the_owner_writes() {
    let place = Place::file();
    let missing = Store::open_to_read(&place.url()).await.expect_err("there is nothing to read");
    assert!(matches!(missing, OpenError::Missing { .. }), "{missing}");
    assert!(!path(&place).exists(), "a reader creates nothing");
    let store = place.open().await;
    set(&store, "docs", json!(1)).await;
    let reader = Store::open_to_read(&place.url()).await.expect("it may look");
    assert_eq!(reader.export().await.expect("the store answers").documents.len(), 1);
    set(&store, "images", json!(1)).await;
    assert_eq!(reader.load().await.expect("the store answers").documents.len(), 2);
    let write = super::commit(&reader, vec![super::delete("docs", Expected::Any)]).await;
    assert!(write.is_err(), "a reader does not write: {write:?}");
}

#[tokio::test]
async fn a_new_file_is_made_where_there_is_none_whatever_its_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let odd: &Path = &folder.path().join("made/when needed/100% ü?#.db");
    let url = StoreUrl::File(odd.to_owned());
    let half_made = odd.with_file_name("100% ü?#.db.new");
    fs::create_dir_all(odd.parent().expect("it has one")).expect("the folder is ours");
    fs::write(&half_made, "left by a killed process").expect("the folder is ours");
    let store = Store::open(&url).await.expect("the store opens");
    set(&store, "docs", json!(1)).await;
    store.close().await;
    assert!(odd.is_file() && !half_made.exists());
}

#[tokio::test]
async fn a_full_disk_refuses_commits_and_nothing_else() {
    let place = Place::file();
    let store = place.open().await;
    set(&store, "docs", json!("small")).await;
    let limit = |pages: u32| AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
    sqlx::query(limit(1)).execute(&store.0.pool).await.expect("it is legal");
    let big = json!("x".repeat(1_000_000));
    let write = super::put("docs", big, Expected::Any);
    let full = super::commit(&store, vec![write]).await.expect_err("the disk is full");
    assert!(full.to_string().contains("full"), "{full}");
    assert_eq!(store.load().await.expect("reading goes on").documents[0].body, Some(json!("small")));
    sqlx::query(limit(1_000_000)).execute(&store.0.pool).await.expect("it is legal");
    let revision = set(&store, "docs", json!("again")).await;
    store.close().await;
    drop(store);
    let after = place.open().await.load().await.expect("the store answers");
    assert_eq!((after.revision, after.documents[0].body.clone()), (revision, Some(json!("again"))), "acknowledged is durable");
}

/// On some errors SQLite ends a transaction unasked. The next commits must not end up inside one that never ends.
#[tokio::test]
async fn a_transaction_sqlite_rolled_back_itself_leaves_no_trace() {
    let place = Place::file();
    let store = place.open().await;
    let mut transaction = store.begin().await.expect("the store answers");
    sqlx::query("ROLLBACK").execute(&mut *transaction).await.expect("as SQLite does it");
    drop(transaction);
    let refused = super::commit(&store, vec![super::put("docs", json!(0), Expected::Revision(7))]).await;
    assert!(matches!(refused, Err(CommitError::Conflict { .. })), "{refused:?}");
    let revision = set(&store, "docs", json!(1)).await;
    store.close().await;
    drop(store);
    assert_eq!(place.open().await.load().await.expect("the store answers").revision, revision);
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

fn companions(place: &Place) -> Vec<PathBuf> {
    let named = |suffix: &str| PathBuf::from(format!("{}{suffix}", place.url));
    ["", "-wal", "-shm", ".lock"].into_iter().map(named).filter(|file| file.exists()).collect()
}

#[tokio::test]
async fn only_the_owner_can_read_a_store_and_what_belongs_to_it() {
    let place = Place::file();
    let store = place.open().await;
    set(&store, "docs", json!(1)).await;
    let files = companions(&place);
    assert!(files.len() >= 3, "the database, its log and the lock: {files:?}");
    files.iter().for_each(|file| assert_eq!(mode(file), 0o600, "{}", file.display()));
    store.close().await;
    drop(store);
    for (open, tight) in [(0o644, 0o600), (0o666, 0o600), (0o640, 0o600), (0o755, 0o600)] {
        companions(&place).iter().for_each(|file| fs::set_permissions(file, fs::Permissions::from_mode(open)).expect("ours"));
        let store = place.open().await;
        set(&store, "docs", json!(2)).await;
        companions(&place).iter().for_each(|file| assert_eq!(mode(file), tight, "{} was {open:o}", file.display()));
        store.close().await;
    }
}

#[test]
fn an_export_is_private_also_in_the_place_of_a_file_that_was_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("export.json");
    for before in [None, Some("a longer text that was there before")] {
        if let Some(text) = before {
            fs::write(&file, text).expect("the folder is ours");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("ours");
        }
        write_private(&file, "{}").expect("the folder is ours");
        assert_eq!((mode(&file), fs::read_to_string(&file).expect("it is there").as_str()), (0o600, "{}"));
    }
}

#[tokio::test]
async fn the_lease_of_a_file_ends_with_the_process_that_had_it() {
    let place = Place::file();
    let store = place.open().await;
    let hour = Duration::from_secs(3_600);
    let first = store.acquire_or_renew("killed", hour).await.expect("the store answers");
    store.close().await;
    drop(store);
    let store = place.open().await;
    assert_eq!(store.lease("next").await.expect("the store answers").holder, None);
    let next = store.acquire_or_renew("next", hour).await.expect("the store answers");
    assert_eq!((next.held, next.epoch), (true, first.epoch + 1));
}
