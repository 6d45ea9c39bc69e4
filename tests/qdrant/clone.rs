//! Clones of schemas.

use pointsman::qdrant::{CloneStep, Created, Failure, FailureKind, Schema, Undone};
use pointsman_sandbox::requests::Filter;
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::House;

/// A collection with everything the sandbox can report.
async fn rich(house: &House) -> Schema {
    let definition = json!({
        "vectors": {
            "text": {"size": 4, "distance": "Cosine", "on_disk": true, "datatype": "float16", "hnsw_config": {"m": 24, "payload_m": 8}},
            "late": {"size": 2, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}},
            "image": {"size": 3, "distance": "Euclid", "quantization_config": {"binary": {"always_ram": true}}},
        },
        "sparse_vectors": {"words": {"modifier": "idf", "index": {"on_disk": true, "full_scan_threshold": 500}}, "tags": {}},
        "shard_number": 2, "replication_factor": 1, "write_consistency_factor": 1, "on_disk_payload": false,
        "hnsw_config": {"m": 20, "ef_construct": 120, "full_scan_threshold": 5000},
        "optimizers_config": {"deleted_threshold": 0.35, "indexing_threshold": 12345, "default_segment_number": 3, "flush_interval_sec": 7},
        "wal_config": {"wal_capacity_mb": 8, "wal_segments_ahead": 1},
        "quantization_config": {"scalar": {"type": "int8", "quantile": 0.98, "always_ram": true}},
        "strict_mode_config": {"enabled": true, "max_query_limit": 200, "unindexed_filtering_retrieve": false},
        "metadata": {"embedding_model": "small-3", "pipeline": {"version": 7}},
    });
    house.create("docs", definition).await;
    house.ok(Method::PATCH, "/collections/docs", json!({"params": {"read_fan_out_factor": 2, "read_fan_out_delay_ms": 30}})).await;
    let indexes = [
        ("city", json!({"type": "keyword", "is_tenant": true, "on_disk": true})),
        ("year", json!({"type": "integer", "lookup": true, "range": false})),
        ("price", json!("float")),
        ("place", json!({"type": "geo"})),
        ("done", json!("bool")),
        ("at", json!({"type": "datetime", "is_principal": true})),
        ("key", json!("uuid")),
        ("body", json!({"type": "text", "tokenizer": "word", "min_token_len": 2, "max_token_len": 20, "lowercase": true})),
        ("deep.list[].name", json!("keyword")),
    ];
    for (field, schema) in indexes {
        house.ok(Method::PUT, "/collections/docs/index?wait=true", json!({"field_name": field, "field_schema": schema})).await;
    }
    house.client.describe("docs").await.expect("a description").schema
}

#[tokio::test]
async fn a_clone_has_every_field_of_its_source() {
    let house = House::start().await;
    let source = rich(&house).await;
    assert_eq!((source.params.vectors.iter().count(), source.payload_indexes.len()), (3, 9));
    let mut cloned = house.client.clone_schema("copy", &source).await.expect("a clone");
    assert_eq!(cloned.differences.differences, []);
    let before = house.client.describe("copy").await.expect("a description").schema;
    assert_eq!(before.strict_mode_config, None, "its limits would throttle the copy");
    house.client.finish_clone(&mut cloned.record, &source).await.expect("strict mode");
    let after = house.client.describe("copy").await.expect("a description").schema;
    assert_eq!(after, source);
    // What Qdrant itself says of both is the same too, whatever Pointsman makes of it.
    let config = |info: Value| (info["config"].clone(), info["payload_schema"].clone());
    let [theirs, ours] =
        [house.ok(Method::GET, "/collections/docs", json!({})).await, house.ok(Method::GET, "/collections/copy", json!({})).await];
    assert_eq!(config(ours), config(theirs));
}

