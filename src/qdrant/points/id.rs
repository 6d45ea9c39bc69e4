//! Ids of points, in Qdrant's order: numbers first, then UUIDs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

#[cfg(test)]
mod tests {
    use super::PointId;

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
