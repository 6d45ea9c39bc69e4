//! Where the points of the new collection come from.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Written `collection:<name>`, `snapshot:<location>` or `external`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Source {
    /// Copied from a collection of the same upstream.
    Collection(String),
    /// Recovered by Qdrant from where it can fetch it.
    Snapshot(String),
    /// The operator fills it, and says so.
    External,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no source: write collection:<name>, snapshot:<location> or external")]
pub struct SourceFault(String);

impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "DeploymentSource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Where the points come from. `collection:<name>` copies a collection of the same upstream, \
                `snapshot:<location>` has Qdrant recover a snapshot, and with `external` another program fills the collection.",
            "type": "string",
            "pattern": r"^(collection:[^\r\n]+|snapshot:[^\r\n]+|external)$",
        })
    }
}

impl FromStr for Source {
    type Err = SourceFault;

    fn from_str(text: &str) -> Result<Self, SourceFault> {
        match text.split_once(':') {
            None if text == "external" => Ok(Self::External),
            Some(("collection", name)) if !name.is_empty() => Ok(Self::Collection(name.to_owned())),
            Some(("snapshot", location)) if !location.is_empty() => Ok(Self::Snapshot(location.to_owned())),
            _ => Err(SourceFault(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Source {
    type Error = SourceFault;

    fn try_from(text: String) -> Result<Self, SourceFault> {
        text.parse()
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Collection(name) => write!(f, "collection:{name}"),
            Self::Snapshot(location) => write!(f, "snapshot:{location}"),
            Self::External => f.write_str("external"),
        }
    }
}
