//! Writing points: from requests to engine operations, with the checks Qdrant makes before it accepts a write.

use std::collections::HashMap;

use qdrant_edge::{
    ConditionalInsertOperation, CreateIndex, DeletePayloadOp, FieldIndexOperations, JsonPath, PayloadFieldSchema, PayloadOps,
    PointInsertOperations, PointOperations, PointStructPersisted, PointVectorsPersisted, SetPayloadOp, UpdateMode,
    UpdateOperation as EngineOperation, UpdateVectorsOp, VectorOperations, VectorPersisted, VectorStructPersisted,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::config::check_vector_name;
use super::error::{EngineError, EngineResult, ErrorKind};
use super::points::{Batch, BatchVectors, DeleteVectors, PointsSelector, SetPayload, UpdateOperation, UpdateVectors, UpsertPoints};
use super::schema::{CollectionConfig, SparseIndexParams, SparseVectorParams, VectorParams, VectorsConfig};
use super::store::Store;
use super::vectors::VectorsValue;

/// What a write answers.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct UpdateResult {
    /// The operation's number.
    pub operation_id: Option<u64>,
    /// Whether it was waited for.
    pub status: UpdateStatus,
}

/// Whether a write was waited for.
#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum UpdateStatus {
    /// It is in the log.
    Acknowledged,
    /// It can be read.
    Completed,
}

/// `PUT /collections/{name}/index`.
#[derive(Clone, Debug, Deserialize)]
pub struct CreateFieldIndex {
    /// The field.
    pub field_name: JsonPath,
    /// Its index.
    #[serde(default, alias = "field_type")]
    pub field_schema: Option<PayloadFieldSchema>,
}

/// `PUT /collections/{name}/vectors/{vector}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreateVectorName {
    /// A dense vector.
    Dense(VectorParams),
    /// A sparse vector.
    Sparse(SparseVectorParams),
}

