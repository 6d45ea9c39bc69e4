//! Upstreams ready to be connected to, made from their definitions and recognised again after a reload.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderValue;

use super::PlanFault;
use crate::config::{Credentials, DEFAULT_UPSTREAM, UpstreamConfig, UpstreamUrl};
use crate::qdrant::RestUntil;
use crate::upstream::{self, Endpoint, Speaks, Trust, Upstream};

const REST_PORT: u16 = 6333;
const GRPC_PORT: u16 = 6334;

/// An upstream with what it was made from.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    config: UpstreamConfig,
    /// The content of `ca_file`: another content is another upstream.
    authority: Option<Vec<u8>>,
    pub(super) api_key: Option<HeaderValue>,
    pub(super) upstream: Arc<Upstream>,
    pub(super) rest_until: RestUntil,
}

/// All upstreams, the default one first and the others by name.
pub(super) fn define(configs: &BTreeMap<String, UpstreamConfig>, previous: &[Definition]) -> Result<Vec<Definition>, Vec<PlanFault>> {
    let mut names: Vec<&String> = configs.keys().collect();
    names.sort_by_key(|name| *name != DEFAULT_UPSTREAM);
    let (mut definitions, mut faults) = (Vec::with_capacity(names.len()), Vec::new());
    for name in names {
        let known = previous.iter().find(|definition| *definition.upstream.name == **name);
        match Definition::of(name, &configs[name], known) {
            Ok(definition) => definitions.push(definition),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(definitions) } else { Err(faults) }
}

impl Definition {
    fn of(name: &str, config: &UpstreamConfig, previous: Option<&Self>) -> Result<Self, PlanFault> {
        let fault = |key: &str, reason: String| PlanFault { key: format!("upstreams.{name}.{key}"), reason };
        let authority = match &config.ca_file {
            Some(path) => Some(
                std::fs::read(path)
                    .map_err(|error| fault("ca_file", format!("{} cannot be read: {error}; name a readable PEM file", path.display())))?,
            ),
            None => None,
        };
        if let Some(previous) = previous.filter(|previous| previous.config == *config && previous.authority == authority) {
            return Ok(previous.clone());
        }
        let api_key = match &config.api_key {
            Some(key) => Some(header(key.expose()).ok_or_else(|| fault("api_key", "cannot be sent in a header".to_owned()))?),
            None => None,
        };
        let tls = trust(config, authority.as_deref()).config().map_err(|error| fault("ca_file", error.to_string()))?;
        let endpoint = |key: &str, url: &UpstreamUrl, port, speaks| {
            Endpoint::parse(&url.to_string(), usual_port(url, port), &tls, speaks).map_err(|error| fault(key, error.to_string()))
        };
        let upstream = Arc::new(Upstream {
            id: Upstream::next_id(),
            name: name.into(),
            rest: endpoint("rest_url", &config.rest_url, REST_PORT, Speaks::Http1)?,
            grpc: endpoint("grpc_url", &config.grpc_url, GRPC_PORT, Speaks::Http2)?,
            credentials: match (&config.credentials, &api_key) {
                (Credentials::Replace, Some(key)) => upstream::Credentials::Replace(key.clone()),
                _ => upstream::Credentials::Pass,
            },
            grpc_connections: config.grpc_connections,
        });
        Ok(Self { config: config.clone(), authority, api_key, upstream, rest_until: RestUntil::default() })
    }
}

/// Where a URL names no port. One with a path leads to a gateway, which listens where web servers do.
fn usual_port(url: &UpstreamUrl, qdrant: u16) -> u16 {
    match (url.has_path(), url.is_https()) {
        (false, _) => qdrant,
        (true, true) => 443,
        (true, false) => 80,
    }
}

fn header(key: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(key).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The given authorities alone, or those of the system. The latter are read only where TLS is spoken at all.
fn trust<'p>(config: &UpstreamConfig, authority: Option<&'p [u8]>) -> Trust<'p> {
    match authority {
        Some(pem) => Trust::Given(pem),
        None if config.rest_url.is_https() || config.grpc_url.is_https() => Trust::System,
        None => Trust::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_with_a_path_leads_to_where_gateways_listen() {
        let url = |text: &str| text.parse::<UpstreamUrl>().expect("a legal URL");
        let local = crate::config::Config::default().upstreams.remove(DEFAULT_UPSTREAM).expect("it is there by default");
        let gateway = UpstreamConfig { rest_url: url("http://g/qdrant/"), grpc_url: url("http://g:8443/a/b"), ..local.clone() };
        let plain = UpstreamConfig { rest_url: url("http://q"), grpc_url: url("http://q"), ..local };
        let configs = BTreeMap::from([(DEFAULT_UPSTREAM.to_owned(), gateway), ("eu".to_owned(), plain)]);
        let defined = define(&configs, &[]).expect("no file is read");
        let endpoints = defined.iter().flat_map(|definition| [&definition.upstream.rest, &definition.upstream.grpc]);
        let shown: Vec<String> = endpoints.map(ToString::to_string).collect();
        assert_eq!(shown, ["g:80/qdrant", "g:8443/a/b", "q:6333", "q:6334"]);
    }
}
