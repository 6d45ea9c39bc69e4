//! Quantization settings of collections and vectors, in both directions.

use qdrant_client::qdrant::binary_quantization_query_encoding::{Setting, Variant};
use qdrant_client::qdrant::quantization_config::Quantization;
use qdrant_client::qdrant::{
    BinaryQuantization, BinaryQuantizationEncoding, BinaryQuantizationQueryEncoding, CompressionRatio, ProductQuantization,
    QuantizationConfig, QuantizationConfigDiff, QuantizationType, ScalarQuantization, TurboQuantBitSize, TurboQuantization,
    quantization_config_diff,
};
use serde_json::Value;

use super::configs::{field, scalar, tagged};
use super::{Json, Object, names, required};

pub(super) fn config(message: QuantizationConfig) -> Json {
    method(required(message.quantization, "quantization method")?)
}

pub(super) fn diff(message: QuantizationConfigDiff) -> Json {
    use quantization_config_diff::Quantization as Change;
    method(match required(message.quantization, "quantization method")? {
        Change::Disabled(_) => return Ok("Disabled".into()),
        Change::Scalar(settings) => Quantization::Scalar(settings),
        Change::Product(settings) => Quantization::Product(settings),
        Change::Binary(settings) => Quantization::Binary(settings),
        Change::Turboquant(settings) => Quantization::Turboquant(settings),
    })
}

fn method(method: Quantization) -> Json {
    Ok(match method {
        Quantization::Scalar(settings) => {
            let kind = names::rest(settings.r#type, QuantizationType::as_str_name)?;
            let body = Object::default().with("type", kind).maybe("quantile", settings.quantile);
            tagged("scalar", body.maybe("always_ram", settings.always_ram).done())
        }
        Quantization::Product(settings) => {
            let ratio = names::rest(settings.compression, CompressionRatio::as_str_name)?;
            tagged("product", Object::default().with("compression", ratio).maybe("always_ram", settings.always_ram).done())
        }
        Quantization::Binary(settings) => {
            let query = settings.query_encoding.and_then(|encoding| encoding.variant);
            let body = Object::default()
                .maybe("always_ram", settings.always_ram)
                .convert("encoding", settings.encoding, |number| names::rest(number, BinaryQuantizationEncoding::as_str_name))?
                .convert("query_encoding", query, query_encoding)?;
            tagged("binary", body.done())
        }
        Quantization::Turboquant(settings) => {
            let body = Object::default().maybe("always_ram", settings.always_ram);
            tagged("turbo", body.convert("bits", settings.bits, |number| names::rest(number, TurboQuantBitSize::as_str_name))?.done())
        }
    })
}

/// `scalar4bits` in REST: no underscores, unlike every other name.
fn query_encoding(variant: Variant) -> Json {
    let Variant::Setting(number) = variant;
    let setting = Setting::try_from(number).map_err(|_| super::Malformed(format!("Malformed query encoding {number}")))?;
    Ok(setting.as_str_name().to_lowercase().into())
}

pub(super) fn message(value: &Value) -> Option<QuantizationConfig> {
    let quantization = if let Some(settings) = field(value, "scalar") {
        Quantization::Scalar(ScalarQuantization {
            r#type: QuantizationType::Int8.into(),
            quantile: scalar(settings, "quantile"),
            always_ram: scalar(settings, "always_ram"),
            ..ScalarQuantization::default()
        })
    } else if let Some(settings) = field(value, "product") {
        let ratio = settings.get("compression").and_then(Value::as_str).and_then(CompressionRatio::from_str_name);
        Quantization::Product(ProductQuantization {
            compression: ratio?.into(),
            always_ram: scalar(settings, "always_ram"),
            ..ProductQuantization::default()
        })
    } else if let Some(settings) = field(value, "binary") {
        Quantization::Binary(BinaryQuantization {
            always_ram: scalar(settings, "always_ram"),
            encoding: names::proto(settings.get("encoding"), BinaryQuantizationEncoding::from_str_name).map(Into::into),
            query_encoding: settings.get("query_encoding").and_then(Value::as_str).map(query_encoding_message),
            ..BinaryQuantization::default()
        })
    } else {
        let settings = field(value, "turbo")?;
        Quantization::Turboquant(TurboQuantization {
            always_ram: scalar(settings, "always_ram"),
            bits: names::proto(settings.get("bits"), TurboQuantBitSize::from_str_name).map(Into::into),
            ..TurboQuantization::default()
        })
    };
    Some(QuantizationConfig { quantization: Some(quantization) })
}

fn query_encoding_message(name: &str) -> BinaryQuantizationQueryEncoding {
    let setting = match name {
        "binary" => Setting::Binary,
        "scalar4bits" => Setting::Scalar4Bits,
        "scalar8bits" => Setting::Scalar8Bits,
        _ => Setting::Default,
    };
    BinaryQuantizationQueryEncoding { variant: Some(Variant::Setting(setting.into())) }
}
