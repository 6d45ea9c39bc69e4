//! What only a cluster, or another release, answers: read from a server that is made up.

use axum::Router;
use axum::routing::get;
use pointsman::qdrant::{Client, CopyFailed, CopyJob, CopySettings, Progress, ShardKey};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::house::{PATIENCE, client};

/// A path and what is answered there.
type Answer = (&'static str, fn() -> Value);

async fn serve(answers: &'static [Answer]) -> Client {
    let mut app = Router::new();
    for (path, answer) in answers {
        app = app.route(path, get(async move || axum::Json(answer())));
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    client(&url, &url, PATIENCE)
}

fn info() -> Value {
    json!({"result": {
        "status": "grey", "optimizer_status": {"error": "disk full"}, "segments_count": 4, "points_count": 70, "indexed_vectors_count": 60,
        "update_queue": {"length": 2, "deferred_points": 5},
        "config": {
            "params": {"vectors": {"size": 4, "distance": "Dot", "memory": "pinned"}, "shard_number": 2, "sharding_method": "custom"},
            "hnsw_config": {"m": 16}, "optimizer_config": {}, "wal_config": null, "quantization_config": null,
            "invented_later": {"deep": [1]},
        },
        "payload_schema": {"city": {"data_type": "keyword", "points": 70}},
    }})
}

fn placement() -> Value {
    json!({"result": {
        "peer_id": 1, "shard_count": 3,
        "local_shards": [
            {"shard_id": 0, "shard_key": "eu", "points_count": 1, "state": "Active"},
            {"shard_id": 1, "shard_key": "eu", "points_count": 1, "state": "Partial"},
        ],
        "remote_shards": [
            {"shard_id": 0, "shard_key": "eu", "peer_id": 2, "state": "Active"},
            {"shard_id": 2, "shard_key": 7, "peer_id": 2, "state": "Dead"},
        ],
        "shard_transfers": [{"shard_id": 1, "from": 2, "to": 1}],
    }})
}

const CLUSTER: &[Answer] = &[
    ("/", || json!({"version": "1.18.2"})),
    ("/collections/docs", info),
    ("/collections/docs/cluster", placement),
    ("/collections/docs/aliases", || json!({"result": {"aliases": [{"alias_name": "live", "collection_name": "docs"}]}})),
    ("/collections/docs/shards", || json!({"result": {"shard_keys": [{"key": "eu"}, {"key": 7}]}})),
];

#[tokio::test]
async fn a_cluster_is_read_with_its_keys_replicas_and_fields_unheard_of() {
    let client = serve(CLUSTER).await;
    let found = client.describe("docs").await.expect("a description");
    let keys: Vec<_> =
        found.schema.shard_keys.iter().map(|spec| (spec.shard_key.clone(), spec.shards_number, spec.replication_factor)).collect();
    assert_eq!(keys, [(ShardKey::Number(7), Some(1), Some(1)), (ShardKey::Word("eu".into()), Some(2), Some(2))]);
    let states: Vec<_> = found.state.replicas.iter().map(|replica| (replica.shard_id, replica.peer_id, replica.state.as_str())).collect();
    assert_eq!(states, [(0, None, "Active"), (1, None, "Partial"), (0, Some(2), "Active"), (2, Some(2), "Dead")]);
    assert_eq!((found.state.shard_transfers, found.state.queued_updates, found.state.deferred_points), (1, 2, 5));
    assert_eq!(found.state.optimizer_error.as_deref(), Some("disk full"));
    assert!(found.aliases.contains("live"));
    // Fields of later releases come along into what a clone is created with.
    let creation = &found.schema.plan("copy")[0].body;
    assert_eq!(creation["vectors"]["memory"], "pinned");
    assert_eq!(creation["invented_later"], json!({"deep": [1]}));
    let written = serde_json::to_string(&found.schema).expect("JSON");
    assert_eq!(serde_json::from_str::<pointsman::qdrant::Schema>(&written).expect("a schema"), found.schema);
}

#[tokio::test]
async fn hidden_points_and_old_releases_stop_a_copy() {
    let hiding = serve(CLUSTER).await;
    let old = serve(&[("/", || json!({"version": "1.16.3"}))]).await;
    let mut job = CopyJob {
        source: hiding.clone(),
        source_collection: "docs".to_owned(),
        target: hiding,
        target_collection: "copy".to_owned(),
        settings: CopySettings::default(),
    };
    let (progress, _) = watch::channel(Progress::default());
    let failed = job.run(None, &progress).await.expect_err("points are hidden");
    assert!(matches!(failed, CopyFailed::Deferred { points: 5, .. }), "{failed}");
    job.target = old;
    let failed = job.run(None, &progress).await.expect_err("it would replace newer points");
    assert!(matches!(&failed, CopyFailed::InsertOnlyUnknown { version, .. } if version == "1.16.3"), "{failed}");
}

#[tokio::test]
async fn an_answer_of_another_shape_is_an_error() {
    let client = serve(&[("/", || json!({"title": "something else"})), ("/collections/docs", || json!({"result": {}}))]).await;
    let failure = client.describe("docs").await.expect_err("that is no collection");
    assert!(failure.to_string().contains("cannot be used"), "{failure}");
    assert!(client.version().await.is_err());
    assert!(client.describe("other").await.expect_err("404 without a body").is_not_found());
}
