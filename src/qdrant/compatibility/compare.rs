//! What is compared, and what each difference means to a request.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fields::{changed_fields, show};
use super::{Difference, Severity};
use crate::qdrant::schema::{Object, Params, PayloadIndex, Schema, ShardKeySpec, SparseVector, Vector};

/// Keys under which owners note what made the vectors. Where both collections have one and they differ, a query embedded
/// for the old collection gets nonsense from the new one, and no error says so.
const MODEL_KEYS: [&str; 6] = ["embedding_model", "embedding_model_name", "embedder", "model", "model_name", "model_version"];

/// Collects differences.
#[derive(Default)]
pub(super) struct Comparison {
    differences: Vec<Difference>,
}

impl Comparison {
    pub(super) fn finish(self) -> Vec<Difference> {
        self.differences
    }

    pub(super) fn schemas(&mut self, old: &Schema, new: &Schema) {
        self.params(&old.params, &new.params);
        self.payload_indexes(&old.payload_indexes, &new.payload_indexes);
        self.shard_keys(&old.shard_keys, &new.shard_keys);
        self.metadata(old.metadata.as_ref(), new.metadata.as_ref());
        let tuning = |schema: &Schema| {
            json!({
                "hnsw_config": schema.hnsw_config, "optimizer_config": schema.optimizer_config, "wal_config": schema.wal_config,
                "quantization_config": schema.quantization_config, "strict_mode_config": schema.strict_mode_config,
            })
        };
        self.carried("", &tuning(old), &tuning(new));
        self.carried("", &json!(old.other), &json!(new.other));
    }

    fn params(&mut self, old: &Params, new: &Params) {
        let (theirs, ours) = (old.vectors.iter().collect(), new.vectors.iter().collect());
        self.each("params.vectors", &theirs, &ours, "vector", Self::vector);
        let by_name = |params: &Params| -> Vec<(String, SparseVector)> { params.sparse_vectors.clone().into_iter().collect() };
        let (theirs, ours) = (by_name(old), by_name(new));
        self.each("params.sparse_vectors", &refer(&theirs), &refer(&ours), "sparse vector", Self::sparse);
        let method = |params: &Params| params.sharding_method.clone().unwrap_or_else(|| "auto".to_owned());
        if method(old) != method(new) {
            let meaning = "requests name shard keys in one of them only";
            self.blocking("params.sharding_method", json!(method(old)), json!(method(new)), meaning);
        }
        let rest = |params: &Params| {
            json!({
                "shard_number": params.shard_number, "replication_factor": params.replication_factor,
                "write_consistency_factor": params.write_consistency_factor, "read_fan_out_factor": params.read_fan_out_factor,
                "read_fan_out_delay_ms": params.read_fan_out_delay_ms, "on_disk_payload": params.on_disk_payload,
            })
        };
        self.carried("params", &rest(old), &rest(new));
        self.carried("params", &json!(old.other), &json!(new.other));
    }