#[tokio::test]
async fn overrides_show_as_differences_of_the_two() {
    let house = House::start().await;
    let source = rich(&house).await;
    let wanted =
        source.with_overrides(&json!({"params": {"vectors": {"text": {"size": 8}}}, "payload_indexes": {"done": null}})).expect("a schema");
    let cloned = house.client.clone_schema("copy", &wanted).await.expect("a clone");
    assert_eq!(cloned.differences.differences, []);
    let report = pointsman::qdrant::Compatibility::of(&source, &house.client.describe("copy").await.expect("a description").schema);
    let blocking: Vec<_> = report.blocking().map(|one| one.path.as_str()).collect();
    assert_eq!(blocking, ["params.vectors.text.size", "payload_indexes.done"]);
}

#[tokio::test]
async fn an_existing_name_is_left_alone() {
    let house = House::with_alias().await;
    let schema = house.client.describe("docs_v1").await.expect("a description").schema;
    house.upsert("docs_v2", &[json!({"id": 1, "vector": [1, 1]})]).await;
    for name in ["docs_v2", "docs"] {
        let failed = house.client.clone_schema(name, &schema).await.expect_err("the name is taken");
        assert_eq!((failed.record.created, failed.record.done.len()), (Created::No, 0), "{failed}");
        assert!(matches!(*failed.failure, Failure { kind: FailureKind::Precondition(_), .. }), "{failed}");
        assert!(matches!(house.client.undo_clone(&failed.record).await, Ok(Undone::Kept { .. })));
    }
    assert_eq!(house.client.count_points("docs_v2").await.expect("a count"), 1);
    house.fault("*", json!({"errors": [{"status": 503, "share": 1.0}]}));
    let failed = house.client.clone_schema("docs_v3", &schema).await.expect_err("nobody knows whether the name is free");
    assert_eq!(failed.record.created, Created::No);
}

#[tokio::test]
async fn a_clone_that_fails_half_way_can_be_undone_and_only_that() {
    let house = House::start().await;
    let source = rich(&house).await;
    let spoiled = source.with_overrides(&json!({"payload_indexes": {"zz": {"data_type": "nonsense"}}})).expect("a schema");
    let failed = house.client.clone_schema("copy", &spoiled).await.expect_err("there is no such index");
    assert_eq!((failed.record.created, failed.record.done.first()), (Created::Yes, Some(&CloneStep::Create)));
    assert!(failed.record.done.contains(&CloneStep::PayloadIndex { field: "year".to_owned() }), "{:?}", failed.record.done);
    assert!(failed.to_string().contains("PUT /collections/copy/index"), "{failed}");

    house.alias("live", "copy").await;
    assert!(matches!(house.client.undo_clone(&failed.record).await, Ok(Undone::Kept { .. })), "an alias points at it");
    house.client.delete_alias("live").await.expect("a deletion");
    assert_eq!(house.client.undo_clone(&failed.record).await.expect("an answer"), Undone::Removed);
    assert_eq!(house.client.undo_clone(&failed.record).await.expect("an answer"), Undone::Gone);
    assert_eq!(house.client.list().await.expect("a listing").collections.into_iter().collect::<Vec<_>>(), ["docs"]);
}

#[tokio::test]
async fn a_clone_that_stopped_goes_on_where_it_was() {
    let house = House::start().await;
    let source = rich(&house).await;
    let spoiled = source.with_overrides(&json!({"payload_indexes": {"zz": {"data_type": "nonsense"}}})).expect("a schema");
    let failed = house.client.clone_schema("copy", &spoiled).await.expect_err("there is no such index");
    let stored = serde_json::to_string(&failed.record).expect("JSON");
    let record = serde_json::from_str(&stored).expect("a record");
    let cloned = house.client.continue_clone(record, &source).await.expect("the rest of the clone");
    assert_eq!(cloned.differences.differences, []);
    let creations =
        Filter { operation: Some("PUT /collections/{name}".to_owned()), collection: Some("copy".to_owned()), ..Filter::default() };
    let creations = house.sandbox.log.list(&creations).into_iter().filter(|request| request.path == "/collections/copy").count();
    assert_eq!(creations, 1);
}

#[tokio::test]
async fn a_collection_that_is_not_there_cannot_be_described() {
    let house = House::start().await;
    let failure = house.client.describe("nobody").await.expect_err("there is none");
    assert!(failure.is_not_found() && failure.to_string().contains("default: GET /collections/nobody: 404: Not found"), "{failure}");
}
