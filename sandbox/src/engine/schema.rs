//! Requests and answers about collections, in the shape of Qdrant's JSON.
//!
//! Partial configurations (`hnsw_config`, `optimizers_config`, …) stay JSON objects until they are laid over the full
//! ones: that is what a diff is, and it keeps the sandbox from knowing each field twice.

use std::collections::{BTreeMap, HashMap};

use qdrant_edge::{
    Distance, HnswIndexConfig, JsonPath, Modifier, MultiVectorConfig, Payload, PayloadIndexInfo, QuantizationConfig, VectorStorageDatatype,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A partial configuration.
pub type Diff = Map<String, Value>;

/// `PUT /collections/{name}`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CreateCollection {
    /// Dense vectors.
    #[serde(default)]
    pub vectors: VectorsConfig,
    /// Sparse vectors.
    #[serde(default)]
    pub sparse_vectors: Option<BTreeMap<String, SparseVectorParams>>,
    /// Reported as given; the data stand in one engine shard.
    #[serde(default)]
    pub shard_number: Option<u32>,
    /// `auto` or `custom`; the latter is not served.
    #[serde(default)]
    pub sharding_method: Option<String>,
    /// Reported as given.
    #[serde(default)]
    pub replication_factor: Option<u32>,
    /// Reported as given.
    #[serde(default)]
    pub write_consistency_factor: Option<u32>,
    /// Where payloads live.
    #[serde(default)]
    pub on_disk_payload: Option<bool>,
    /// Laid over the defaults.
    #[serde(default)]
    pub hnsw_config: Option<Diff>,
    /// Laid over the defaults.
    #[serde(default)]
    pub wal_config: Option<Diff>,
    /// Laid over the defaults.
    #[serde(default, alias = "optimizer_config")]
    pub optimizers_config: Option<Diff>,
    /// Quantization for all vectors.
    #[serde(default, alias = "quantization")]
    pub quantization_config: Option<QuantizationConfig>,
    /// Kept and reported, not enforced.
    #[serde(default)]
    pub strict_mode_config: Option<Diff>,
    /// Anything the owner wants to note.
    #[serde(default)]
    pub metadata: Option<Payload>,
}

/// `PATCH /collections/{name}`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct UpdateCollection {
    /// Changes of dense vectors, by name; the unnamed one is the empty name.
    #[serde(default)]
    pub vectors: Option<BTreeMap<String, Diff>>,
    /// Sparse vectors to replace.
    #[serde(default)]
    pub sparse_vectors: Option<BTreeMap<String, SparseVectorParams>>,
    /// Laid over the current ones.
    #[serde(default)]
    pub params: Option<Diff>,
    /// Laid over the current one.
    #[serde(default)]
    pub hnsw_config: Option<Diff>,
    /// Laid over the current one.
    #[serde(default, alias = "optimizer_config")]
    pub optimizers_config: Option<Diff>,
    /// New quantization, or `"Disabled"`.
    #[serde(default, alias = "quantization")]
    pub quantization_config: Option<Value>,
    /// Laid over the current one.
    #[serde(default)]
    pub strict_mode_config: Option<Diff>,
    /// Merged into the current one.
    #[serde(default)]
    pub metadata: Option<Payload>,
}

/// Dense vectors: one without a name, or several with.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(untagged)]
pub enum VectorsConfig {
    /// One, unnamed.
    Single(VectorParams),
    /// By name.
    Multi(BTreeMap<String, VectorParams>),
}

impl Default for VectorsConfig {
    fn default() -> Self {
        Self::Multi(BTreeMap::new())
    }
}

impl VectorsConfig {
    /// The vectors with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &VectorParams)> {
        let (single, multi) = match self {
            Self::Single(params) => (Some(("", params)), None),
            Self::Multi(map) => (None, Some(map.iter().map(|(name, p)| (name.as_str(), p)))),
        };
        single.into_iter().chain(multi.into_iter().flatten())
    }

    /// One vector, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut VectorParams> {
        match self {
            Self::Single(params) => name.is_empty().then_some(params),
            Self::Multi(map) => map.get_mut(name),
        }
    }
}

/// One dense vector.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct VectorParams {
    /// Its dimension.
    pub size: usize,
    /// Its distance.
    pub distance: Distance,
    /// Laid over the collection's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hnsw_config: Option<Diff>,
    /// In place of the collection's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantization_config: Option<QuantizationConfig>,
    /// Where it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disk: Option<bool>,
    /// How it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datatype: Option<VectorStorageDatatype>,
    /// Whether it is a matrix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multivector_config: Option<MultiVectorConfig>,
}

/// One sparse vector.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct SparseVectorParams {
    /// Its index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<SparseIndexParams>,
    /// How values are weighed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modifier: Option<Modifier>,
}

/// The index of a sparse vector.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct SparseIndexParams {
    /// Below this size, scan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_scan_threshold: Option<usize>,
    /// Where it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disk: Option<bool>,
    /// How it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datatype: Option<VectorStorageDatatype>,
}

