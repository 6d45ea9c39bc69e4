//! Which requests make a collection of a schema, in which order. Pure.

use http::Method;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::CloneStep;
use crate::qdrant::client::collection_path;
use crate::qdrant::schema::{Object, Params, Schema};

/// A step with the request it takes.
#[derive(Clone, Debug, Serialize, PartialEq, JsonSchema)]
#[schemars(rename = "PlannedRequest")]
pub struct PlannedStep {
    #[serde(flatten)]
    pub step: CloneStep,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub method: Method,
    pub path: String,
    pub body: Value,
}

/// Why overrides do not make a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("overrides: {path}: {reason}")]
pub struct OverrideFault {
    pub path: String,
    pub reason: String,
}

impl Schema {
    /// The schema with a JSON merge patch (RFC 7396) laid over it: objects are merged, `null` removes, all else replaces.
    ///
    /// # Errors
    /// When the result is no schema.
    pub fn with_overrides(&self, patch: &Value) -> Result<Self, OverrideFault> {
        let fault = |path: String, reason: String| OverrideFault { path, reason };
        if !patch.is_object() {
            return Err(fault(".".into(), "must be an object".into()));
        }
        let mut whole = serde_json::to_value(self).map_err(|error| fault(".".into(), error.to_string()))?;
        merge(&mut whole, patch);
        serde_path_to_error::deserialize(whole).map_err(|error| fault(error.path().to_string(), error.inner().to_string()))
    }

    /// Every step of making `name`, up to the moment the points may come; strict mode is [`Self::last_step`].
    #[must_use]
    pub fn plan(&self, name: &str) -> Vec<PlannedStep> {
        let step = |step, method, path: &str, body| PlannedStep { step, method, path: collection_path(name, path), body };
        let mut steps = vec![step(CloneStep::Create, Method::PUT, "", self.creation())];
        for spec in &self.shard_keys {
            let done = CloneStep::ShardKey { shard_key: spec.shard_key.clone() };
            steps.push(step(done, Method::PUT, "/shards", json!(spec)));
        }
        if let Some(body) = fan_out(&self.params) {
            steps.push(step(CloneStep::ReadFanOut, Method::PATCH, "", body));
        }
        // Before any point: otherwise the links between points that indexes add to the graph are built later, or never.
        for (field, index) in &self.payload_indexes {
            let body = json!({"field_name": field, "field_schema": index.as_field_schema()});
            let done = CloneStep::PayloadIndex { field: field.clone() };
            steps.push(step(done, Method::PUT, "/index?wait=true", body));
        }
        steps
    }

    /// What is done when all points are there.
    #[must_use]
    pub fn last_step(&self, name: &str) -> Option<PlannedStep> {
        let strict = self.strict_mode_config.as_ref()?;
        let body = json!({"strict_mode_config": strict});
        Some(PlannedStep { step: CloneStep::StrictMode, method: Method::PATCH, path: collection_path(name, ""), body })
    }

    /// The body that creates the collection. Every field is written out where the source says it: what is left out is
    /// filled in from the configuration of the server, which may be another one.
    fn creation(&self) -> Value {
        let params = &self.params;
        let mut body = object(json!({
            "vectors": params.vectors,
            "sparse_vectors": params.sparse_vectors,
            "shard_number": params.shard_number,
            "sharding_method": params.sharding_method,
            "replication_factor": params.replication_factor,
            "write_consistency_factor": params.write_consistency_factor,
            "on_disk_payload": params.on_disk_payload,
            "hnsw_config": self.hnsw_config,
            "optimizers_config": self.optimizer_config,
            "wal_config": self.wal_config,
            "quantization_config": self.quantization_config,
            "metadata": self.metadata,
        }));
        // What later versions report is, so far, what they take under the same name.
        body.extend(params.other.clone());
        body.extend(self.other.clone());
        body.retain(|_, value| !value.is_null());
        Value::Object(body)
    }
}

fn fan_out(params: &Params) -> Option<Value> {
    let mut body =
        object(json!({"read_fan_out_factor": params.read_fan_out_factor, "read_fan_out_delay_ms": params.read_fan_out_delay_ms}));
    body.retain(|_, value| !value.is_null());
    (!body.is_empty()).then(|| json!({"params": body}))
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(fields) => fields,
        _ => Object::new(),
    }
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Object::new());
    }
    let Value::Object(fields) = target else { return };
    for (key, change) in changes {
        if change.is_null() {
            fields.remove(key);
        } else {
            merge(fields.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}

fn as_text<S: serde::Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(method.as_str())
}
