//! Which admin port to ask: the one that is named, or that of the configuration, found as `serve` finds it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::cli::{ServeArgs, listed};
use crate::config::{Config, Purpose, Secret};

#[derive(Debug, Args)]
#[command(next_help_heading = "Which Pointsman")]
pub(in crate::cli) struct AdminArgs {
    /// The admin port to ask [default: listen.admin of the configuration]
    #[arg(long, global = true, value_name = "URL", env = "POINTSMAN_ADMIN_URL", value_parser = url)]
    admin: Option<String>,
    /// The configuration to find it in [default: config/pointsman.yaml if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "POINTSMAN_CONFIG")]
    config: Option<PathBuf>,
}

/// Where to ask, and the token that belongs to it as far as it is known here.
#[derive(Debug)]
pub(in crate::cli) struct Address {
    pub(in crate::cli) url: String,
    pub(super) token: Option<Secret>,
}

impl AdminArgs {
    /// For a caller that has no command line to parse. An address that cannot be read is none.
    pub(super) fn named(admin: Option<String>, config: Option<PathBuf>) -> Self {
        Self { admin: admin.and_then(|admin| url(&admin).ok()), config }
    }

    /// The token of the configuration goes only where the configuration says, never to a port that was named.
    pub(in crate::cli) fn address(&self) -> Result<Address, Failure> {
        if let Some(url) = &self.admin {
            return Ok(Address { url: url.clone(), token: None });
        }
        let source = ServeArgs { config: self.config.clone(), ..ServeArgs::default() }.source();
        let loaded = Config::load_for(Purpose::Find, &source)
            .map_err(|faults| Failure::Usage(format!("{}; name the admin port with --admin instead", listed(&faults))))?;
        Ok(Address { url: format!("http://{}", reachable(loaded.config.listen.admin)), token: loaded.config.admin.token })
    }
}

/// A server that listens on all addresses is asked over the loopback.
pub(in crate::cli) fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(address) if address.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        SocketAddr::V6(address) if address.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        address => address,
    }
}

/// `http://host:port`, or `host:port` for short.
fn url(text: &str) -> Result<String, String> {
    let spelt = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let parsed = reqwest::Url::parse(&spelt).map_err(|error| error.to_string())?;
    match parsed.scheme() {
        "http" | "https" => Ok(spelt.trim_end_matches('/').to_owned()),
        other => Err(format!("the admin port speaks http or https, not {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_asked_over_the_loopback() {
        let asked = |text: &str| reachable(text.parse().expect("an address")).to_string();
        assert_eq!(asked("0.0.0.0:7335"), "127.0.0.1:7335");
        assert_eq!(asked("[::]:7335"), "[::1]:7335");
        assert_eq!(asked("10.0.0.7:7335"), "10.0.0.7:7335");
    }

    #[test]
    fn an_address_is_short_for_its_url() {
        assert_eq!(url("localhost:7335").as_deref(), Ok("http://localhost:7335"));
        assert_eq!(url("https://pointsman.example/admin/").as_deref(), Ok("https://pointsman.example/admin"));
        assert!(url("ftp://localhost").is_err() && url("").is_err());
    }

    #[test]
    fn the_configured_token_goes_only_where_the_configuration_says() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("pointsman.yaml");
        std::fs::write(&file, "listen: {admin: '0.0.0.0:4711'}\nadmin: {token: 'sesame'}\n").expect("written");
        let found = AdminArgs { admin: None, config: Some(file.clone()) }.address().expect("a legal configuration");
        assert_eq!((found.url.as_str(), found.token.as_ref().map(Secret::expose)), ("http://127.0.0.1:4711", Some("sesame")));
        let named = AdminArgs { admin: Some("http://elsewhere:1".to_owned()), config: Some(file) }.address().expect("named");
        assert!(named.url == "http://elsewhere:1" && named.token.is_none());
    }

    #[test]
    fn a_faulty_configuration_is_no_reason_to_guess() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("pointsman.yaml");
        std::fs::write(&file, "listn: {}\n").expect("written");
        let refused = AdminArgs { admin: None, config: Some(file) }.address().expect_err("an unknown key");
        assert!(matches!(&refused, Failure::Usage(words) if words.contains("listn") && words.contains("--admin")), "{refused}");
    }
}
