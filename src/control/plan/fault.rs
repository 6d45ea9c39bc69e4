//! Why a configuration cannot be served, though it is well formed.

/// What a legal configuration still may fail on: files and certificates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct PlanFault {
    /// The key of the configuration, such as `upstreams.default.ca_file`.
    pub key: String,
    pub reason: String,
}
