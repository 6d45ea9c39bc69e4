//! Requests that write points, in the shape of Qdrant's JSON.
//!
//! A batch and the single calls share one enum, so that both protocols have one way in: `Store::update`.

use qdrant_edge::{Filter, JsonPath, Payload, PointId, UpdateMode};
use serde::Deserialize;

use super::vectors::{VectorValue, VectorsValue};

/// One write.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateOperation {
    /// Insert or replace points.
    Upsert(UpsertPoints),
    /// Delete points.
    #[serde(alias = "delete_points")]
    Delete(PointsSelector),
    /// Merge into payloads.
    SetPayload(SetPayload),
    /// Replace payloads.
    OverwritePayload(SetPayload),
    /// Remove keys of payloads.
    DeletePayload(DeletePayload),
    /// Remove payloads.
    ClearPayload(PointsSelector),
    /// Set vectors of existing points.
    UpdateVectors(UpdateVectors),
    /// Remove vectors of existing points.
    DeleteVectors(DeleteVectors),
}

/// Points to insert, as a list or by columns.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct UpsertPoints {
    /// The list form.
    #[serde(default)]
    pub points: Option<Vec<PointStruct>>,
    /// The column form; it wins when both are there, as it does in Qdrant.
    #[serde(default)]
    pub batch: Option<Batch>,
    /// Existing points change only when they match.
    #[serde(default)]
    pub update_filter: Option<Filter>,
    /// Whether to insert, to replace, or both.
    #[serde(default)]
    pub update_mode: Option<UpdateMode>,
}

/// A point to insert.
#[derive(Clone, Debug, Deserialize)]
pub struct PointStruct {
    /// Its id.
    pub id: PointId,
    /// Its vectors.
    #[serde(alias = "vectors")]
    pub vector: VectorsValue,
    /// Its payload.
    #[serde(default)]
    pub payload: Option<Payload>,
}

/// Points by columns.
#[derive(Clone, Debug, Deserialize)]
pub struct Batch {
    /// Ids.
    pub ids: Vec<PointId>,
    /// Vectors, in the order of the ids.
    pub vectors: BatchVectors,
    /// Payloads, in the order of the ids.
    #[serde(default)]
    pub payloads: Option<Vec<Option<Payload>>>,
}

/// The vector columns of a batch.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum BatchVectors {
    /// The unnamed vector.
    Single(Vec<Vec<f32>>),
    /// The unnamed matrix.
    MultiDense(Vec<Vec<Vec<f32>>>),
    /// One column a name.
    Named(std::collections::HashMap<String, Vec<VectorValue>>),
}

/// Which points: by id, or by filter.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum PointsSelector {
    /// By id.
    Ids {
        /// The ids.
        points: Vec<PointId>,
    },
    /// By filter.
    Filter {
        /// The filter.
        filter: Filter,
    },
}

/// Payload to set.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SetPayload {
    /// What to set.
    pub payload: Payload,
    /// On these points.
    #[serde(default)]
    pub points: Option<Vec<PointId>>,
    /// On the points that match.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// Below this path.
    #[serde(default)]
    pub key: Option<JsonPath>,
}

/// Payload keys to remove.
#[derive(Clone, Debug, Deserialize)]
pub struct DeletePayload {
    /// The keys.
    pub keys: Vec<JsonPath>,
    /// On these points.
    #[serde(default)]
    pub points: Option<Vec<PointId>>,
    /// On the points that match.
    #[serde(default)]
    pub filter: Option<Filter>,
}

/// Vectors to set.
#[derive(Clone, Debug, Deserialize)]
pub struct UpdateVectors {
    /// The points with their new vectors.
    pub points: Vec<PointVectors>,
    /// Only points that match change.
    #[serde(default)]
    pub update_filter: Option<Filter>,
}

/// New vectors of one point.
#[derive(Clone, Debug, Deserialize)]
pub struct PointVectors {
    /// The point.
    pub id: PointId,
    /// The vectors.
    #[serde(alias = "vectors")]
    pub vector: VectorsValue,
}

/// Vectors to remove.
#[derive(Clone, Debug, Deserialize)]
pub struct DeleteVectors {
    /// Of these points.
    #[serde(default)]
    pub points: Option<Vec<PointId>>,
    /// Of the points that match.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// The names; the unnamed vector is the empty one.
    #[serde(alias = "vectors")]
    pub vector: Vec<String>,
}
