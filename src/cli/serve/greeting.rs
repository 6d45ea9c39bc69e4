//! What `serve` tells people who start it in a terminal: where it listens, what it stands before, and what to do next.
//! Collectors of logs get none of it.

use std::fmt;
use std::io::{Write, stderr};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::cli::remote::reachable;
use crate::config::{Config, DEFAULT_UPSTREAM, ListenConfig};
use crate::control::Control;

/// How often the first listing is looked for. Only a terminal waits for it.
const POLL: Duration = Duration::from_millis(100);

pub(super) struct Greeting<'c> {
    pub(super) rest: SocketAddr,
    pub(super) grpc: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) config: &'c Config,
    pub(super) file: Option<&'c Path>,
}

impl fmt::Display for Greeting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.config.listen.tls.is_some() { "https" } else { "http" };
        writeln!(f, "\nPointsman {} serves.", env!("CARGO_PKG_VERSION"))?;
        writeln!(f, "  REST           {scheme}://{}", self.rest)?;
        writeln!(f, "  gRPC           {scheme}://{}", self.grpc)?;
        writeln!(f, "  admin          http://{}", self.admin)?;
        for (name, upstream) in &self.config.upstreams {
            writeln!(f, "  upstream       {name}: {} (REST), {} (gRPC)", upstream.rest_url, upstream.grpc_url)?;
        }
        writeln!(f, "  store          {}", self.config.store.url)?;
        match self.file {
            Some(file) => writeln!(f, "  configuration  {}", file.display())?,
            None => writeln!(f, "  configuration  no file: defaults, the environment and flags")?,
        }
        let admin = if self.admin == ListenConfig::default().admin { String::new() } else { format!(" --admin {}", reachable(self.admin)) };
        writeln!(f, "In another terminal:")?;
        writeln!(f, "  pointsman status{admin}")?;
        writeln!(f, "  pointsman alias list{admin}")?;
        writeln!(f, "Ctrl-C ends it.")
    }
}

impl Greeting<'_> {
    pub(super) fn show(&self) {
        tell(&self.to_string());
    }
}

/// Tells the number of aliases once they have been listed.
pub(super) async fn listed(control: Control) {
    while control.listing().age_seconds.is_none() {
        tokio::time::sleep(POLL).await;
    }
    let listing = control.listing();
    let (aliases, collections) = (counted(listing.aliases, "alias", "aliases"), counted(listing.collections, "collection", "collections"));
    tell(&format!("Qdrant (`{DEFAULT_UPSTREAM}`) has {aliases} and {collections}.\n"));
}

fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// A terminal that has gone away ends the process in another place.
fn tell(text: &str) {
    let _ = stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(admin: &str, config: &Config) -> String {
        let at = |text: &str| text.parse().expect("an address");
        Greeting { rest: at("0.0.0.0:7333"), grpc: at("0.0.0.0:7334"), admin: at(admin), config, file: Some(Path::new("p.yaml")) }
            .to_string()
    }

    #[test]
    fn the_commands_it_names_reach_this_process() {
        let config = Config::default();
        let usual = shown("127.0.0.1:7335", &config);
        assert!(usual.contains("  pointsman status\n") && usual.contains("  configuration  p.yaml\n"), "{usual}");
        let moved = shown("0.0.0.0:9", &config);
        assert!(moved.contains("  pointsman status --admin 127.0.0.1:9\n"), "{moved}");
    }

    #[test]
    fn no_password_is_shown() {
        let store = "store: {url: 'postgres://ann:hush@db/p'}";
        let config: Config = serde_saphyr::from_str(store).expect("a configuration");
        let shown = shown("127.0.0.1:7335", &config);
        assert!(shown.contains("postgres://ann@db/p") && !shown.contains("hush"), "{shown}");
    }
}
