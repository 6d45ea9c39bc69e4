//! What an operator can set: the schema, where it is read from, and what is wrong with it.
//!
//! One [`Config`] is made of a file, the environment and the flags, in that order, by [`Config::load`]; `cli` calls it at
//! the start, [`Watcher`] again at each change. A configuration that exists has passed every check. This room knows
//! nobody but `routing`, whose form of a route it shares with the admin API, and what `store` takes for an address.

mod check;
mod fault;
mod load;
mod nearest;
mod path;
mod sections;
#[cfg(test)]
mod tests;
mod unsaid;
mod values;
mod watch;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::routing::{Anonymous, RouteSpec, SplitPolicy, SplitReads};

pub use check::Purpose;
pub use fault::{Fault, Origin};
pub use load::{Loaded, Override, Source};
pub use nearest::nearest;
pub use sections::{
    AdminConfig, AliasesConfig, AnswersConfig, CarrierConfig, Credentials, EmbedderConfig, FallbackConfig, FreezeConfig, IdentityConfig,
    LimitsConfig, ListenConfig, LogConfig, LogFormat, MetricsConfig, PrometheusConfig, RetirementConfig, RetryConfig, ShadowConfig,
    ShutdownConfig, StoreConfig, TimeoutsConfig, TlsConfig, UpstreamConfig, WebhookConfig, WebhookFormat,
};
pub use unsaid::unsaid;
pub use values::{
    BaseUrl, BaseUrlFault, Day, EVENT_KINDS, EventPattern, FreezeWindow, Header, HostName, LogFilter, LogFilterFault, Period, PeriodFault,
    Secret, ServiceUrl, Size, SizeFault, StoreAddress, TimeOfDay, Timestamp, UpstreamUrl, UrlFault, WebOrigin, WebhookUrl, WebhookUrlFault,
};
pub use watch::{Change, Watcher, restart_needed};

/// The upstream whose aliases are the namespace.
pub const DEFAULT_UPSTREAM: &str = "default";

/// Everything that can be set. Durations are texts such as `90s`, sizes such as `64KiB`; unknown keys are faults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "Configuration")]
#[schemars(deny_unknown_fields)]
pub struct Config {
    /// Where Pointsman listens, and what it demands of a connection. Needs a restart.
    pub listen: ListenConfig,
    /// Threads that serve requests; default 0: one for each core the cgroup allows. Needs a restart.
    pub workers: usize,
    /// The Qdrant deployments by name. `default` must be there: its aliases are the namespace.
    pub upstreams: BTreeMap<String, UpstreamConfig>,
    /// Whom a request is for.
    pub identity: IdentityConfig,
    /// What holds for every alias.
    pub aliases: AliasesConfig,
    /// How long a step of a request may take.
    pub timeouts: TimeoutsConfig,
    /// How often a request may be sent again.
    pub retry: RetryConfig,
    /// Reads answered by `stable` when the chosen variant cannot.
    pub fallback: FallbackConfig,
    /// What Pointsman holds at most.
    pub limits: LimitsConfig,
    /// How closely answers are looked at.
    pub answers: AnswersConfig,
    /// What comparing with shadows may cost.
    pub shadow: ShadowConfig,
    /// Weighted variants by alias; default none: every alias is transparent.
    pub routes: BTreeMap<String, RouteSpec>,
    /// Whom guards with a PromQL query ask.
    pub prometheus: PrometheusConfig,
    /// When no rollout is promoted; default never.
    pub freeze: Vec<FreezeConfig>,
    /// What is counted, and for whom.
    pub metrics: MetricsConfig,
    /// What is written to standard error.
    pub log: LogConfig,
    /// How the process ends.
    pub shutdown: ShutdownConfig,
    /// The operators' own port.
    pub admin: AdminConfig,
    /// Where routes made through the admin API survive a restart.
    pub store: StoreConfig,
    /// Receivers of events; default none.
    pub webhooks: Vec<WebhookConfig>,
    /// When a collection that is to be retired may be deleted.
    pub retirement: RetirementConfig,
    /// Who makes vectors of the texts of validation queries.
    pub embedder: EmbedderConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: ListenConfig::default(),
            workers: 0,
            upstreams: BTreeMap::from([(DEFAULT_UPSTREAM.to_owned(), UpstreamConfig::local())]),
            identity: IdentityConfig::default(),
            aliases: AliasesConfig::default(),
            timeouts: TimeoutsConfig::default(),
            retry: RetryConfig::default(),
            fallback: FallbackConfig::default(),
            limits: LimitsConfig::default(),
            answers: AnswersConfig::default(),
            shadow: ShadowConfig::default(),
            routes: BTreeMap::new(),
            prometheus: PrometheusConfig::default(),
            freeze: Vec::new(),
            metrics: MetricsConfig::default(),
            log: LogConfig::default(),
            shutdown: ShutdownConfig::default(),
            admin: AdminConfig::default(),
            store: StoreConfig::default(),
            webhooks: Vec::new(),
            retirement: RetirementConfig::default(),
            embedder: EmbedderConfig::default(),
        }
    }
}

impl Config {
    /// Which reads a route, canary or experiment deals that does not say.
    #[must_use]
    pub fn split_policy(&self) -> SplitPolicy {
        SplitPolicy::default().with(self.identity.anonymous, self.aliases.split)
    }

    /// The same for those stored by the version before, when every read was split, also of requests without a unit: they
    /// keep their population.
    #[must_use]
    pub fn split_policy_before(&self) -> SplitPolicy {
        SplitPolicy { anonymous: self.identity.anonymous.unwrap_or(Anonymous::Random), reads: SplitReads::All }
    }

    /// How many data workers to start.
    #[must_use]
    pub fn worker_count(&self) -> usize {
        match self.workers {
            // Counts what the cgroup's quota and the affinity mask allow, not what the machine has.
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        }
    }
}
