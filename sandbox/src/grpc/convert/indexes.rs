//! Payload indexes: kinds and parameters, as asked for and as reported.

use qdrant_client::qdrant::payload_index_params::IndexParams;
use qdrant_client::qdrant::stemming_algorithm::StemmingParams;
use qdrant_client::qdrant::{
    BoolIndexParams, DatetimeIndexParams, FieldType, FloatIndexParams, GeoIndexParams, IntegerIndexParams, KeywordIndexParams,
    PayloadIndexParams, PayloadSchemaInfo, PayloadSchemaType, SnowballParams, StemmingAlgorithm, StopwordsSet, TextIndexParams,
    TokenizerType, UuidIndexParams,
};
use serde_json::{Value, json};

use super::configs::{Flat, field, flat, scalar};
use super::{Json, Malformed, names, required};

flat! {
    KeywordIndexParams { is_tenant, on_disk, enable_hnsw }
    IntegerIndexParams { lookup, range, is_principal, on_disk, enable_hnsw }
    FloatIndexParams { on_disk, is_principal, enable_hnsw }
    GeoIndexParams { on_disk, enable_hnsw }
    BoolIndexParams { on_disk, enable_hnsw }
    DatetimeIndexParams { on_disk, is_principal, enable_hnsw }
    UuidIndexParams { is_tenant, on_disk, enable_hnsw }
    TextIndexParams { lowercase, min_token_len, max_token_len, on_disk, phrase_matching, ascii_folding, enable_hnsw }
}

/// `field_schema` of REST: the bare kind, or its parameters.
pub(in crate::grpc) fn schema(kind: Option<i32>, params: Option<PayloadIndexParams>) -> Json {
    let params = params.and_then(|params| params.index_params);
    let kind = kind.map(kind_name).transpose()?;
    match (params, kind) {
        (Some(params), kind) => {
            let value = with_params(params)?;
            match kind {
                Some(kind) if value.get("type") != Some(&kind) => Err(Malformed::new("field_type and field_index_params do not match")),
                _ => Ok(value),
            }
        }
        (None, Some(kind)) => Ok(kind),
        (None, None) => Err(Malformed::new("Can't auto-detect field type, please specify `field_schema` in the request")),
    }
}

fn kind_name(number: i32) -> Json {
    let Value::String(name) = names::rest(number, FieldType::as_str_name)? else {
        return Err(Malformed::new("Malformed field type"));
    };
    Ok(name.trim_start_matches("field_type_").into())
}

fn with_params(params: IndexParams) -> Json {
    Ok(match params {
        IndexParams::KeywordIndexParams(params) => typed("keyword", params.to_json()),
        IndexParams::IntegerIndexParams(params) => typed("integer", params.to_json()),
        IndexParams::FloatIndexParams(params) => typed("float", params.to_json()),
        IndexParams::GeoIndexParams(params) => typed("geo", params.to_json()),
        IndexParams::BoolIndexParams(params) => typed("bool", params.to_json()),
        IndexParams::DatetimeIndexParams(params) => typed("datetime", params.to_json()),
        IndexParams::UuidIndexParams(params) => typed("uuid", params.to_json()),
        IndexParams::TextIndexParams(params) => text(params)?,
    })
}

fn typed(kind: &str, mut params: Value) -> Value {
    if let Value::Object(object) = &mut params {
        object.insert("type".to_owned(), kind.into());
    }
    params
}

fn text(params: TextIndexParams) -> Json {
    let mut value = typed("text", params.to_json());
    if params.tokenizer == i32::from(TokenizerType::Unknown) {
        return Err(Malformed::new("unknown tokenizer type"));
    }
    value["tokenizer"] = names::rest(params.tokenizer, TokenizerType::as_str_name)?;
    if let Some(set) = params.stopwords {
        let languages: Vec<String> = set.languages.iter().map(|language| language.to_lowercase()).collect();
        value["stopwords"] = json!({"languages": languages, "custom": set.custom});
    }
    if let Some(stemmer) = params.stemmer {
        let StemmingParams::Snowball(snowball) = required(stemmer.stemming_params, "stemming algorithm")? else {
            return required(None, "stemming algorithm");
        };
        value["stemmer"] = json!({"type": "snowball", "language": snowball.language.to_lowercase()});
    }
    Ok(value)
}

/// One entry of a collection's `payload_schema`.
pub(super) fn info(value: &Value) -> PayloadSchemaInfo {
    let kind = names::proto(value.get("data_type"), PayloadSchemaType::from_str_name).unwrap_or(PayloadSchemaType::UnknownType);
    let index_params = field(value, "params").map(|params| reported(kind, params));
    PayloadSchemaInfo {
        data_type: kind.into(),
        params: index_params.map(|index_params| PayloadIndexParams { index_params }),
        points: scalar(value, "points"),
    }
}

fn reported(kind: PayloadSchemaType, params: &Value) -> Option<IndexParams> {
    Some(match kind {
        PayloadSchemaType::UnknownType => return None,
        PayloadSchemaType::Keyword => IndexParams::KeywordIndexParams(Flat::from_json(params)),
        PayloadSchemaType::Integer => IndexParams::IntegerIndexParams(Flat::from_json(params)),
        PayloadSchemaType::Float => IndexParams::FloatIndexParams(Flat::from_json(params)),
        PayloadSchemaType::Geo => IndexParams::GeoIndexParams(Flat::from_json(params)),
        PayloadSchemaType::Text => IndexParams::TextIndexParams(reported_text(params)),
        PayloadSchemaType::Bool => IndexParams::BoolIndexParams(Flat::from_json(params)),
        PayloadSchemaType::Datetime => IndexParams::DatetimeIndexParams(Flat::from_json(params)),
        PayloadSchemaType::Uuid => IndexParams::UuidIndexParams(Flat::from_json(params)),
    })
}

fn reported_text(params: &Value) -> TextIndexParams {
    let tokenizer = names::proto(params.get("tokenizer"), TokenizerType::from_str_name).unwrap_or(TokenizerType::Unknown);
    let language = params.pointer("/stemmer/language").and_then(Value::as_str);
    TextIndexParams {
        tokenizer: tokenizer.into(),
        stopwords: field(params, "stopwords").map(stopwords),
        stemmer: language.map(|language| StemmingAlgorithm {
            stemming_params: Some(StemmingParams::Snowball(SnowballParams { language: language.to_owned() })),
        }),
        ..TextIndexParams::from_json(params)
    }
}

/// A language alone stands for the set of its words.
fn stopwords(value: &Value) -> StopwordsSet {
    let strings =
        |key| value.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    match value.as_str() {
        Some(language) => StopwordsSet { languages: vec![language.to_owned()], custom: Vec::new() },
        None => StopwordsSet { languages: strings("languages"), custom: strings("custom") },
    }
}
