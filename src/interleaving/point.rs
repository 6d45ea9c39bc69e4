//! What a point is called.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A number or a UUID, however that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PointId {
    Number(u64),
    Uuid(Uuid),
}

impl PointId {
    /// Two bytes of it: enough to tell it from the few others of a list, chosen so that they differ.
    pub(super) fn short(&self, salt: u8) -> u16 {
        let hash = match self {
            Self::Number(number) => xxh3_64_with_seed(&number.to_le_bytes(), salt.into()),
            Self::Uuid(uuid) => xxh3_64_with_seed(uuid.as_bytes(), salt.into()),
        };
        (hash >> 48) as u16
    }
}

impl std::fmt::Display for PointId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Uuid(uuid) => uuid.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_the_same_however_it_is_written() {
        let read = |text: &str| serde_json::from_str::<PointId>(text);
        let hyphens = read("\"6f0c1b3a-9a1f-4f4e-8f38-0a4b5c6d7e8f\"").expect("a UUID");
        assert_eq!(read("\"6F0C1B3A9A1F4F4E8F380A4B5C6D7E8F\"").expect("the same"), hyphens);
        assert_eq!(serde_json::to_string(&hyphens).expect("it is JSON"), "\"6f0c1b3a-9a1f-4f4e-8f38-0a4b5c6d7e8f\"");
        assert_eq!(read("18446744073709551615").expect("a number"), PointId::Number(u64::MAX));
        for wrong in ["-1", "1.5", "\"seven\"", "null", "[]"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
