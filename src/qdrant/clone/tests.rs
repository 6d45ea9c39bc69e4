//! The plan of a clone, without a server.

use http::Method;
use serde_json::{Value, json};

use crate::qdrant::schema::Schema;

fn schema() -> Schema {
    let value = json!({
        "params": {
            "vectors": {"size": 4, "distance": "Cosine", "on_disk": true},
            "shard_number": 2, "sharding_method": "custom", "replication_factor": 3, "read_fan_out_factor": 2,
            "payload": {"memory": "cold"},
        },
        "hnsw_config": {"m": 24}, "optimizer_config": {"deleted_threshold": 0.3}, "wal_config": {"wal_capacity_mb": 1},
        "strict_mode_config": {"enabled": true}, "metadata": {"embedding_model": "small"},
        "payload_indexes": {
            "city": {"data_type": "keyword", "params": {"type": "keyword", "is_tenant": true}},
            "year": {"data_type": "integer"},
        },
        "shard_keys": [{"shard_key": "eu", "shards_number": 2, "replication_factor": 3}, {"shard_key": 7}],
        "invented_later": {"x": 1},
    });
    serde_json::from_value(value).expect("a schema")
}

#[test]
fn the_steps_come_in_the_order_qdrant_needs() {
    let steps: Vec<_> = schema().plan("a b").into_iter().map(|step| (step.method, step.path, step.body)).collect();
    let creation = json!({
        "vectors": {"size": 4, "distance": "Cosine", "on_disk": true}, "sparse_vectors": {},
        "shard_number": 2, "sharding_method": "custom", "replication_factor": 3,
        "hnsw_config": {"m": 24}, "optimizers_config": {"deleted_threshold": 0.3}, "wal_config": {"wal_capacity_mb": 1},
        "metadata": {"embedding_model": "small"}, "payload": {"memory": "cold"}, "invented_later": {"x": 1},
    });
    let at = |rest: &str| format!("/collections/a%20b{rest}");
    let expected: Vec<(Method, String, Value)> = vec![
        (Method::PUT, at(""), creation),
        (Method::PUT, at("/shards"), json!({"shard_key": "eu", "shards_number": 2, "replication_factor": 3})),
        (Method::PUT, at("/shards"), json!({"shard_key": 7})),
        (Method::PATCH, at(""), json!({"params": {"read_fan_out_factor": 2}})),
        (Method::PUT, at("/index?wait=true"), json!({"field_name": "city", "field_schema": {"type": "keyword", "is_tenant": true}})),
        (Method::PUT, at("/index?wait=true"), json!({"field_name": "year", "field_schema": "integer"})),
    ];
    assert_eq!(steps, expected);
    let last = schema().last_step("a b").expect("strict mode is set");
    assert_eq!((last.method, last.path, last.body), (Method::PATCH, at(""), json!({"strict_mode_config": {"enabled": true}})));
}

#[test]
fn overrides_merge_replace_and_remove() {
    let patch = json!({
        "params": {"vectors": {"size": 8}, "read_fan_out_factor": null},
        "hnsw_config": {"ef_construct": 200},
        "payload_indexes": {"year": null},
        "shard_keys": [],
    });
    let changed = schema().with_overrides(&patch).expect("a schema");
    assert_eq!(changed.params.vectors.get("").map(|vector| (vector.size, vector.on_disk)), Some((8, Some(true))));
    assert_eq!(changed.params.read_fan_out_factor, None);
    assert_eq!(Value::Object(changed.hnsw_config.clone()), json!({"m": 24, "ef_construct": 200}));
    assert_eq!(changed.payload_indexes.keys().collect::<Vec<_>>(), ["city"]);
    assert_eq!(changed.shard_keys, []);
    assert_eq!(changed.metadata, schema().metadata);
    assert_eq!(schema().with_overrides(&json!({})).expect("a schema"), schema());
}

#[test]
fn overrides_that_make_no_schema_name_the_field() {
    let fault = schema().with_overrides(&json!({"params": {"shard_number": "two"}})).expect_err("a word is no number");
    assert!(fault.to_string().contains("shard_number") || fault.path.starts_with("params"), "{fault}");
    assert!(schema().with_overrides(&json!([])).is_err());
}
