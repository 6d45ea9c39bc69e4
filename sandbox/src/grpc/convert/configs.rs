//! Parts of a collection's configuration, in both directions: they come with create and update, and go back with the collection's information.

use std::collections::HashMap;

use qdrant_client::qdrant::max_optimization_threads::{Setting, Variant};
use qdrant_client::qdrant::{
    AcornSearchParams, HnswConfigDiff, MaxOptimizationThreads, OptimizersConfigDiff, QuantizationSearchParams, StrictModeConfig,
    StrictModeMultivector, StrictModeMultivectorConfig, StrictModeSparse, StrictModeSparseConfig, WalConfigDiff,
};
use serde_json::{Map, Value};

use super::Object;

/// A scalar field of a message that REST writes as the same JSON scalar.
pub(super) trait Scalar: Sized {
    fn read(value: &Value) -> Option<Self>;
}

macro_rules! scalar {
    ($($type:ty: $read:expr;)*) => {$(
        impl Scalar for $type {
            fn read(value: &Value) -> Option<Self> {
                let read: fn(&Value) -> Option<Self> = $read;
                read(value)
            }
        }
    )*};
}

scalar! {
    u64: Value::as_u64;
    u32: |value| value.as_u64().and_then(|number| Self::try_from(number).ok());
    bool: Value::as_bool;
    f64: Value::as_f64;
    f32: |value| value.as_f64().map(|number| number as Self);
}

/// A message of optional scalars whose fields have the same names in REST.
pub(super) trait Flat: Default {
    fn to_json(&self) -> Value;
    fn from_json(value: &Value) -> Self;
}

macro_rules! flat {
    ($($message:ty { $($field:ident),* })*) => {$(
        impl $crate::grpc::convert::configs::Flat for $message {
            fn to_json(&self) -> serde_json::Value {
                let mut object = serde_json::Map::new();
                $(if let Some(value) = self.$field {
                    object.insert(stringify!($field).to_owned(), value.into());
                })*
                serde_json::Value::Object(object)
            }

            fn from_json(value: &serde_json::Value) -> Self {
                let mut message = Self::default();
                $(message.$field = value.get(stringify!($field)).and_then($crate::grpc::convert::configs::Scalar::read);)*
                message
            }
        }
    )*};
}
pub(super) use flat;

flat! {
    HnswConfigDiff { m, ef_construct, full_scan_threshold, max_indexing_threads, on_disk, payload_m, inline_storage }
    WalConfigDiff { wal_capacity_mb, wal_segments_ahead, wal_retain_closed }
    OptimizersConfigDiff {
        deleted_threshold, vacuum_min_vector_number, default_segment_number, max_segment_size, memmap_threshold, indexing_threshold,
        flush_interval_sec, prevent_unoptimized
    }
    QuantizationSearchParams { ignore, rescore, oversampling }
    AcornSearchParams { enable, max_selectivity }
    StrictModeConfig {
        enabled, max_query_limit, max_timeout, unindexed_filtering_retrieve, unindexed_filtering_update, search_max_hnsw_ef, search_allow_exact,
        search_max_oversampling, upsert_max_batchsize, search_max_batchsize, max_collection_vector_size_bytes, read_rate_limit, write_rate_limit,
        max_collection_payload_size_bytes, filter_max_conditions, condition_max_size, max_points_count, max_payload_index_count,
        max_resident_memory_percent
    }
    StrictModeSparse { max_length }
    StrictModeMultivector { max_vectors }
}

pub(super) fn optimizers(message: &OptimizersConfigDiff) -> Value {
    let mut value = message.to_json();
    let threads = match message.max_optimization_threads.and_then(|threads| threads.variant) {
        Some(Variant::Value(threads)) => Some(threads.into()),
        Some(Variant::Setting(_)) => Some("auto".into()),
        None => message.deprecated_max_optimization_threads.map(Value::from),
    };
    if let (Some(threads), Value::Object(object)) = (threads, &mut value) {
        object.insert("max_optimization_threads".to_owned(), threads);
    }
    value
}

pub(super) fn optimizers_message(value: &Value) -> OptimizersConfigDiff {
    let threads = value.get("max_optimization_threads").and_then(Value::as_u64);
    let variant = threads.map_or(Variant::Setting(Setting::Auto.into()), Variant::Value);
    OptimizersConfigDiff {
        deprecated_max_optimization_threads: threads,
        max_optimization_threads: Some(MaxOptimizationThreads { variant: Some(variant) }),
        ..OptimizersConfigDiff::from_json(value)
    }
}

pub(super) fn strict_mode(message: StrictModeConfig) -> Value {
    let mut value = message.to_json();
    if let Value::Object(object) = &mut value {
        if let Some(limits) = message.multivector_config {
            object.insert("multivector_config".to_owned(), flat_map(&limits.multivector_config));
        }
        if let Some(limits) = message.sparse_config {
            object.insert("sparse_config".to_owned(), flat_map(&limits.sparse_config));
        }
    }
    value
}

pub(super) fn strict_mode_message(value: &Value) -> StrictModeConfig {
    StrictModeConfig {
        multivector_config: value
            .get("multivector_config")
            .map(|limits| StrictModeMultivectorConfig { multivector_config: message_map(limits) }),
        sparse_config: value.get("sparse_config").map(|limits| StrictModeSparseConfig { sparse_config: message_map(limits) }),
        ..StrictModeConfig::from_json(value)
    }
}

fn flat_map<T: Flat>(messages: &HashMap<String, T>) -> Value {
    Value::Object(messages.iter().map(|(name, message)| (name.clone(), message.to_json())).collect::<Map<_, _>>())
}

fn message_map<T: Flat>(value: &Value) -> HashMap<String, T> {
    value.as_object().into_iter().flatten().map(|(name, one)| (name.clone(), T::from_json(one))).collect()
}

/// A field that is there and is not null: REST shows unset options as null.
pub(super) fn field<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.get(key).filter(|field| !field.is_null())
}

pub(super) fn scalar<T: Scalar>(value: &Value, key: &str) -> Option<T> {
    value.get(key).and_then(T::read)
}

/// A wrapper object with one field, or nothing: `{"scalar": {…}}`.
pub(super) fn tagged(tag: &str, inner: Value) -> Value {
    Object::default().with(tag, inner).done()
}
