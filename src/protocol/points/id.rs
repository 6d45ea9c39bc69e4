//! Point ids, in Qdrant's order: numbers first, then UUIDs.

use std::fmt;
use std::str::FromStr;

use qdrant_client::qdrant;
use qdrant_client::qdrant::point_id::PointIdOptions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A number or a UUID, however that is written.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[serde(untagged)]
pub enum PointId {
    Number(u64),
    Uuid(Uuid),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no point id: write a whole number or a UUID")]
pub struct PointIdFault(String);

impl fmt::Display for PointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Uuid(uuid) => uuid.hyphenated().fmt(f),
        }
    }
}

impl FromStr for PointId {
    type Err = PointIdFault;

    fn from_str(text: &str) -> Result<Self, PointIdFault> {
        let number = text.parse().map(Self::Number).ok();
        number.or_else(|| text.parse().map(Self::Uuid).ok()).ok_or_else(|| PointIdFault(text.to_owned()))
    }
}

impl TryFrom<qdrant::PointId> for PointId {
    type Error = PointIdFault;

    fn try_from(id: qdrant::PointId) -> Result<Self, PointIdFault> {
        match id.point_id_options {
            Some(PointIdOptions::Num(number)) => Ok(Self::Number(number)),
            Some(PointIdOptions::Uuid(text)) => text.parse().map(Self::Uuid).map_err(|_| PointIdFault(text)),
            None => Err(PointIdFault(String::new())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PointId;

    #[test]
    fn a_uuid_is_the_same_however_it_is_written() {
        let read = |text: &str| serde_json::from_str::<PointId>(text);
        let hyphens = read("\"6f0c1b3a-9a1f-4f4e-8f38-0a4b5c6d7e8f\"").expect("a UUID");
        assert_eq!(read("\"6F0C1B3A9A1F4F4E8F380A4B5C6D7E8F\"").expect("the same"), hyphens);
        assert_eq!(serde_json::to_string(&hyphens).expect("it is JSON"), "\"6f0c1b3a-9a1f-4f4e-8f38-0a4b5c6d7e8f\"");
        for wrong in ["-1", "1.5", "\"seven\"", "null", "[]"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ids_are_ordered_as_qdrant_pages_them() {
        let mut ids: Vec<PointId> = ["f0000000-0000-0000-0000-000000000000", "10", "9", "0f000000-0000-0000-0000-000000000000"]
            .map(|text| text.parse().expect("an id"))
            .to_vec();
        ids.sort();
        let shown: Vec<String> = ids.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["9", "10", "0f000000-0000-0000-0000-000000000000", "f0000000-0000-0000-0000-000000000000"]);
    }

    #[test]
    fn ids_are_read_from_json_and_text() {
        let read: Vec<PointId> = serde_json::from_str("[18446744073709551615, \"0F000000000000000000000000000000\"]").expect("ids");
        assert_eq!(read[0], PointId::Number(u64::MAX));
        assert_eq!(read[1].to_string(), "0f000000-0000-0000-0000-000000000000");
        assert!("docs".parse::<PointId>().is_err());
        assert!("-1".parse::<PointId>().is_err());
    }
}
