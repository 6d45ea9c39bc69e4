//! What is told of the configuration.

use schemars::JsonSchema;
use std::time::SystemTime;

/// Whether the configuration on disk is the one being served.
#[derive(Clone, Debug, Default, serde::Serialize, JsonSchema)]
#[schemars(rename = "ConfigurationStatus")]
pub struct ReloadStatus {
    /// Fingerprint of the configuration in force.
    pub serving: String,
    /// Fingerprint of the last one seen; another than `serving` when it was rejected.
    pub observed: String,
    /// Why the last one seen was rejected; empty when it was not.
    pub rejected: Vec<String>,
    /// Keys that changed but need a restart to take effect.
    pub restart_needed: Vec<&'static str>,
    /// When the last one was seen.
    #[serde(serialize_with = "unix_seconds")]
    #[schemars(with = "Option<u64>")]
    pub observed_at: Option<SystemTime>,
}

impl ReloadStatus {
    pub(in crate::control) fn serving(fingerprint: &str) -> Self {
        Self { serving: fingerprint.to_owned(), observed: fingerprint.to_owned(), observed_at: Some(SystemTime::now()), ..Self::default() }
    }
}

#[expect(clippy::ref_option, reason = "the signature serde asks for")]
fn unix_seconds<S: serde::Serializer>(at: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    let seconds = at.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok()).map(|since| since.as_secs());
    serde::Serialize::serialize(&seconds, serializer)
}
