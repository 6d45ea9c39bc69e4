//! `aliases`, `metrics`, `log`, `shutdown`, `admin`, `store`, `retirement`: what an operator sees of the process and does with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::in_force;
use crate::config::values::{HostName, LogFilter, Period, Secret, StoreAddress, WebOrigin};
use crate::routing::SplitReads;

/// What holds for every alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct AliasesConfig {
    /// How often the aliases are listed; default `5s`. It bounds how long an alias change made past Pointsman goes
    /// unseen; those made through it are seen at once.
    pub refresh: Period,
    /// Which reads are split; default `searches`: retrieving by id, scrolling, counting and facets stay on stable. `all`:
    /// those of requests with a unit are split too. A route, canary or experiment may say otherwise.
    #[serde(serialize_with = "in_force")]
    pub split: Option<SplitReads>,
}

impl Default for AliasesConfig {
    fn default() -> Self {
        Self { refresh: Period::from_secs(5), split: None }
    }
}

/// What is counted, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct MetricsConfig {
    /// How many aliases get series of their own; default 200. The rest are counted together as `other`, so that names
    /// cannot fill the memory.
    #[schemars(range(max = 10_000))]
    pub max_aliases: usize,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self { max_aliases: 200 }
    }
}

/// What is written to standard error. Keys and user ids never are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct LogConfig {
    /// A level (off, error, warn, info, debug, trace), also per component: `info,pointsman::proxy=debug`; default
    /// `info`. The admin API changes it at run time.
    pub level: LogFilter,
    /// Default `text`. Needs a restart.
    pub format: LogFormat,
    /// The share of requests that get a line of their own, 0 to 1; default 0: none.
    #[schemars(range(min = 0, max = 1))]
    pub access_sample: f64,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// How the process ends after SIGTERM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct ShutdownConfig {
    /// How long requests under way may take to finish; default `30s`. Those that have not are cut off.
    pub grace: Period,
    /// How long Pointsman says it is not ready before it tells connections to go; default `0s`. Behind a load balancer,
    /// the time the balancer takes to notice.
    pub delay: Period,
}

impl Default for ShutdownConfig {
    fn default() -> Self {
        Self { grace: Period::from_secs(30), delay: Period::from_secs(0) }
    }
}

/// The operators' own port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct AdminConfig {
    /// The bearer token that changes need; default none: every client that reaches the port may change routes. Required
    /// where `listen.admin` is no loopback address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// A bearer token for applications, which opens only what they need: reporting feedback, and asking for assignments
    /// that count; default none: those need `token`. Needs `token`, and must be another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback_token: Option<Secret>,
    /// The names in the `Host` header that requests without the token may come by, in addition to `localhost` and IP addresses;
    /// default none. Refusing others keeps out pages whose own name was made to point at this port (DNS rebinding).
    pub allowed_hosts: Vec<HostName>,
    /// The origins whose pages may use the port through a browser, in addition to the port's own; default none. For a reverse
    /// proxy that replaces the `Host` header.
    pub allowed_origins: Vec<WebOrigin>,
}

/// When a collection that is to be retired may be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct RetirementConfig {
    /// How long it must have been unused; default `10m`. A replica that was started since, or that has fallen silent since,
    /// delays the deletion as a use would.
    pub quiet: Period,
}

impl Default for RetirementConfig {
    fn default() -> Self {
        Self { quiet: Period::from_secs(600) }
    }
}

/// Where everything that operators made survives a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct StoreConfig {
    /// A file of SQLite, default `data/pointsman.db`; or `postgres://user:password@host/database`, which several replicas
    /// share; or `memory:`, which ends with the process. Needs a restart.
    pub url: StoreAddress,
}
