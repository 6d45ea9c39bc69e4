//! Upstreams ready to be connected to, made from their definitions and recognised again after a reload.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderValue;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::plan_fault::PlanFault;
use crate::config::{Credentials, DEFAULT_UPSTREAM, UpstreamConfig, UpstreamUrl};
use crate::live::{self, Endpoint, Upstream};

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
            Some(path) => Some(std::fs::read(path).map_err(|error| fault("ca_file", format!("{}: {error}", path.display())))?),
            None => None,
        };
        if let Some(previous) = previous.filter(|previous| previous.config == *config && previous.authority == authority) {
            return Ok(previous.clone());
        }
        let api_key = match &config.api_key {
            Some(key) => Some(header(key.expose()).ok_or_else(|| fault("api_key", "cannot be sent in a header".to_owned()))?),
            None => None,
        };
        let tls = Arc::new(tls_config(config, authority.as_deref()).map_err(|reason| fault("ca_file", reason))?);
        let endpoint = |key: &str, url: &UpstreamUrl, port| {
            Endpoint::parse(&url.to_string(), port, &tls).map_err(|error| fault(key, error.to_string()))
        };
        let upstream = Arc::new(Upstream {
            id: Upstream::next_id(),
            name: name.into(),
            rest: endpoint("rest_url", &config.rest_url, REST_PORT)?,
            grpc: endpoint("grpc_url", &config.grpc_url, GRPC_PORT)?,
            credentials: match (&config.credentials, &api_key) {
                (Credentials::Replace, Some(key)) => live::Credentials::Replace(key.clone()),
                _ => live::Credentials::Pass,
            },
            grpc_connections: config.grpc_connections,
        });
        Ok(Self { config: config.clone(), authority, api_key, upstream })
    }
}

fn header(key: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(key).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Trusts the given authority alone, or those of the system. Reads the latter only where TLS is spoken at all.
fn tls_config(config: &UpstreamConfig, authority: Option<&[u8]>) -> Result<ClientConfig, String> {
    let secure = config.rest_url.is_https() || config.grpc_url.is_https();
    let roots = match authority {
        Some(pem) => given_roots(pem)?,
        None if secure => system_roots()?,
        None => RootCertStore::empty(),
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn given_roots(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| format!("is not a PEM file of certificates: {error}"))?;
        roots.add(certificate).map_err(|error| format!("holds a certificate that cannot be trusted: {error}"))?;
    }
    if roots.is_empty() { Err("holds no certificate".to_owned()) } else { Ok(roots) }
}

fn system_roots() -> Result<RootCertStore, String> {
    let loaded = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Systems carry certificates that rustls refuses; one usable authority is enough to go on.
    roots.add_parsable_certificates(loaded.certs);
    if roots.is_empty() {
        let errors: Vec<String> = loaded.errors.iter().map(ToString::to_string).collect();
        return Err(format!("is not set, and the system has no usable certificate authorities {}", errors.join("; ")));
    }
    Ok(roots)
}
