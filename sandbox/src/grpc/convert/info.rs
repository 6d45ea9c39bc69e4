//! A collection's information, from the REST answer to `GET /collections/{name}`.

use std::collections::HashMap;

use qdrant_client::qdrant::{
    CollectionConfig, CollectionInfo, CollectionParams, CollectionStatus, CollectionWarning, Datatype, Distance, Modifier,
    MultiVectorComparator, MultiVectorConfig, OptimizerStatus, ShardingMethod, SparseIndexConfig, SparseVectorConfig, SparseVectorParams,
    UpdateQueueInfo, Value as ProtoValue, VectorParams, VectorParamsMap, VectorsConfig, vectors_config,
};
use serde_json::Value;

use super::configs::{Flat, field, optimizers_message, scalar, strict_mode_message};
use super::{indexes, names, quantization};

pub(in crate::grpc) fn info(value: &Value) -> CollectionInfo {
    CollectionInfo {
        status: names::proto(value.get("status"), CollectionStatus::from_str_name)
            .unwrap_or(CollectionStatus::UnknownCollectionStatus)
            .into(),
        optimizer_status: value.get("optimizer_status").map(optimizer_status),
        segments_count: scalar(value, "segments_count").unwrap_or_default(),
        config: field(value, "config").map(config),
        payload_schema: map(value.get("payload_schema"), indexes::info),
        points_count: scalar(value, "points_count"),
        indexed_vectors_count: scalar(value, "indexed_vectors_count"),
        warnings: value.get("warnings").and_then(Value::as_array).into_iter().flatten().map(warning).collect(),
        update_queue: field(value, "update_queue").map(|queue| UpdateQueueInfo {
            length: scalar(queue, "length").unwrap_or_default(),
            deferred_points: scalar(queue, "deferred_points"),
        }),
        ..CollectionInfo::default()
    }
}

/// `"ok"`, or an object with the error.
fn optimizer_status(value: &Value) -> OptimizerStatus {
    let error = value.get("error").and_then(Value::as_str);
    OptimizerStatus { ok: error.is_none(), error: error.unwrap_or_default().to_owned() }
}

fn warning(value: &Value) -> CollectionWarning {
    CollectionWarning { message: value.get("message").and_then(Value::as_str).unwrap_or_default().to_owned() }
}

fn map<T>(value: Option<&Value>, convert: impl Fn(&Value) -> T) -> HashMap<String, T> {
    value.and_then(Value::as_object).into_iter().flatten().map(|(name, one)| (name.clone(), convert(one))).collect()
}

fn config(value: &Value) -> CollectionConfig {
    CollectionConfig {
        params: field(value, "params").map(params),
        hnsw_config: field(value, "hnsw_config").map(Flat::from_json),
        optimizer_config: field(value, "optimizer_config").map(optimizers_message),
        wal_config: field(value, "wal_config").map(Flat::from_json),
        quantization_config: field(value, "quantization_config").and_then(quantization::message),
        strict_mode_config: field(value, "strict_mode_config").map(strict_mode_message),
        metadata: map(value.get("metadata"), |one| ProtoValue::from(one.clone())),
    }
}

fn params(value: &Value) -> CollectionParams {
    CollectionParams {
        shard_number: scalar(value, "shard_number").unwrap_or_default(),
        on_disk_payload: scalar(value, "on_disk_payload").unwrap_or_default(),
        vectors_config: field(value, "vectors").map(vectors),
        replication_factor: scalar(value, "replication_factor"),
        write_consistency_factor: scalar(value, "write_consistency_factor"),
        read_fan_out_factor: scalar(value, "read_fan_out_factor"),
        sharding_method: names::proto(value.get("sharding_method"), ShardingMethod::from_str_name).map(Into::into),
        sparse_vectors_config: field(value, "sparse_vectors").map(|vectors| SparseVectorConfig { map: map(Some(vectors), sparse) }),
        read_fan_out_delay_ms: scalar(value, "read_fan_out_delay_ms"),
        ..CollectionParams::default()
    }
}

/// One unnamed vector is an object with a size; anything else is a map of names.
fn vectors(value: &Value) -> VectorsConfig {
    let config = if value.get("size").is_some_and(Value::is_number) {
        vectors_config::Config::Params(vector(value))
    } else {
        vectors_config::Config::ParamsMap(VectorParamsMap { map: map(Some(value), vector) })
    };
    VectorsConfig { config: Some(config) }
}

fn vector(value: &Value) -> VectorParams {
    let comparator = |config: &Value| names::proto(config.get("comparator"), MultiVectorComparator::from_str_name).unwrap_or_default();
    VectorParams {
        size: scalar(value, "size").unwrap_or_default(),
        distance: names::proto(value.get("distance"), Distance::from_str_name).unwrap_or(Distance::UnknownDistance).into(),
        hnsw_config: field(value, "hnsw_config").map(Flat::from_json),
        quantization_config: field(value, "quantization_config").and_then(quantization::message),
        on_disk: scalar(value, "on_disk"),
        datatype: datatype(value),
        multivector_config: field(value, "multivector_config").map(|config| MultiVectorConfig { comparator: comparator(config).into() }),
        ..VectorParams::default()
    }
}

fn datatype(value: &Value) -> Option<i32> {
    names::proto(value.get("datatype"), Datatype::from_str_name).map(Into::into)
}

fn sparse(value: &Value) -> SparseVectorParams {
    SparseVectorParams {
        index: field(value, "index").map(|index| SparseIndexConfig {
            full_scan_threshold: scalar(index, "full_scan_threshold"),
            on_disk: scalar(index, "on_disk"),
            datatype: datatype(index),
            ..SparseIndexConfig::default()
        }),
        modifier: names::proto(value.get("modifier"), Modifier::from_str_name).map(Into::into),
    }
}