impl Store {
    /// Writes points. The write is always applied before this returns; `wait` decides what the answer says, and whether
    /// a failure found after acceptance is told.
    pub fn update(&self, name: &str, operation: UpdateOperation, wait: bool) -> EngineResult<UpdateResult> {
        let collection = self.collection(name)?;
        let mut last = None;
        for operation in engine_operations(&collection.config(), operation)? {
            match collection.apply(operation) {
                Ok(number) => last = Some(number),
                // Without waiting, nobody hears of a point that is missing.
                Err(error) if !wait && error.kind == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(result(last, wait))
    }

    /// `POST /collections/{name}/points/batch`: in order, the name resolved anew for each, stopping at the first failure.
    pub fn update_batch(&self, name: &str, operations: Vec<UpdateOperation>, wait: bool) -> EngineResult<Vec<UpdateResult>> {
        // An empty batch on a missing collection is still a missing collection.
        self.collection(name)?;
        operations.into_iter().map(|operation| self.update(name, operation, wait)).collect()
    }

    /// Makes a payload index.
    pub fn create_field_index(&self, name: &str, request: CreateFieldIndex, wait: bool) -> EngineResult<UpdateResult> {
        let collection = self.collection(name)?;
        let operation =
            FieldIndexOperations::CreateIndex(CreateIndex { field_name: request.field_name, field_schema: request.field_schema });
        let number = collection.apply(EngineOperation::FieldIndexOperation(operation))?;
        Ok(result(Some(number), wait))
    }

    /// Removes a payload index.
    pub fn delete_field_index(&self, name: &str, field: JsonPath, wait: bool) -> EngineResult<UpdateResult> {
        let operation = FieldIndexOperations::DeleteIndex(field);
        let number = self.collection(name)?.apply(EngineOperation::FieldIndexOperation(operation))?;
        Ok(result(Some(number), wait))
    }

    /// Adds a named vector to a collection.
    pub fn create_vector_name(&self, name: &str, vector: &str, request: CreateVectorName, wait: bool) -> EngineResult<UpdateResult> {
        let collection = self.collection(name)?;
        check_vector_name("named", vector)?;
        let config = match &request {
            CreateVectorName::Dense(params) => json!({"dense": {
                "size": params.size, "distance": params.distance,
                "multivector_config": params.multivector_config, "datatype": params.datatype,
            }}),
            CreateVectorName::Sparse(params) => json!({"sparse": {
                "modifier": params.modifier,
                "datatype": params.index.as_ref().and_then(|index: &SparseIndexParams| index.datatype),
            }}),
        };
        let operation = json!({"create_vector_name": {"vector_name": vector, "config": config}});
        let number = collection.apply(vector_name_operation(operation)?)?;
        collection.edit_config(|config| add_vector(config, vector, request))?;
        Ok(result(Some(number), wait))
    }

    /// Removes a named vector from a collection.
    pub fn delete_vector_name(&self, name: &str, vector: &str, wait: bool) -> EngineResult<UpdateResult> {
        let collection = self.collection(name)?;
        let operation = json!({"delete_vector_name": {"vector_name": vector}});
        let number = collection.apply(vector_name_operation(operation)?)?;
        collection.edit_config(|config| remove_vector(config, vector))?;
        Ok(result(Some(number), wait))
    }
}

fn result(number: Option<u64>, wait: bool) -> UpdateResult {
    UpdateResult { operation_id: number, status: if wait { UpdateStatus::Completed } else { UpdateStatus::Acknowledged } }
}

/// The engine reads this operation but does not let it be named.
fn vector_name_operation(json: serde_json::Value) -> EngineResult<EngineOperation> {
    serde_json::from_value(json).map_err(EngineError::service)
}

fn add_vector(config: &mut CollectionConfig, vector: &str, request: CreateVectorName) {
    match request {
        CreateVectorName::Dense(params) => match &mut config.params.vectors {
            VectorsConfig::Multi(map) => {
                map.insert(vector.to_owned(), params);
            }
            single @ VectorsConfig::Single(_) => {
                let mut map: std::collections::BTreeMap<_, _> =
                    single.iter().map(|(name, params)| (name.to_owned(), params.clone())).collect();
                map.insert(vector.to_owned(), params);
                *single = VectorsConfig::Multi(map);
            }
        },
        CreateVectorName::Sparse(params) => {
            let sparse = config.params.sparse_vectors.get_or_insert_default();
            sparse.insert(vector.to_owned(), params);
        }
    }
}

fn remove_vector(config: &mut CollectionConfig, vector: &str) {
    if let VectorsConfig::Multi(map) = &mut config.params.vectors {
        map.remove(vector);
    }
    if let Some(sparse) = &mut config.params.sparse_vectors {
        sparse.remove(vector);
    }
}

/// The engine operations one request stands for; more than one only where Qdrant does the same.
fn engine_operations(config: &CollectionConfig, operation: UpdateOperation) -> EngineResult<Vec<EngineOperation>> {
    use EngineOperation::{PayloadOperation, PointOperation, VectorOperation};
    Ok(vec![match operation {
        UpdateOperation::Upsert(request) => PointOperation(upsert(config, request)?),
        UpdateOperation::Delete(PointsSelector::Ids { points }) => PointOperation(PointOperations::DeletePoints { ids: points }),
        UpdateOperation::Delete(PointsSelector::Filter { filter }) => PointOperation(PointOperations::DeletePointsByFilter(filter)),
        UpdateOperation::SetPayload(request) => PayloadOperation(PayloadOps::SetPayload(set_payload(request)?)),
        UpdateOperation::OverwritePayload(request) => PayloadOperation(PayloadOps::OverwritePayload(set_payload(request)?)),
        UpdateOperation::DeletePayload(request) => {
            check_selected(request.points.is_some() || request.filter.is_some())?;
            PayloadOperation(PayloadOps::DeletePayload(DeletePayloadOp {
                keys: request.keys,
                points: request.points,
                filter: request.filter,
            }))
        }
        UpdateOperation::ClearPayload(PointsSelector::Ids { points }) => PayloadOperation(PayloadOps::ClearPayload { points }),
        UpdateOperation::ClearPayload(PointsSelector::Filter { filter }) => PayloadOperation(PayloadOps::ClearPayloadByFilter(filter)),
        UpdateOperation::UpdateVectors(request) => VectorOperation(VectorOperations::UpdateVectors(update_vectors(config, request)?)),
        UpdateOperation::DeleteVectors(request) => return delete_vectors(config, request),
    }])
}

fn upsert(config: &CollectionConfig, request: UpsertPoints) -> EngineResult<PointOperations> {
    let points = match (request.batch, request.points) {
        (Some(batch), _) => rows_of(batch)?,
        (None, Some(points)) => points
            .into_iter()
            .map(|point| Ok(PointStructPersisted { id: point.id, vector: point.vector.into_stored()?, payload: point.payload }))
            .collect::<EngineResult<_>>()?,
        (None, None) => {
            return Err(EngineError::malformed("JSON body", "Invalid PointInsertOperations format"));
        }
    };
    if points.is_empty() {
        return Err(EngineError::bad_request("Empty update request"));
    }
    for point in &points {
        check_vectors(config, &point.vector)?;
    }
    let points = PointInsertOperations::PointsList(points);
    let mode = request.update_mode.filter(|mode| *mode != UpdateMode::Upsert);
    if mode.is_none() && request.update_filter.is_none() {
        return Ok(PointOperations::UpsertPoints(points));
    }
    Ok(PointOperations::UpsertPointsConditional(ConditionalInsertOperation {
        points_op: points,
        condition: request.update_filter.unwrap_or_default(),
        update_mode: mode,
    }))
}

fn rows_of(batch: Batch) -> EngineResult<Vec<PointStructPersisted>> {
    let count = batch.ids.len();
    let vectors = batch_rows(batch.vectors, count)?;
    let payloads = batch.payloads.unwrap_or_else(|| vec![None; count]);
    check_column("payloads", payloads.len(), count)?;
    batch
        .ids
        .into_iter()
        .zip(vectors)
        .zip(payloads)
        .map(|((id, vector), payload)| Ok(PointStructPersisted { id, vector: vector.into_stored()?, payload }))
        .collect()
}

fn batch_rows(vectors: BatchVectors, count: usize) -> EngineResult<Vec<VectorsValue>> {
    let rows: Vec<VectorsValue> = match vectors {
        BatchVectors::Single(rows) => rows.into_iter().map(VectorsValue::Single).collect(),
        BatchVectors::MultiDense(rows) => rows.into_iter().map(VectorsValue::MultiDense).collect(),
        BatchVectors::Named(columns) => {
            let mut rows = vec![HashMap::new(); count];
            for (name, column) in columns {
                check_column("vectors", column.len(), count)?;
                for (row, vector) in rows.iter_mut().zip(column) {
                    row.insert(name.clone(), vector);
                }
            }
            rows.into_iter().map(VectorsValue::Named).collect()
        }
    };
    check_column("vectors", rows.len(), count)?;
    Ok(rows)
}

fn check_column(what: &str, found: usize, ids: usize) -> EngineResult<()> {
    if found == ids {
        return Ok(());
    }
    Err(EngineError::validation("JSON body", "batch", format_args!("number of ids and {what} must be equal ({ids} != {found})")))
}

fn update_vectors(config: &CollectionConfig, request: UpdateVectors) -> EngineResult<UpdateVectorsOp> {
    if request.points.is_empty() {
        return Err(EngineError::validation("JSON body", "points", "must specify points to update"));
    }
    let points = request
        .points
        .into_iter()
        .map(|point| {
            let vector = point.vector.into_stored()?;
            check_vectors(config, &vector)?;
            Ok(PointVectorsPersisted { id: point.id, vector })
        })
        .collect::<EngineResult<_>>()?;
    Ok(UpdateVectorsOp { points, update_filter: request.update_filter })
}

fn delete_vectors(config: &CollectionConfig, request: DeleteVectors) -> EngineResult<Vec<EngineOperation>> {
    check_selected(request.points.is_some() || request.filter.is_some())?;
    if request.vector.is_empty() {
        return Err(EngineError::validation("JSON body", "vector", "must specify vector names to delete"));
    }
    for name in &request.vector {
        stored_vector(config, name)?;
    }
    let mut operations = Vec::new();
    if let Some(filter) = request.filter {
        operations.push(EngineOperation::VectorOperation(VectorOperations::DeleteVectorsByFilter(filter, request.vector.clone())));
    }
    if let Some(points) = request.points {
        operations.push(EngineOperation::VectorOperation(VectorOperations::DeleteVectors(points.into(), request.vector)));
    }
    Ok(operations)
}

fn set_payload(request: SetPayload) -> EngineResult<SetPayloadOp> {
    check_selected(request.points.is_some() || request.filter.is_some())?;
    Ok(SetPayloadOp { payload: request.payload, points: request.points, filter: request.filter, key: request.key })
}

fn check_selected(selected: bool) -> EngineResult<()> {
    if selected {
        return Ok(());
    }
    Err(EngineError::malformed("JSON body", "Either list of point ids or filter must be provided"))
}

enum StoredVector<'a> {
    Dense(&'a VectorParams),
    Sparse,
}

fn stored_vector<'a>(config: &'a CollectionConfig, name: &str) -> EngineResult<StoredVector<'a>> {
    if let Some((_, params)) = config.params.vectors.iter().find(|(known, _)| *known == name) {
        return Ok(StoredVector::Dense(params));
    }
    let sparse = config.params.sparse_vectors.as_ref();
    if sparse.is_some_and(|map| map.contains_key(name)) {
        return Ok(StoredVector::Sparse);
    }
    Err(EngineError::bad_input(format_args!("Not existing vector name error: {name}")))
}

