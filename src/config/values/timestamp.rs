//! Moments in UTC.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};

use super::Period;

/// Milliseconds since the epoch; also read from RFC 3339 text, since that is what people write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    #[must_use]
    pub fn plus(self, period: Period) -> Self {
        Self(self.0.saturating_add(period.millis()))
    }

    /// How long ago `earlier` was, in milliseconds; zero when the clock was set back.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match i64::try_from(self.0).ok().and_then(|milliseconds| jiff::Timestamp::from_millisecond(milliseconds).ok()) {
            Some(moment) => moment.fmt(f),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let milliseconds = json_schema!({"type": "integer", "minimum": 0, "maximum": u64::MAX});
        if generator.contract().is_serialize() {
            return json_schema!({"description": "Milliseconds since 1970, UTC.", "type": "integer", "minimum": 0});
        }
        json_schema!({
            "description": "Milliseconds since 1970, UTC, or text as of RFC 3339, such as 2026-11-24T08:00:00Z.",
            "anyOf": [milliseconds, {"type": "string", "format": "date-time"}],
        })
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Moment;
        impl Visitor<'_> for Moment {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a moment as RFC 3339 text, such as 2026-11-24T08:00:00Z, or in milliseconds since 1970")
            }
            fn visit_u64<E: Error>(self, milliseconds: u64) -> Result<Timestamp, E> {
                Ok(Timestamp(milliseconds))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
                // In a query string numbers are text.
                if let Ok(milliseconds) = text.parse() {
                    return Ok(Timestamp(milliseconds));
                }
                let moment: jiff::Timestamp = text.parse().map_err(E::custom)?;
                u64::try_from(moment.as_millisecond()).map(Timestamp).map_err(|_| E::custom("a moment before 1970"))
            }
        }
        deserializer.deserialize_any(Moment)
    }
}
