//! The sections of the configuration: one struct each, every field with its default and what it changes.

mod embedder;
mod identity;
mod listen;
mod operation;
mod rollout;
mod shadow;
mod traffic;
mod upstream;
mod webhook;

pub use embedder::EmbedderConfig;
pub use identity::{CarrierConfig, IdentityConfig};
pub use listen::{ListenConfig, TlsConfig};
pub use operation::{AdminConfig, AliasesConfig, LogConfig, LogFormat, MetricsConfig, RetirementConfig, ShutdownConfig, StoreConfig};
pub use rollout::{FreezeConfig, PrometheusConfig};
pub use shadow::ShadowConfig;
pub use traffic::{AnswersConfig, FallbackConfig, LimitsConfig, RetryConfig, TimeoutsConfig};
pub use upstream::{Credentials, UpstreamConfig};
pub(super) use upstream::{QDRANT_GRPC_PORT, QDRANT_HOST, QDRANT_REST_PORT};
pub use webhook::{WebhookConfig, WebhookFormat};

use serde::{Serialize, Serializer};

/// Prints what holds where a key was left out. It stays left out in memory: what an operator has not said may mean another
/// thing than in the version before, and is told.
fn in_force<T: Copy + Default + Serialize, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    value.unwrap_or_default().serialize(serializer)
}