/// Refuses, before anything is written, what the engine would refuse half way through.
fn check_vectors(config: &CollectionConfig, vectors: &VectorStructPersisted) -> EngineResult<()> {
    match vectors {
        VectorStructPersisted::Single(values) => check_dense(config, "", &[values]),
        VectorStructPersisted::MultiDense(rows) => check_dense(config, "", &rows.iter().collect::<Vec<_>>()),
        VectorStructPersisted::Named(named) => named.iter().try_for_each(|(name, vector)| match vector {
            VectorPersisted::Dense(values) => check_dense(config, name, &[values]),
            VectorPersisted::MultiDense(rows) => check_dense(config, name, &rows.iter().collect::<Vec<_>>()),
            VectorPersisted::Sparse(_) => match stored_vector(config, name)? {
                StoredVector::Sparse => Ok(()),
                StoredVector::Dense(_) => Err(EngineError::bad_input("Conversion between sparse and regular vectors failed")),
            },
        }),
    }
}

fn check_dense(config: &CollectionConfig, name: &str, rows: &[&Vec<f32>]) -> EngineResult<()> {
    let StoredVector::Dense(params) = stored_vector(config, name)? else {
        return Err(EngineError::bad_input("Conversion between sparse and regular vectors failed"));
    };
    match rows.iter().find(|row| row.len() != params.size) {
        None => Ok(()),
        Some(row) => Err(EngineError::bad_input(format_args!("Vector dimension error: expected dim: {}, got {}", params.size, row.len()))),
    }
}
