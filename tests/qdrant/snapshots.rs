//! Snapshots: out to a file, and back as new collections.

use pointsman::qdrant::{RecoverFailed, SnapshotSource, TransferFailed, snapshots_to_delete};
use serde_json::json;

use crate::house::{House, PATIENCE};

async fn house() -> House {
    let house = House::with_alias().await;
    let points: Vec<_> = (1..=20).map(|id| json!({"id": id, "vector": [id, 1], "payload": {"n": id}})).collect();
    house.upsert("docs_v1", &points).await;
    house
}

#[tokio::test]
async fn a_snapshot_is_taken_listed_and_brought_back_from_its_upstream() {
    let house = house().await;
    let taken = house.client.create_snapshot("docs_v1", PATIENCE).await.expect("a snapshot");
    let listed = house.client.list_snapshots("docs_v1").await.expect("a list");
    assert_eq!(listed, std::slice::from_ref(&taken));
    assert_eq!(snapshots_to_delete(&listed, 1).len(), 0);

    let source = SnapshotSource::Upstream { client: house.client.clone(), collection: "docs_v1".into(), snapshot: taken.name.clone() };
    house.client.recover_snapshot("docs_v3", &source, taken.checksum.as_deref(), PATIENCE).await.expect("a recovery");
    assert_eq!(house.client.count_points("docs_v3").await.expect("a count"), 20);
    let wrong = house.client.recover_snapshot("docs_v4", &source, Some("00"), PATIENCE).await.expect_err("another checksum");
    assert!(wrong.to_string().contains("checksum"), "{wrong}");

    house.client.delete_snapshot("docs_v1", &taken.name).await.expect("a deletion");
    house.client.delete_snapshot("docs_v1", &taken.name).await.expect("deleted already");
    assert_eq!(house.client.list_snapshots("docs_v1").await.expect("a list"), []);
}

#[tokio::test]
async fn a_snapshot_travels_by_file_to_another_upstream() {
    let (house, other) = (house().await, House::start().await);
    let taken = house.client.create_snapshot("docs_v1", PATIENCE).await.expect("a snapshot");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("docs.snapshot");
    let client = &house.client;

    let spoiled = client.download_snapshot("docs_v1", &taken.name, Some("00"), &path, PATIENCE).await;
    assert!(matches!(spoiled, Err(TransferFailed::Checksum { .. })));
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").collect();
    assert!(left.is_empty(), "what is not right does not stay: {left:?}");

    let got = client.download_snapshot("docs_v1", &taken.name, taken.checksum.as_deref(), &path, PATIENCE).await.expect("a download");
    assert_eq!((got.bytes, Some(&got.checksum)), (taken.size, taken.checksum.as_ref()));
    assert_eq!(std::fs::metadata(&path).expect("a file").len(), taken.size);

    let file = SnapshotSource::File(path);
    other.client.recover_snapshot("docs", &file, Some(&got.checksum), PATIENCE).await.expect("an upload");
    assert_eq!(other.client.count_points("docs").await.expect("a count"), 20);
    let spoiled = other.client.recover_snapshot("docs_b", &file, Some("00"), PATIENCE).await;
    assert!(matches!(spoiled, Err(RecoverFailed::Transfer(TransferFailed::Checksum { .. }))));
}

#[tokio::test]
async fn nothing_is_recovered_over_what_is_there() {
    let house = house().await;
    let taken = house.client.create_snapshot("docs_v1", PATIENCE).await.expect("a snapshot");
    let source = SnapshotSource::Upstream { client: house.client.clone(), collection: "docs_v1".into(), snapshot: taken.name };
    for name in ["docs", "docs_v2"] {
        let refused = house.client.recover_snapshot(name, &source, None, PATIENCE).await;
        assert!(matches!(refused, Err(RecoverFailed::Taken { .. })), "{name}");
    }
    assert_eq!(house.client.count_points("docs_v2").await.expect("a count"), 0);
    house.fault("*", json!({"errors": [{"status": 503, "share": 1.0}]}));
    assert!(house.client.recover_snapshot("docs_v9", &source, None, PATIENCE).await.is_err());
}
