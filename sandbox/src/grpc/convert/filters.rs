//! Filters with every kind of condition.

use prost_types::Timestamp;
use qdrant_client::qdrant::condition::ConditionOneOf;
use qdrant_client::qdrant::r#match::MatchValue;
use qdrant_client::qdrant::{
    Condition, DatetimeRange, FieldCondition, Filter, GeoBoundingBox, GeoLineString, GeoPoint, GeoPolygon, GeoRadius, Match, MinShould,
    Range, ValuesCount,
};
use serde_json::json;

use super::{Json, Malformed, Object, array, ids, required};

pub(super) fn filter(message: Filter) -> Json {
    Ok(Object::default()
        .list("should", message.should, condition)?
        .list("must", message.must, condition)?
        .list("must_not", message.must_not, condition)?
        .convert("min_should", message.min_should, min_should)?
        .done())
}

fn min_should(message: MinShould) -> Json {
    Ok(json!({"conditions": array(message.conditions, condition)?, "min_count": message.min_count}))
}

pub(super) fn condition(message: Condition) -> Json {
    let malformed = || Malformed::new("Malformed Condition type");
    Ok(match message.condition_one_of.ok_or_else(malformed)? {
        ConditionOneOf::Slice(_) => return Err(malformed()),
        ConditionOneOf::Field(field) => field_condition(field)?,
        ConditionOneOf::IsEmpty(empty) => json!({"is_empty": {"key": empty.key}}),
        ConditionOneOf::IsNull(nil) => json!({"is_null": {"key": nil.key}}),
        ConditionOneOf::HasId(has) => json!({"has_id": ids::ids(has.has_id)?}),
        ConditionOneOf::HasVector(has) => json!({"has_vector": has.has_vector}),
        ConditionOneOf::Filter(inner) => filter(inner)?,
        ConditionOneOf::Nested(nested) => {
            json!({"nested": {"key": nested.key, "filter": filter(required(nested.filter, "filter of a nested condition")?)?}})
        }
    })
}

fn field_condition(message: FieldCondition) -> Json {
    let range = match (message.range, message.datetime_range) {
        (Some(range), _) => Some(numbers(range)),
        (None, Some(range)) => Some(datetimes(range)?),
        (None, None) => None,
    };
    Ok(Object::default()
        .with("key", message.key)
        .convert("match", message.r#match, match_value)?
        .maybe("range", range)
        .convert("geo_bounding_box", message.geo_bounding_box, bounding_box)?
        .convert("geo_radius", message.geo_radius, radius)?
        .convert("geo_polygon", message.geo_polygon, polygon)?
        .maybe("values_count", message.values_count.map(counts))
        .maybe("is_empty", message.is_empty)
        .maybe("is_null", message.is_null)
        .done())
}

fn match_value(message: Match) -> Json {
    let malformed = || Malformed::new("Malformed Match condition");
    Ok(match message.match_value.ok_or_else(malformed)? {
        MatchValue::Prefix(_) | MatchValue::Substring(_) => return Err(malformed()),
        MatchValue::Keyword(text) => json!({"value": text}),
        MatchValue::Integer(number) => json!({"value": number}),
        MatchValue::Boolean(flag) => json!({"value": flag}),
        MatchValue::Text(text) => json!({"text": text}),
        MatchValue::TextAny(text) => json!({"text_any": text}),
        MatchValue::Phrase(text) => json!({"phrase": text}),
        MatchValue::Keywords(any) => json!({"any": any.strings}),
        MatchValue::Integers(any) => json!({"any": any.integers}),
        MatchValue::ExceptKeywords(except) => json!({"except": except.strings}),
        MatchValue::ExceptIntegers(except) => json!({"except": except.integers}),
    })
}

fn numbers(range: Range) -> serde_json::Value {
    Object::default().maybe("lt", range.lt).maybe("gt", range.gt).maybe("gte", range.gte).maybe("lte", range.lte).done()
}

fn counts(count: ValuesCount) -> serde_json::Value {
    Object::default().maybe("lt", count.lt).maybe("gt", count.gt).maybe("gte", count.gte).maybe("lte", count.lte).done()
}

fn datetimes(range: DatetimeRange) -> Json {
    Ok(Object::default()
        .convert("lt", range.lt, timestamp)?
        .convert("gt", range.gt, timestamp)?
        .convert("gte", range.gte, timestamp)?
        .convert("lte", range.lte, timestamp)?
        .done())
}

/// RFC 3339, as REST takes it. Seconds and nanoseconds out of range are refused: the formatter would bend them silently.
pub(super) fn timestamp(time: Timestamp) -> Json {
    if !(0..1_000_000_000).contains(&time.nanos) {
        return Err(Malformed(format!("Unable to parse DateTime: {} nanoseconds", time.nanos)));
    }
    Ok(time.to_string().into())
}

pub(super) fn point(message: Option<GeoPoint>) -> Json {
    let GeoPoint { lon, lat } = message.ok_or_else(|| Malformed::new("Malformed Geo Point: a point is missing"))?;
    Ok(json!({"lon": lon, "lat": lat}))
}

fn bounding_box(message: GeoBoundingBox) -> Json {
    Ok(json!({"top_left": point(message.top_left)?, "bottom_right": point(message.bottom_right)?}))
}

fn radius(message: GeoRadius) -> Json {
    Ok(json!({"center": point(message.center)?, "radius": message.radius}))
}

fn polygon(message: GeoPolygon) -> Json {
    Ok(Object::default()
        .with("exterior", ring(required(message.exterior, "exterior of a polygon")?)?)
        .list("interiors", message.interiors, ring)?
        .done())
}

fn ring(line: GeoLineString) -> Json {
    Ok(json!({"points": array(line.points.into_iter().map(Some), point)?}))
}
