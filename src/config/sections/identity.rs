//! `identity`: whom a request is for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::in_force;
use crate::config::values::Header;
use crate::routing::{Anonymous, Carrier};

/// Where the unit of a request is found, and what happens without one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct IdentityConfig {
    /// The places to look, in order; the first that holds a unit wins. Default: the headers `x-user-id` and
    /// `x-qdrant-route-affinity`. A list replaces the default as a whole.
    pub carriers: Vec<CarrierConfig>,
    /// What happens to requests without a unit; default `stable`: none of them leaves the stable variant. `random`: each
    /// search is dealt a variant by the weights, marked as anonymous. A route, canary or experiment may say otherwise.
    #[serde(serialize_with = "in_force")]
    pub anonymous: Option<Anonymous>,
    /// The header by which a request may name its variant; default none: no request may. Anyone who can send requests can
    /// send it, so it is for testing; such requests are never analysed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_header: Option<Header>,
    /// The part of the units, in percent, that no canary and no experiment ever touches: stable answers them, so that the
    /// sum of all changes can be compared with none. Default 0.
    #[schemars(range(min = 0, max = 100))]
    pub holdout_percentage: f64,
}

/// One place where a request can name its unit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CarrierConfig {
    /// A header of REST, a metadata key of gRPC. Of several values the last counts.
    Header(Header),
    /// A cookie by its name.
    Cookie(String),
    /// A query parameter by its name; REST only.
    Query(String),
    /// A claim of the bearer token, which is read but not verified: it chooses a variant and grants nothing.
    JwtClaim(String),
    /// What stands behind this text in the collection name: with `@@u=`, `docs@@u=42` is `docs` for the unit `42`.
    /// Taken off before the request is forwarded.
    NameSuffix(String),
}

impl Default for IdentityConfig {
    fn default() -> Self {
        let header = |name| CarrierConfig::Header(Header::from_static(name));
        Self {
            carriers: vec![header("x-user-id"), header("x-qdrant-route-affinity")],
            anonymous: None,
            force_header: None,
            holdout_percentage: 0.0,
        }
    }
}

impl From<&CarrierConfig> for Carrier {
    fn from(carrier: &CarrierConfig) -> Self {
        match carrier {
            CarrierConfig::Header(header) => Self::Header(header.name().clone()),
            CarrierConfig::Cookie(name) => Self::Cookie(name.as_str().into()),
            CarrierConfig::Query(name) => Self::Query(name.as_str().into()),
            CarrierConfig::JwtClaim(claim) => Self::JwtClaim(claim.as_str().into()),
            CarrierConfig::NameSuffix(separator) => Self::NameSuffix(separator.as_str().into()),
        }
    }
}
