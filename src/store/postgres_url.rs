//! A `postgres://` URL, which may name several servers of one database. `sqlx` knows URLs with one, so each gets its own.

use std::fmt;
use std::str::FromStr;

use sqlx::any::AnyConnectOptions;

use super::url::StoreUrlFault;

const PORT: u16 = 5432;

/// What libpq's URLs may say, `?options=-csearch_path=…` and several hosts included.
#[derive(Clone)]
pub struct PostgresUrl {
    /// In the order of the URL; one at least.
    servers: Vec<Server>,
    wanted: Wanted,
    shown: String,
}

/// One server of the database.
#[derive(Clone)]
pub(super) struct Server {
    name: String,
    options: AnyConnectOptions,
}

/// What a server must be to be used: `target_session_attrs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Any,
    /// It takes writes.
    ReadWrite,
    /// It is no standby.
    Primary,
}

impl PostgresUrl {
    pub(super) fn servers(&self) -> &[Server] {
        &self.servers
    }

    pub(super) fn wanted(&self) -> Wanted {
        self.wanted
    }
}

impl Server {
    /// Host and port, or the folder of its socket.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn options(&self) -> &AnyConnectOptions {
        &self.options
    }
}

impl FromStr for PostgresUrl {
    type Err = StoreUrlFault;

    fn from_str(text: &str) -> Result<Self, StoreUrlFault> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("postgres", text));
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, hosts) = authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
        let at = if user.is_empty() { "" } else { "@" };
        let mut urls = Vec::new();
        for host in hosts.split(',') {
            if host.is_empty() && hosts.contains(',') {
                return Err(StoreUrlFault::Url("there is nothing between two commas, where a host should be".to_owned()));
            }
            urls.extend(each_host(options(&format!("{scheme}://{user}{at}{host}{path}"))?)?);
        }
        let mut wanted = if urls.len() > 1 { Wanted::ReadWrite } else { Wanted::Any };
        for options in &mut urls {
            if let Some(said) = take(options, "target_session_attrs").pop() {
                wanted = said.parse()?;
            }
        }
        let servers: Vec<Server> = urls.into_iter().map(|options| Server { name: name(&options), options }).collect();
        let shown = shown(&servers);
        Ok(Self { servers, wanted, shown })
    }
}

impl FromStr for Wanted {
    type Err = StoreUrlFault;

    fn from_str(text: &str) -> Result<Self, StoreUrlFault> {
        match text {
            "any" => Ok(Self::Any),
            "read-write" => Ok(Self::ReadWrite),
            "primary" => Ok(Self::Primary),
            other => Err(StoreUrlFault::Session(other.to_owned())),
        }
    }
}

fn options(url: &str) -> Result<AnyConnectOptions, StoreUrlFault> {
    url.parse().map_err(|error: sqlx::Error| StoreUrlFault::Url(error.to_string()))
}

/// One for each host that the query lists, as in `?host=a,b&port=5432,5433`; unchanged where it lists none.
fn each_host(mut options: AnyConnectOptions) -> Result<Vec<AnyConnectOptions>, StoreUrlFault> {
    let listed =
        |options: &AnyConnectOptions, key: &str| options.database_url.query_pairs().any(|(name, value)| name == key && value.contains(','));
    if !listed(&options, "host") {
        return Ok(vec![options]);
    }
    let split = |values: Vec<String>| values.last().map_or_else(Vec::new, |last| last.split(',').map(ToOwned::to_owned).collect());
    let (hosts, ports): (Vec<String>, Vec<String>) = (split(take(&mut options, "host")), split(take(&mut options, "port")));
    if ports.len() > 1 && ports.len() != hosts.len() {
        return Err(StoreUrlFault::Url(format!(
            "it lists {} hosts and {} ports: write one port, or one for each",
            hosts.len(),
            ports.len()
        )));
    }
    let one = |(at, host): (usize, &String)| {
        let mut options = options.clone();
        let port = ports.get(at).or(ports.first());
        options.database_url.query_pairs_mut().append_pair("host", host).extend_pairs(port.map(|port| ("port", port)));
        options
    };
    Ok(hosts.iter().enumerate().map(one).collect())
}

/// Takes a key out of the query; returns its values.
fn take(options: &mut AnyConnectOptions, key: &str) -> Vec<String> {
    let url = &mut options.database_url;
    let (taken, rest): (Vec<_>, Vec<_>) = url.query_pairs().into_owned().partition(|(name, _)| name == key);
    if !taken.is_empty() {
        url.set_query(None);
        if !rest.is_empty() {
            url.query_pairs_mut().extend_pairs(rest);
        }
    }
    taken.into_iter().map(|(_, value)| value).collect()
}

/// Where it leads, for errors. What the query says wins, as it does when a connection is opened.
fn name(options: &AnyConnectOptions) -> String {
    let url = &options.database_url;
    let said = |key: &str| url.query_pairs().filter(|(name, _)| name == key).last().map(|(_, value)| value.into_owned());
    let host = said("host").or_else(|| url.host_str().map(|host| host.replace("%2F", "/").replace("%2f", "/")));
    let port = said("port").or_else(|| url.port().map(|port| port.to_string())).unwrap_or_else(|| PORT.to_string());
    match host {
        Some(socket) if socket.starts_with('/') => socket,
        host => format!("{}:{port}", host.filter(|host| !host.is_empty()).unwrap_or_else(|| "localhost".to_owned())),
    }
}

/// Where it leads, and as whom: a query may hold a password too, so it is left out.
fn shown(servers: &[Server]) -> String {
    let Some(first) = servers.first() else { return String::new() };
    let url = &first.options.database_url;
    let user = if url.username().is_empty() { String::new() } else { format!("{}@", url.username()) };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let hosts = match servers {
        [_] => format!("{}{port}", url.host_str().unwrap_or_default()),
        several => several.iter().map(Server::name).collect::<Vec<_>>().join(","),
    };
    format!("postgres://{user}{hosts}{}", url.path())
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
