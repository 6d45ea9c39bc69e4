//! Small enums that classify requests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which of Qdrant's two protocols a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    Rest,
    Grpc,
}

/// The class of a request. Only reads are split, retried or answered by another variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Read,
    Write,
    Schema,
    Admin,
    Diagnostics,
}

/// What a read of points is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ReadKind")]
pub enum Read {
    /// Finds points by vectors: the quality that users of a variant notice.
    #[default]
    Search,
    /// Looks up, lists or counts what is stored. Its answer often decides the next write, and writes go to stable.
    Bookkeeping,
}

impl Protocol {
    pub const ALL: [Self; 2] = [Self::Rest, Self::Grpc];

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Grpc => "grpc",
        }
    }
}

impl Class {
    pub const ALL: [Self; 5] = [Self::Read, Self::Write, Self::Schema, Self::Admin, Self::Diagnostics];

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Schema => "schema",
            Self::Admin => "admin",
            Self::Diagnostics => "diagnostics",
        }
    }
}
