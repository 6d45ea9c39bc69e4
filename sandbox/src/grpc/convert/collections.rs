//! Bodies that create and change collections, and alias actions.

use std::collections::HashMap;

use qdrant_client::qdrant::alias_operations::Action;
use qdrant_client::qdrant::create_vector_name_request::VectorConfig;
use qdrant_client::qdrant::{
    ChangeAliases, CollectionParamsDiff, CreateCollection, Datatype, Distance, Modifier, MultiVectorComparator, MultiVectorConfig,
    ShardingMethod, SparseIndexConfig, SparseVectorConfig, SparseVectorParams, UpdateCollection, VectorParams, VectorParamsDiff,
    VectorsConfig, VectorsConfigDiff, vectors_config, vectors_config_diff,
};
use serde_json::{Map, Value, json};

use super::configs::{self, Flat, flat, tagged};
use super::{Json, Malformed, Object, array, names, quantization, required, vectors};

flat! { CollectionParamsDiff { replication_factor, write_consistency_factor, on_disk_payload, read_fan_out_factor, read_fan_out_delay_ms } }

pub(in crate::grpc) fn create(message: CreateCollection) -> Json {
    let metadata = (!message.metadata.is_empty()).then(|| vectors::object(message.metadata));
    Ok(Object::default()
        .convert("vectors", message.vectors_config, vectors_config)?
        .convert("sparse_vectors", message.sparse_vectors_config, sparse_config)?
        .maybe("shard_number", message.shard_number)
        .convert("sharding_method", message.sharding_method, |number| names::rest(number, ShardingMethod::as_str_name))?
        .maybe("replication_factor", message.replication_factor)
        .maybe("write_consistency_factor", message.write_consistency_factor)
        .maybe("on_disk_payload", message.on_disk_payload)
        .maybe("hnsw_config", message.hnsw_config.map(|config| config.to_json()))
        .maybe("wal_config", message.wal_config.map(|config| config.to_json()))
        .maybe("optimizers_config", message.optimizers_config.as_ref().map(configs::optimizers))
        .convert("quantization_config", message.quantization_config, quantization::config)?
        .maybe("strict_mode_config", message.strict_mode_config.map(configs::strict_mode))
        .maybe("metadata", metadata)
        .done())
}

pub(in crate::grpc) fn update(message: UpdateCollection) -> Json {
    let metadata = (!message.metadata.is_empty()).then(|| vectors::object(message.metadata));
    Ok(Object::default()
        .convert("vectors", message.vectors_config, vectors_diff)?
        .convert("sparse_vectors", message.sparse_vectors_config, sparse_config)?
        .maybe("params", message.params.map(|params| params.to_json()))
        .maybe("hnsw_config", message.hnsw_config.map(|config| config.to_json()))
        .maybe("optimizers_config", message.optimizers_config.as_ref().map(configs::optimizers))
        .convert("quantization_config", message.quantization_config, quantization::diff)?
        .maybe("strict_mode_config", message.strict_mode_config.map(configs::strict_mode))
        .maybe("metadata", metadata)
        .done())
}

fn named<T>(messages: HashMap<String, T>, convert: impl Fn(T) -> Json) -> Json {
    let entries = messages.into_iter().map(|(name, message)| Ok((name, convert(message)?)));
    Ok(Value::Object(entries.collect::<Result<Map<_, _>, Malformed>>()?))
}

fn vectors_config(message: VectorsConfig) -> Json {
    match required(message.config, "vectors config")? {
        vectors_config::Config::Params(params) => vector_params(params),
        vectors_config::Config::ParamsMap(params) => named(params.map, vector_params),
    }
}

fn vector_params(message: VectorParams) -> Json {
    Ok(Object::default()
        .with("size", message.size)
        .with("distance", distance(message.distance)?)
        .maybe("hnsw_config", message.hnsw_config.map(|config| config.to_json()))
        .convert("quantization_config", message.quantization_config, quantization::config)?
        .maybe("on_disk", message.on_disk)
        .maybe("datatype", datatype(message.datatype)?)
        .convert("multivector_config", message.multivector_config, multivector)?
        .done())
}

