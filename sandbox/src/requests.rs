//! What arrived: the last requests on both ports, for tests to assert on.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// How many requests are remembered.
const CAPACITY: usize = 65_536;

/// Headers worth remembering: who, for whom, under which name. Keys are not among them.
const HEADERS: &[&str] = &[
    "user-agent",
    "x-user-id",
    "x-qdrant-route-affinity",
    "x-request-id",
    "x-tracing-id",
    "traceparent",
    "forwarded",
    "x-forwarded-for",
    "via",
    "host",
    "te",
    "connection",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "accept-encoding",
    "grpc-encoding",
    "grpc-accept-encoding",
    "grpc-timeout",
];

/// The way a request came.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// REST.
    Rest,
    /// gRPC.
    Grpc,
}

/// One request.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct LoggedRequest {
    /// Its number; grows by one.
    pub seq: u64,
    /// The way it came.
    pub protocol: Protocol,
    /// REST: method and path pattern; gRPC: the method's path.
    pub operation: String,
    /// The path as it was sent.
    pub path: String,
    /// The collection or alias it named.
    pub collection: Option<String>,
    /// The collection that was.
    pub resolved: Option<String>,
    /// Headers that are worth it; those starting with `x-pointsman` too. Twice the same are joined by a comma.
    pub headers: BTreeMap<String, String>,
    /// The REST status, or the gRPC code; none while it runs, or when the connection was cut.
    pub status: Option<u16>,
}

/// What to look for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Only after this number.
    pub since: Option<u64>,
    /// Only this way.
    pub protocol: Option<Protocol>,
    /// Only operations that contain this.
    pub operation: Option<String>,
    /// Only with this name, requested or resolved.
    pub collection: Option<String>,
    /// At most so many, the newest.
    pub limit: Option<usize>,
}

impl Filter {
    fn matches(&self, request: &LoggedRequest) -> bool {
        let collection = self.collection.as_deref();
        self.since.is_none_or(|since| request.seq > since)
            && self.protocol.is_none_or(|protocol| request.protocol == protocol)
            && self.operation.as_deref().is_none_or(|part| request.operation.contains(part))
            && (collection.is_none() || request.collection.as_deref() == collection || request.resolved.as_deref() == collection)
    }
}

/// The last requests.
pub struct RequestLog {
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
}

struct Inner {
    next: u64,
    entries: VecDeque<LoggedRequest>,
}

impl Default for RequestLog {
    fn default() -> Self {
        Self { inner: Mutex::new(Inner { next: 1, entries: VecDeque::new() }), changed: watch::Sender::new(0) }
    }
}

impl RequestLog {
    /// Remembers a request that begins, and returns its number for `finish`.
    pub fn begin(
        &self,
        protocol: Protocol,
        operation: &str,
        path: &str,
        names: (Option<String>, Option<String>),
        headers: &http::HeaderMap,
    ) -> u64 {
        let (collection, resolved) = names;
        let headers = selected(headers);
        let mut inner = self.inner.lock();
        let seq = inner.next;
        inner.next += 1;
        if inner.entries.len() == CAPACITY {
            inner.entries.pop_front();
        }
        inner.entries.push_back(LoggedRequest {
            seq,
            protocol,
            operation: operation.to_owned(),
            path: path.to_owned(),
            collection,
            resolved,
            headers,
            status: None,
        });
        drop(inner);
        self.changed.send_replace(seq);
        seq
    }

    /// Adds the outcome of a request.
    pub fn finish(&self, seq: u64, status: u16) {
        let mut inner = self.inner.lock();
        let first = inner.entries.front().map_or(0, |entry| entry.seq);
        let place = seq.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        if let Some(entry) = place.and_then(|place| inner.entries.get_mut(place)) {
            entry.status = Some(status);
        }
    }

    /// Requests that match, oldest first.
    pub fn list(&self, filter: &Filter) -> Vec<LoggedRequest> {
        let inner = self.inner.lock();
        let mut found: Vec<LoggedRequest> =
            inner.entries.iter().rev().filter(|entry| filter.matches(entry)).take(filter.limit.unwrap_or(usize::MAX)).cloned().collect();
        found.reverse();
        found
    }

    /// How many match.
    pub fn count(&self, filter: &Filter) -> usize {
        let inner = self.inner.lock();
        let matching = inner.entries.iter().filter(|entry| filter.matches(entry));
        matching.count()
    }

    /// Forgets everything; numbers go on.
    pub fn clear(&self) {
        self.inner.lock().entries.clear();
    }

    /// Waits until a request matches and returns the first that does.
    pub async fn wait_for(&self, filter: &Filter) -> LoggedRequest {
        let mut changes = self.changed.subscribe();
        loop {
            changes.mark_unchanged();
            if let Some(found) = self.list(filter).into_iter().next() {
                return found;
            }
            if changes.changed().await.is_err() {
                // The sender lives as long as the log, so this cannot be reached while `self` is borrowed.
                std::future::pending::<()>().await;
            }
        }
    }
}

fn selected(headers: &http::HeaderMap) -> BTreeMap<String, String> {
    let mut chosen: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let name = name.as_str();
        if !HEADERS.contains(&name) && !name.starts_with("x-pointsman") {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        chosen
            .entry(name.to_owned())
            .and_modify(|known| {
                known.push_str(", ");
                known.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    chosen
}
