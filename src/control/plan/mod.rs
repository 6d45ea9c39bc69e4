//! What a configuration means to the control plane. Replaced as a whole by a reload.

mod fault;
mod prometheus;
mod reach;
mod settings;
mod upstreams;
mod webhook;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::config::{AdminConfig, Config, EmbedderConfig, FreezeConfig, Period};
use crate::live::{DEFAULT_UPSTREAM, Settings};
use crate::qdrant::{Access, Client, Embedder, EmbedderSettings, Failure};
use crate::rollout::Timestamp;
use crate::routing::{RouteSpec, SplitPolicy};
use crate::store::StoreUrl;
use crate::upstream::Upstream;

pub use fault::PlanFault;
pub(in crate::control) use prometheus::{NoValue, Prometheus};
pub(in crate::control) use webhook::Webhook;

use upstreams::{Definition, define};

/// A listing answers in milliseconds; one that takes this long will not come.
const LISTING_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub struct Plan {
    pub settings: Settings,
    /// The default one first.
    pub upstreams: Vec<Arc<Upstream>>,
    /// What the upstreams were made from, to know them again.
    definitions: Vec<Definition>,
    /// Of what the control plane asks of upstreams.
    connect_timeout: Duration,
    pub refresh: Duration,
    /// Which reads a route, canary or experiment deals that does not say.
    pub(in crate::control) policy: SplitPolicy,
    /// The same for canaries and experiments that the version before stored.
    pub(in crate::control) policy_before: SplitPolicy,
    /// Checked already.
    pub routes: BTreeMap<String, RouteSpec>,
    pub store: StoreUrl,
    /// How long a collection must have been out of use before it is deleted.
    pub quiet: Period,
    /// Whether what users ask may be recorded.
    pub captures: bool,
    /// The embedder that makes vectors of texts, if there is one.
    pub embedder: Option<Embedder>,
    /// Whom guards ask, if there is one.
    pub(in crate::control) prometheus: Option<Prometheus>,
    freeze: Vec<FreezeConfig>,
    /// What requests to the admin API must carry, and whence they may come.
    pub admin: AdminConfig,
    /// Who is told of events.
    pub(in crate::control) webhooks: Arc<[Webhook]>,
}

impl Plan {
    /// Resolves a configuration that has passed its checks. Upstreams that are defined as in `previous` stay the same
    /// ones, so that their connections survive. Reads certificate files.
    ///
    /// # Errors
    /// Every certificate or key that cannot be used.
    pub fn of(config: &Config, previous: Option<&Self>) -> Result<Self, Vec<PlanFault>> {
        let mut faults = Vec::new();
        let definitions = gathered(define(&config.upstreams, previous.map_or(&[], |plan| &plan.definitions)), &mut faults);
        let embedder = gathered(embedder(&config.embedder), &mut faults);
        let prometheus = gathered(prometheus(config), &mut faults);
        let webhooks = gathered(Webhook::all(&config.webhooks, |name| std::env::var(name).ok()), &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let upstreams: Vec<Arc<Upstream>> = definitions.iter().map(|definition| Arc::clone(&definition.upstream)).collect();
        Ok(Self {
            settings: settings::of(config),
            upstreams,
            definitions,
            connect_timeout: config.timeouts.connect.get(),
            refresh: config.aliases.refresh.get(),
            policy: config.split_policy(),
            policy_before: config.split_policy_before(),
            routes: config.routes.clone(),
            store: config.store.url.location().clone(),
            quiet: config.retirement.quiet,
            captures: config.shadow.capture,
            embedder,
            prometheus,
            freeze: config.freeze.clone(),
            admin: config.admin.clone(),
            webhooks: webhooks.into(),
        })
    }

    /// Why no rollout may be promoted at this moment.
    #[must_use]
    pub fn frozen(&self, now: Timestamp) -> Option<String> {
        let freeze = self.freeze.iter().find(|freeze| freeze.window.contains(now))?;
        Some(format!("the freeze window `{}`, {}", freeze.name, freeze.window))
    }

    #[must_use]
    pub fn upstream_names(&self) -> HashSet<&str> {
        self.upstreams.iter().map(|upstream| upstream.name.as_ref()).collect()
    }

    /// How the control plane talks to an upstream.
    ///
    /// # Errors
    /// When no HTTP client can be made of its TLS settings.
    pub fn client(&self, upstream: usize) -> Result<Client, Failure> {
        let definition = &self.definitions[upstream];
        Ok(Client::new(Access {
            name: definition.upstream.name.to_string(),
            rest: definition.upstream.rest.clone(),
            grpc: definition.upstream.grpc.clone(),
            api_key: definition.api_key.clone(),
            connect_timeout: self.connect_timeout,
            timeout: LISTING_TIMEOUT,
            rest_until: definition.rest_until.clone(),
        }))
    }

    pub(in crate::control) fn webhook(&self, name: &str) -> Option<&Webhook> {
        self.webhooks.iter().find(|webhook| webhook.name == name)
    }

    /// The index of an upstream by name; the default one when none is named.
    #[must_use]
    pub fn upstream(&self, name: Option<&str>) -> Option<usize> {
        match name {
            None => Some(DEFAULT_UPSTREAM),
            Some(name) => self.upstreams.iter().position(|upstream| *upstream.name == *name),
        }
    }
}

/// What was made, or nothing and its faults: the other parts are still looked at, so that all faults are reported at once.
fn gathered<T: Default>(made: Result<T, Vec<PlanFault>>, faults: &mut Vec<PlanFault>) -> T {
    made.unwrap_or_else(|found| {
        faults.extend(found);
        T::default()
    })
}

fn embedder(config: &EmbedderConfig) -> Result<Option<Embedder>, Vec<PlanFault>> {
    let Some(url) = &config.url else { return Ok(None) };
    let key = config.key.as_ref().map(|key| key.expose().to_owned());
    let (address, shown) = (url.expose().to_owned(), url.to_string());
    let settings = EmbedderSettings { url: address, shown, model: config.model.clone(), key, timeout: config.timeout.get() };
    let fault = |reason: String| vec![PlanFault { key: "embedder".to_owned(), reason }];
    Embedder::new(&settings).map(Some).map_err(|failed| fault(failed.reason))
}

fn prometheus(config: &Config) -> Result<Option<Prometheus>, Vec<PlanFault>> {
    Prometheus::of(&config.prometheus).map_err(|error| vec![PlanFault { key: "prometheus".to_owned(), reason: error.to_string() }])
}