/// Distances are spelt alike in both protocols.
fn distance(number: i32) -> Json {
    match Distance::try_from(number) {
        Ok(Distance::UnknownDistance) | Err(_) => Err(Malformed::new("Expected `distance` field to be set")),
        Ok(known) => Ok(known.as_str_name().into()),
    }
}

/// The zero value asks for the server's default, as absence does in REST.
fn datatype(number: Option<i32>) -> Result<Option<Value>, Malformed> {
    number.filter(|number| *number != i32::from(Datatype::Default)).map(|number| names::rest(number, Datatype::as_str_name)).transpose()
}

fn multivector(message: MultiVectorConfig) -> Json {
    Ok(json!({"comparator": names::rest(message.comparator, MultiVectorComparator::as_str_name)?}))
}

fn vectors_diff(message: VectorsConfigDiff) -> Json {
    match required(message.config, "vectors config")? {
        vectors_config_diff::Config::Params(params) => Ok(tagged("", vector_diff(params)?)),
        vectors_config_diff::Config::ParamsMap(params) => named(params.map, vector_diff),
    }
}

fn vector_diff(message: VectorParamsDiff) -> Json {
    Ok(Object::default()
        .maybe("hnsw_config", message.hnsw_config.map(|config| config.to_json()))
        .convert("quantization_config", message.quantization_config, quantization::diff)?
        .maybe("on_disk", message.on_disk)
        .done())
}

fn sparse_config(message: SparseVectorConfig) -> Json {
    named(message.map, sparse_params)
}

fn sparse_params(message: SparseVectorParams) -> Json {
    Ok(Object::default().convert("index", message.index, sparse_index)?.maybe("modifier", modifier(message.modifier)?).done())
}

fn sparse_index(message: SparseIndexConfig) -> Json {
    Ok(Object::default()
        .maybe("full_scan_threshold", message.full_scan_threshold)
        .maybe("on_disk", message.on_disk)
        .maybe("datatype", datatype(message.datatype)?)
        .done())
}

fn modifier(number: Option<i32>) -> Result<Option<Value>, Malformed> {
    number.map(|number| names::rest(number, Modifier::as_str_name)).transpose()
}

/// `{"dense": …}` or `{"sparse": …}`: a vector added to a living collection.
pub(in crate::grpc) fn new_vector(message: Option<VectorConfig>) -> Json {
    Ok(match required(message, "vector config")? {
        VectorConfig::DenseConfig(config) => {
            let body = Object::default().with("size", config.size).with("distance", distance(config.distance)?);
            let body = body.convert("multivector_config", config.multivector_config, multivector)?;
            tagged("dense", body.maybe("datatype", datatype(config.datatype)?).done())
        }
        VectorConfig::SparseConfig(config) => {
            let body = Object::default().maybe("modifier", modifier(config.modifier)?);
            tagged("sparse", body.maybe("datatype", datatype(config.datatype)?).done())
        }
    })
}

/// A list of actions, in order.
pub(in crate::grpc) fn alias_actions(message: ChangeAliases) -> Json {
    let actions = message.actions.into_iter().map(|operation| operation.action);
    let convert = |action: Option<Action>| {
        Ok(match action.ok_or_else(|| Malformed::new("Malformed AliasOperation type"))? {
            Action::CreateAlias(create) => {
                json!({"create_alias": {"collection_name": create.collection_name, "alias_name": create.alias_name}})
            }
            Action::RenameAlias(rename) => {
                json!({"rename_alias": {"old_alias_name": rename.old_alias_name, "new_alias_name": rename.new_alias_name}})
            }
            Action::DeleteAlias(delete) => json!({"delete_alias": {"alias_name": delete.alias_name}}),
        })
    };
    array(actions, convert)
}