/// The parameters a collection was made with.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CollectionParams {
    /// Dense vectors.
    pub vectors: VectorsConfig,
    /// As asked for.
    pub shard_number: u32,
    /// As asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharding_method: Option<String>,
    /// As asked for.
    pub replication_factor: u32,
    /// As asked for.
    pub write_consistency_factor: u32,
    /// As asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_fan_out_factor: Option<u32>,
    /// As asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_fan_out_delay_ms: Option<u64>,
    /// Where payloads live.
    pub on_disk_payload: bool,
    /// Sparse vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sparse_vectors: Option<BTreeMap<String, SparseVectorParams>>,
}

/// The optimizer's settings.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct OptimizersConfig {
    /// Share of deleted points that starts a clean-up.
    pub deleted_threshold: f64,
    /// Size below which there is no clean-up.
    pub vacuum_min_vector_number: usize,
    /// Segments to aim at.
    pub default_segment_number: usize,
    /// Largest segment, in KB.
    #[serde(default, alias = "max_segment_size_kb")]
    pub max_segment_size: Option<usize>,
    /// Kept for old clients.
    #[serde(default, alias = "memmap_threshold_kb")]
    pub memmap_threshold: Option<usize>,
    /// Size from which a segment gets an index, in KB.
    #[serde(default, alias = "indexing_threshold_kb")]
    pub indexing_threshold: Option<usize>,
    /// Seconds between flushes.
    pub flush_interval_sec: u64,
    /// Threads; none means automatic.
    #[serde(default)]
    pub max_optimization_threads: Option<usize>,
    /// Whether unindexed points stay hidden.
    #[serde(default)]
    pub prevent_unoptimized: Option<bool>,
}

impl Default for OptimizersConfig {
    fn default() -> Self {
        Self {
            deleted_threshold: 0.2,
            vacuum_min_vector_number: 1000,
            default_segment_number: 0,
            max_segment_size: None,
            memmap_threshold: None,
            indexing_threshold: Some(10_000),
            flush_interval_sec: 5,
            max_optimization_threads: None,
            prevent_unoptimized: None,
        }
    }
}

/// The log's settings.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct WalConfig {
    /// Size of a segment.
    pub wal_capacity_mb: usize,
    /// Segments made in advance.
    pub wal_segments_ahead: usize,
    /// Closed segments kept.
    pub wal_retain_closed: usize,
}

impl Default for WalConfig {
    fn default() -> Self {
        Self { wal_capacity_mb: 32, wal_segments_ahead: 0, wal_retain_closed: 1 }
    }
}

/// The whole configuration of a collection, as `GET /collections/{name}` shows it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CollectionConfig {
    /// Parameters.
    pub params: CollectionParams,
    /// The vector index.
    pub hnsw_config: HnswIndexConfig,
    /// The optimizer.
    pub optimizer_config: OptimizersConfig,
    /// The log.
    pub wal_config: WalConfig,
    /// Quantization.
    pub quantization_config: Option<QuantizationConfig>,
    /// Strict mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict_mode_config: Option<Diff>,
    /// The owner's notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Payload>,
}

/// The state a collection reports.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum CollectionStatus {
    /// Optimised.
    Green,
    /// Optimising.
    Yellow,
    /// Waiting to be told to optimise.
    Grey,
    /// Failed.
    Red,
}

/// The state of the optimizer.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum OptimizersStatus {
    /// Well.
    Ok,
    /// Not well, and why.
    Error(String),
}

/// Writes that wait.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UpdateQueueInfo {
    /// How many.
    pub length: usize,
}

/// `GET /collections/{name}`.
#[derive(Clone, Debug, Serialize)]
pub struct CollectionInfo {
    /// State.
    pub status: CollectionStatus,
    /// State of the optimizer.
    pub optimizer_status: OptimizersStatus,
    /// Vectors in indexed segments.
    pub indexed_vectors_count: Option<usize>,
    /// Points, about.
    pub points_count: Option<usize>,
    /// Segments.
    pub segments_count: usize,
    /// Configuration.
    pub config: CollectionConfig,
    /// Payload indexes.
    pub payload_schema: HashMap<JsonPath, PayloadIndexInfo>,
    /// Writes that wait.
    pub update_queue: Option<UpdateQueueInfo>,
}

/// One action on aliases.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AliasAction {
    /// Point a name at a collection, whatever it pointed at before.
    CreateAlias {
        /// The target.
        collection_name: String,
        /// The name.
        alias_name: String,
    },
    /// Forget a name.
    DeleteAlias {
        /// The name.
        alias_name: String,
    },
    /// Move a name's target to another name.
    RenameAlias {
        /// The name that goes.
        old_alias_name: String,
        /// The name that comes.
        new_alias_name: String,
    },
}

/// An alias with its target.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct AliasDescription {
    /// The name.
    pub alias_name: String,
    /// The target.
    pub collection_name: String,
}
