//! The kinds of values a configuration is made of. Each is checked when it is read, so a value that exists is a legal one.

mod address;
mod base_url;
mod event_kinds;
mod event_pattern;
mod freeze;
mod header;
mod host_name;
mod log_filter;
mod period;
mod secret;
mod service_url;
mod size;
mod store_address;
#[cfg(test)]
mod tests;
mod timestamp;
mod url;
mod web_origin;
mod webhook_url;

pub(super) use address::address;
pub use base_url::{BaseUrl, BaseUrlFault};
pub use event_kinds::EVENT_KINDS;
pub use event_pattern::EventPattern;
pub use freeze::{Day, FreezeWindow, TimeOfDay};
pub use header::Header;
pub use host_name::HostName;
pub use log_filter::{LogFilter, LogFilterFault};
pub use period::{Period, PeriodFault};
pub use secret::Secret;
pub use service_url::ServiceUrl;
pub use size::{Size, SizeFault};
pub use store_address::StoreAddress;
pub use timestamp::Timestamp;
pub use url::{UpstreamUrl, UrlFault};
pub use web_origin::WebOrigin;
pub use webhook_url::{WebhookUrl, WebhookUrlFault};

/// Reads and writes a value as the text it is parsed from and displayed as. Its schema is a text of this pattern: no legal text
/// fails it, though the parser may demand more.
macro_rules! as_text {
    ($type:ident, $expected:literal, $pattern:literal) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn schema_id() -> std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($type)).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let description = crate::config::values::sentence($expected);
                schemars::json_schema!({"type": "string", "pattern": $pattern, "description": description})
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $type;
                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        formatter.write_str($expected)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}
use as_text;

/// What is expected, as the description in a schema.
fn sentence(expected: &str) -> String {
    let (first, rest) = expected.split_at(1);
    format!("{}{rest}.", first.to_uppercase())
}

/// Splits `90s` into the number and its unit.
fn split_unit(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit))
}
