//! Each kind of difference, alone.

use serde_json::{Value, json};

use super::{Compatibility, Severity};
use crate::qdrant::schema::Schema;

fn base() -> Value {
    json!({
        "params": {
            "vectors": {
                "text": {"size": 4, "distance": "Cosine"},
                "late": {"size": 2, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}},
            },
            "sparse_vectors": {"words": {"modifier": "idf", "index": {"on_disk": false}}},
            "shard_number": 1, "sharding_method": "custom", "replication_factor": 1,
        },
        "hnsw_config": {"m": 16}, "optimizer_config": {"deleted_threshold": 0.2}, "wal_config": {"wal_capacity_mb": 32},
        "quantization_config": {"scalar": {"type": "int8"}}, "strict_mode_config": {"enabled": false},
        "metadata": {"embedding_model": "small", "owner": "search"},
        "payload_indexes": {"city": {"data_type": "keyword", "params": {"type": "keyword", "is_tenant": true}}},
        "shard_keys": [{"shard_key": "eu", "shards_number": 1}],
        "later": {"invented": true},
    })
}

fn schema(value: Value) -> Schema {
    serde_json::from_value(value).expect("a schema")
}

/// The report after one change at a JSON pointer; a change to `null` removes.
fn after(pointer: &str, value: Value) -> Compatibility {
    let mut changed = base();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer has a slash");
    match changed.pointer_mut(parent).expect("the parent exists") {
        Value::Object(fields) if value.is_null() => drop(fields.remove(key)),
        Value::Object(fields) => drop(fields.insert(key.to_owned(), value)),
        other => *other = value,
    }
    Compatibility::of(&schema(base()), &schema(changed))
}

#[test]
fn the_same_schema_has_no_differences() {
    let report = Compatibility::of(&schema(base()), &schema(base()));
    assert_eq!(report.differences, []);
    assert!(report.is_compatible());
}

#[test]
fn each_blocking_difference_is_named_and_blocks() {
    let cases = [
        ("/params/vectors/text/size", json!(8), "params.vectors.text.size"),
        ("/params/vectors/text/distance", json!("Dot"), "params.vectors.text.distance"),
        ("/params/vectors/text", Value::Null, "params.vectors.text"),
        ("/params/vectors/late/multivector_config", Value::Null, "params.vectors.late.multivector_config"),
        ("/params/sparse_vectors/words", Value::Null, "params.sparse_vectors.words"),
        ("/params/sparse_vectors/words/modifier", Value::Null, "params.sparse_vectors.words.modifier"),
        ("/params/sharding_method", Value::Null, "params.sharding_method"),
        ("/payload_indexes/city", Value::Null, "payload_indexes.city"),
        ("/payload_indexes/city", json!({"data_type": "text"}), "payload_indexes.city.data_type"),
        ("/shard_keys/0", json!([]), "shard_keys.\"eu\""),
        ("/metadata/embedding_model", json!("large"), "metadata.embedding_model"),
    ];
    for (pointer, value, path) in cases {
        let report = after(pointer, value);
        let found: Vec<_> = report.differences.iter().map(|one| (one.path.as_str(), one.severity)).collect();
        assert_eq!(found, [(path, Severity::Blocking)], "{pointer}");
        assert!(!report.is_compatible());
        assert!(report.differences[0].sentence.contains(path), "{}", report.differences[0]);
    }
}

#[test]
fn each_informative_difference_is_named_and_does_not_block() {
    let cases = [
        ("/params/vectors/text/datatype", json!("float16"), "params.vectors.text.datatype"),
        ("/params/vectors/text/on_disk", json!(true), "params.vectors.text.on_disk"),
        ("/params/vectors/text/memory", json!("cold"), "params.vectors.text.memory"),
        ("/params/vectors/image", json!({"size": 3, "distance": "Dot"}), "params.vectors.image"),
        ("/params/sparse_vectors/tags", json!({}), "params.sparse_vectors.tags"),
        ("/params/sparse_vectors/words/index", json!({"on_disk": true}), "params.sparse_vectors.words.index.on_disk"),
        ("/params/shard_number", json!(2), "params.shard_number"),
        ("/params/replication_factor", json!(2), "params.replication_factor"),
        ("/payload_indexes/year", json!({"data_type": "integer"}), "payload_indexes.year"),
        ("/payload_indexes/city", json!({"data_type": "keyword"}), "payload_indexes.city.params.is_tenant"),
        ("/hnsw_config/m", json!(32), "hnsw_config.m"),
        ("/optimizer_config/deleted_threshold", json!(0.5), "optimizer_config.deleted_threshold"),
        ("/wal_config", Value::Null, "wal_config"),
        ("/quantization_config", Value::Null, "quantization_config"),
        ("/strict_mode_config/enabled", json!(true), "strict_mode_config.enabled"),
        ("/metadata/owner", json!("ads"), "metadata.owner"),
        ("/metadata/embedding_model", Value::Null, "metadata.embedding_model"),
        ("/later/invented", json!(false), "later.invented"),
    ];
    for (pointer, value, path) in cases {
        let report = after(pointer, value);
        let found: Vec<_> = report.differences.iter().map(|one| (one.path.as_str(), one.severity)).collect();
        assert_eq!(found, [(path, Severity::Informative)], "{pointer}");
        assert!(report.is_compatible());
    }
}

#[test]
fn an_unnamed_vector_cannot_stand_in_for_a_named_one() {
    let mut unnamed = base();
    unnamed["params"]["vectors"] = json!({"size": 4, "distance": "Cosine"});
    let report = Compatibility::of(&schema(base()), &schema(unnamed));
    let blocking: Vec<_> = report.blocking().map(|one| one.path.as_str()).collect();
    assert_eq!(blocking, ["params.vectors.late", "params.vectors.text"]);
    assert_eq!(report.differences.last().map(|one| one.path.as_str()), Some("params.vectors.(unnamed)"));
}

#[test]
fn defaults_left_out_are_the_same_as_defaults_written() {
    for (pointer, value) in
        [("/params/vectors/text/datatype", json!("float32")), ("/params/read_fan_out_factor", Value::Null), ("/hnsw_config/m", json!(16.0))]
    {
        assert_eq!(after(pointer, value).differences, [], "{pointer}");
    }
}

#[test]
fn the_report_is_ordered_and_can_be_written_down() {
    let mut changed = base();
    changed["hnsw_config"]["m"] = json!(8);
    changed["params"]["vectors"]["text"]["size"] = json!(8);
    let report = Compatibility::of(&schema(base()), &schema(changed));
    assert_eq!(
        json!(report),
        json!({"differences": [
            {"path": "params.vectors.text.size", "old": 4, "new": 8, "severity": "blocking",
             "sentence": "`params.vectors.text.size` was 4 and is 8: queries and writes have vectors of the old size, and are refused."},
            {"path": "hnsw_config.m", "old": 16, "new": 8, "severity": "informative",
             "sentence": "`hnsw_config.m` was 16 and is 8: speed, memory or placement may differ, requests stay as they are."},
        ]})
    );
}