    /// Things with names: those that are gone, those that are new, and those in both.
    fn each<T: serde::Serialize>(
        &mut self,
        path: &str,
        old: &BTreeMap<&str, &T>,
        new: &BTreeMap<&str, &T>,
        what: &str,
        compare: fn(&mut Self, &str, &T, &T),
    ) {
        for (name, theirs) in old {
            let path = format!("{path}.{}", shown(name));
            match new.get(name) {
                Some(ours) => compare(self, &path, theirs, ours),
                None => self.blocking(&path, json!(theirs), Value::Null, &format!("requests that use this {what} fail")),
            }
        }
        for (name, ours) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            let path = format!("{path}.{}", shown(name));
            self.informative(&path, Value::Null, json!(ours), &format!("no request knows of this {what} yet"));
        }
    }

    fn vector(&mut self, path: &str, old: &Vector, new: &Vector) {
        if old.size != new.size {
            let meaning = "queries and writes have vectors of the old size, and are refused";
            self.blocking(&format!("{path}.size"), json!(old.size), json!(new.size), meaning);
        }
        if old.distance != new.distance {
            let meaning = "scores and score thresholds mean something else";
            self.blocking(&format!("{path}.distance"), json!(old.distance), json!(new.distance), meaning);
        }
        if old.multivector_config != new.multivector_config {
            let meaning = "a point has one vector here and a matrix there, or matrices are compared otherwise";
            let path = format!("{path}.multivector_config");
            self.blocking(&path, json!(old.multivector_config), json!(new.multivector_config), meaning);
        }
        let datatype = |vector: &Vector| vector.datatype.clone().unwrap_or_else(|| "float32".to_owned());
        let rest = |vector: &Vector| {
            json!({
                "datatype": datatype(vector), "on_disk": vector.on_disk, "hnsw_config": vector.hnsw_config,
                "quantization_config": vector.quantization_config,
            })
        };
        self.carried(path, &rest(old), &rest(new));
        self.carried(path, &json!(old.other), &json!(new.other));
    }

    fn sparse(&mut self, path: &str, old: &SparseVector, new: &SparseVector) {
        let modifier = |vector: &SparseVector| vector.modifier.clone().unwrap_or_else(|| "none".to_owned());
        if modifier(old) != modifier(new) {
            let meaning = "values are weighed otherwise, so scores mean something else";
            self.blocking(&format!("{path}.modifier"), json!(modifier(old)), json!(modifier(new)), meaning);
        }
        self.carried(&format!("{path}.index"), &json!(old.index), &json!(new.index));
        self.carried(path, &json!(old.other), &json!(new.other));
    }

    fn payload_indexes(&mut self, old: &BTreeMap<String, PayloadIndex>, new: &BTreeMap<String, PayloadIndex>) {
        for (field, theirs) in old {
            let path = format!("payload_indexes.{field}");
            match new.get(field) {
                None => {
                    let meaning = "filters on the field are slow or refused, ordering and facets by it fail";
                    self.blocking(&path, json!(theirs), Value::Null, meaning);
                }
                Some(ours) if ours.data_type != theirs.data_type => {
                    let meaning = "filters on the field match otherwise";
                    self.blocking(&format!("{path}.data_type"), json!(theirs.data_type), json!(ours.data_type), meaning);
                }
                Some(ours) => self.carried(&format!("{path}.params"), &parameters(theirs), &parameters(ours)),
            }
        }
        for (field, ours) in new.iter().filter(|(field, _)| !old.contains_key(*field)) {
            self.informative(&format!("payload_indexes.{field}"), Value::Null, json!(ours), "one more field is indexed");
        }
    }

    fn shard_keys(&mut self, old: &[ShardKeySpec], new: &[ShardKeySpec]) {
        let find = |list: &[ShardKeySpec], spec: &ShardKeySpec| list.iter().find(|other| other.shard_key == spec.shard_key).cloned();
        for theirs in old {
            let path = format!("shard_keys.{}", show(&json!(theirs.shard_key)));
            match find(new, theirs) {
                None => self.blocking(&path, json!(theirs), Value::Null, "requests that name this shard key fail"),
                Some(ours) => self.carried(&path, &json!(theirs), &json!(ours)),
            }
        }
        for ours in new.iter().filter(|ours| find(old, ours).is_none()) {
            let path = format!("shard_keys.{}", show(&json!(ours.shard_key)));
            self.informative(&path, Value::Null, json!(ours), "no request knows of this shard key yet");
        }
    }

    fn metadata(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let object = |metadata: Option<&Object>| Value::Object(metadata.cloned().unwrap_or_default());
        for (path, theirs, ours) in changed_fields("metadata", &object(old), &object(new)) {
            let key = path.rsplit('.').next().unwrap_or_default();
            if MODEL_KEYS.contains(&key) && !theirs.is_null() && !ours.is_null() {
                let meaning = "the vectors come from another model: queries embedded for the old one get nonsense, and no error";
                self.blocking(&path, theirs, ours, meaning);
            } else {
                self.informative(&path, theirs, ours, "a note of the owner");
            }
        }
    }

    /// Settings that change cost and speed, never what a request may ask; fields of later versions are taken for such.
    fn carried(&mut self, path: &str, old: &Value, new: &Value) {
        for (path, theirs, ours) in changed_fields(path, old, new) {
            self.informative(&path, theirs, ours, "speed, memory or placement may differ, requests stay as they are");
        }
    }

    fn blocking(&mut self, path: &str, old: Value, new: Value, meaning: &str) {
        self.add(Severity::Blocking, path, old, new, meaning);
    }

    fn informative(&mut self, path: &str, old: Value, new: Value, meaning: &str) {
        self.add(Severity::Informative, path, old, new, meaning);
    }

    fn add(&mut self, severity: Severity, path: &str, old: Value, new: Value, meaning: &str) {
        let sentence = match (&old, &new) {
            (Value::Null, new) => format!("`{path}` is {} and was not there: {meaning}.", show(new)),
            (old, Value::Null) => format!("`{path}` was {} and is not there: {meaning}.", show(old)),
            (old, new) => format!("`{path}` was {} and is {}: {meaning}.", show(old), show(new)),
        };
        self.differences.push(Difference { path: path.to_owned(), old, new, severity, sentence });
    }
}

fn refer<T>(list: &[(String, T)]) -> BTreeMap<&str, &T> {
    list.iter().map(|(name, item)| (name.as_str(), item)).collect()
}

/// The unnamed vector's name is empty.
fn shown(name: &str) -> &str {
    if name.is_empty() { "(unnamed)" } else { name }
}

/// An index made from the bare name of its type has the same parameters as one made from `{"type": name}`.
fn parameters(index: &PayloadIndex) -> Value {
    index.params.clone().unwrap_or_else(|| json!({"type": index.data_type}))
}
