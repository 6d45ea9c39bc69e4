//! From what a client asked for to what Qdrant reports and the engine needs.

use qdrant_edge::{EdgeConfig, EdgeOptimizersConfig, EdgeSparseVectorParams, EdgeVectorParams, HnswIndexConfig, WalOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{EngineError, EngineResult};
use super::schema::{
    CollectionConfig, CollectionParams, CreateCollection, Diff, OptimizersConfig, SparseVectorParams, UpdateCollection, VectorParams,
    WalConfig,
};

/// The longest name of a vector, as in Qdrant.
const MAX_VECTOR_NAME: usize = 200;

/// Log segments are preallocated, and demos make many small collections; larger writes still fit, each in its own segment.
const WAL_SEGMENT_BYTES: usize = 1024 * 1024;

impl CollectionConfig {
    /// The full configuration of a new collection.
    pub fn create(request: CreateCollection) -> EngineResult<Self> {
        check_vectors(&request)?;
        let hnsw = HnswIndexConfig {
            m: 16,
            ef_construct: 100,
            full_scan_threshold: 10_000,
            max_indexing_threads: 0,
            on_disk: Some(false),
            payload_m: None,
            inline_storage: None,
        };
        Ok(Self {
            params: CollectionParams {
                vectors: request.vectors,
                shard_number: at_least_one("shard_number", request.shard_number)?,
                sharding_method: request.sharding_method,
                replication_factor: at_least_one("replication_factor", request.replication_factor)?,
                write_consistency_factor: at_least_one("write_consistency_factor", request.write_consistency_factor)?,
                read_fan_out_factor: None,
                read_fan_out_delay_ms: None,
                on_disk_payload: request.on_disk_payload.unwrap_or(true),
                sparse_vectors: request.sparse_vectors,
            },
            hnsw_config: overlay(&hnsw, request.hnsw_config)?,
            optimizer_config: overlay_optimizers(&OptimizersConfig::default(), request.optimizers_config)?,
            wal_config: overlay(&WalConfig::default(), request.wal_config)?,
            quantization_config: request.quantization_config,
            strict_mode_config: request.strict_mode_config,
            metadata: request.metadata,
        })
    }

    /// The configuration after a `PATCH`; the old one stays as it was when something is wrong.
    pub fn updated(&self, request: UpdateCollection) -> EngineResult<Self> {
        let mut next = self.clone();
        for (name, diff) in request.vectors.unwrap_or_default() {
            let params = next
                .params
                .vectors
                .get_mut(&name)
                .ok_or_else(|| EngineError::bad_input(format_args!("Not existing vector name error: {name}")))?;
            *params = overlay_vector(params, diff)?;
        }
        if let Some(changed) = request.sparse_vectors {
            let known = next.params.sparse_vectors.get_or_insert_default();
            for (name, params) in changed {
                if !known.contains_key(&name) {
                    return Err(EngineError::bad_input(format_args!("Not existing vector name error: {name}")));
                }
                known.insert(name, params);
            }
        }
        next.params = overlay(&next.params, request.params)?;
        next.hnsw_config = overlay(&next.hnsw_config, request.hnsw_config)?;
        next.optimizer_config = overlay_optimizers(&next.optimizer_config, request.optimizers_config)?;
        match request.quantization_config {
            None => {}
            Some(Value::String(word)) if word == "Disabled" => next.quantization_config = None,
            Some(config) => next.quantization_config = Some(parsed(config)?),
        }
        if let Some(diff) = request.strict_mode_config {
            let current = next.strict_mode_config.get_or_insert_default();
            current.extend(diff.into_iter().filter(|(_, value)| !value.is_null()));
        }
        if let Some(metadata) = request.metadata {
            let current = next.metadata.get_or_insert_default();
            current.0.extend(metadata.0);
        }
        Ok(next)
    }

    /// What the engine is told.
    pub fn to_edge(&self) -> EngineResult<EdgeConfig> {
        let mut vectors = std::collections::HashMap::new();
        for (name, params) in self.params.vectors.iter() {
            vectors.insert(name.to_owned(), self.edge_vector(params)?);
        }
        let sparse_vectors =
            self.params.sparse_vectors.iter().flatten().map(|(name, params)| (name.clone(), edge_sparse(params))).collect();
        let optimizer = &self.optimizer_config;
        Ok(EdgeConfig {
            on_disk_payload: self.params.on_disk_payload,
            vectors,
            sparse_vectors,
            hnsw_config: self.hnsw_config,
            quantization_config: self.quantization_config.clone(),
            optimizers: EdgeOptimizersConfig {
                deleted_threshold: Some(optimizer.deleted_threshold),
                vacuum_min_vector_number: Some(optimizer.vacuum_min_vector_number),
                // One segment: merging is not what a sandbox is for.
                default_segment_number: Some(optimizer.default_segment_number.max(1)),
                max_segment_size: optimizer.max_segment_size,
                indexing_threshold: optimizer.indexing_threshold,
                // Hidden points need a background optimizer, which the sandbox has not got.
                prevent_unoptimized: None,
            },
            wal_options: Some(WalOptions { segment_capacity: WAL_SEGMENT_BYTES, ..WalOptions::default() }),
        })
    }

    fn edge_vector(&self, params: &VectorParams) -> EngineResult<EdgeVectorParams> {
        let hnsw_config = match &params.hnsw_config {
            None => None,
            diff @ Some(_) => Some(overlay(&self.hnsw_config, diff.clone())?),
        };
        Ok(EdgeVectorParams {
            size: params.size,
            distance: params.distance,
            on_disk: params.on_disk,
            multivector_config: params.multivector_config,
            datatype: params.datatype,
            quantization_config: params.quantization_config.clone(),
            hnsw_config,
        })
    }
}

fn edge_sparse(params: &SparseVectorParams) -> EdgeSparseVectorParams {
    let index = params.index.clone().unwrap_or_default();
    EdgeSparseVectorParams {
        full_scan_threshold: index.full_scan_threshold,
        on_disk: index.on_disk,
        modifier: params.modifier,
        datatype: index.datatype,
    }
}

fn check_vectors(request: &CreateCollection) -> EngineResult<()> {
    if request.sharding_method.as_deref().is_some_and(|method| method.eq_ignore_ascii_case("custom")) {
        return Err(EngineError::not_served("custom sharding"));
    }
    for (name, params) in request.vectors.iter() {
        check_vector_name("dense", name)?;
        if params.size == 0 || params.size > 65_536 {
            return Err(EngineError::validation(
                "JSON body",
                "vectors.size",
                format_args!("value {} invalid, must be from 1 to 65536", params.size),
            ));
        }
    }
    for name in request.sparse_vectors.iter().flatten().map(|(name, _)| name) {
        check_vector_name("sparse", name)?;
        if name.is_empty() {
            return Err(EngineError::bad_input("Sparse vector name cannot be empty"));
        }
        if request.vectors.iter().any(|(dense, _)| dense == name) {
            return Err(EngineError::bad_input(format_args!(
                "Dense and sparse vector names must be unique - duplicate found with '{name}'"
            )));
        }
    }
    Ok(())
}

/// The rules Qdrant has for names of vectors.
pub(super) fn check_vector_name(kind: &str, name: &str) -> EngineResult<()> {
    let rule = if name.len() > MAX_VECTOR_NAME {
        format!("vector name must be at most {MAX_VECTOR_NAME} bytes long")
    } else if let Some(bad) = super::names::forbidden_in_new(name) {
        format!("vector name cannot contain \"{bad}\" char")
    } else {
        return Ok(());
    };
    Err(EngineError::bad_input(format_args!("Invalid {kind} vector name `{name}`: {rule}")))
}

fn at_least_one(field: &str, value: Option<u32>) -> EngineResult<u32> {
    match value {
        Some(0) => Err(EngineError::validation("JSON body", field, "value 0 invalid, must be 1 or larger")),
        other => Ok(other.unwrap_or(1)),
    }
}

fn overlay_optimizers(base: &OptimizersConfig, diff: Option<Diff>) -> EngineResult<OptimizersConfig> {
    // The word "auto" stands for what is reported as null.
    let diff = diff.map(|mut diff| {
        if diff.get("max_optimization_threads").is_some_and(Value::is_string) {
            diff.remove("max_optimization_threads");
        }
        diff
    });
    overlay(base, diff)
}

fn overlay_vector(base: &VectorParams, mut diff: Diff) -> EngineResult<VectorParams> {
    let disabled = diff.get("quantization_config").and_then(Value::as_str) == Some("Disabled");
    if disabled {
        diff.remove("quantization_config");
    }
    let mut params = overlay(base, Some(diff))?;
    if disabled {
        params.quantization_config = None;
    }
    Ok(params)
}

/// Lays the fields a client gave over a full configuration; null means not given.
fn overlay<T: Serialize + DeserializeOwned + Clone>(base: &T, diff: Option<Diff>) -> EngineResult<T> {
    let Some(diff) = diff else {
        return Ok(base.clone());
    };
    let mut merged = serde_json::to_value(base).map_err(EngineError::service)?;
    if let Value::Object(fields) = &mut merged {
        fields.extend(diff.into_iter().filter(|(_, value)| !value.is_null()));
    }
    parsed(merged)
}

fn parsed<T: DeserializeOwned>(value: Value) -> EngineResult<T> {
    serde_json::from_value(value).map_err(|why| EngineError::malformed("JSON body", why))
}
