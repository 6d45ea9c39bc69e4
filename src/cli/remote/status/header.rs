//! The head of the page: this replica, Qdrant, the store and the configuration.

use std::time::Duration;

use serde_json::Value;

use super::super::fields::{count, list, spelt, words};
use super::super::kill_switch;
use super::super::moment::length;
use super::super::table::Style;
use super::layout::wrapped;

/// How far values are from the margin.
const NAMES: usize = 15;

pub(super) fn header(status: &Value, switch: &Value, style: Style) -> String {
    let up = status["uptime_seconds"].as_f64().map_or_else(String::new, |seconds| format!(", up {}", lasting(seconds)));
    let mut lines = vec![format!("pointsman {}, {}{up}", words(&status["version"]), ready(status))];
    let mut fact = |name: &str, text: &str| lines.push(wrapped(&format!("{name:<NAMES$}"), text, NAMES));
    fact("replica", &words(&status["replica"]));
    for upstream in list(status, "upstreams") {
        let [name, rest, grpc, in_flight] = ["name", "rest", "grpc", "in_flight"].map(|field| words(&upstream[field]));
        fact("upstream", &format!("{name}: REST {rest}, gRPC {grpc}, {in_flight} in flight"));
    }
    fact("aliases", &listing(&status["listing"]));
    fact("kill switch", &kill_switch::in_short(switch, style).shown());
    fact("store", &store(&status["store"]));
    fact("configuration", &configuration(&status["config"]));
    if let Some(freeze) = status["frozen"].as_str() {
        fact("frozen", &format!("no rollout is promoted: {freeze}"));
    }
    lines.join("\n")
}

fn ready(status: &Value) -> String {
    if status["ready"] == true {
        return "ready".to_owned();
    }
    let reasons: Vec<String> = list(status, "not_ready").map(spelt).collect();
    format!("not ready: {}", reasons.join(", "))
}

fn listing(listing: &Value) -> String {
    let number = |field: &str| listing[field].as_u64().unwrap_or_default();
    let held = [count(number("aliases"), "alias", "aliases"), count(number("collections"), "collection", "collections")].join(", ");
    let listed =
        if listing["age_seconds"].is_null() { "never listed".to_owned() } else { format!("listed {}", before(&listing["age_seconds"])) };
    match listing["last_error"].as_str() {
        None => format!("{held}, {listed}"),
        Some(error) => format!("{held}, {listed}; now Qdrant cannot be listed: {error}"),
    }
}

/// Its revision is not told: people would take it for one that `--if-match` wants.
fn store(store: &Value) -> String {
    if let Some(reason) = store["lost"].as_str() {
        return format!("not answering: {reason}; the last routing table keeps serving");
    }
    let leader = &store["controller"];
    match leader["replica"].as_str() {
        Some(_) if leader["here"] == true => "answers; this replica is the leader".to_owned(),
        Some(replica) => format!("answers; the leader is {replica}"),
        None => "answers; no replica is the leader".to_owned(),
    }
}

fn configuration(config: &Value) -> String {
    let reasons = |field: &str| list(config, field).map(words).collect::<Vec<_>>().join("; ");
    match (reasons("rejected"), reasons("restart_needed")) {
        (rejected, _) if !rejected.is_empty() => format!("not in force, rejected: {rejected}"),
        (_, waiting) if !waiting.is_empty() => format!("in force; these keys wait for a restart: {waiting}"),
        _ => "in force".to_owned(),
    }
}

/// How long ago something was.
pub(super) fn before(seconds: &Value) -> String {
    match seconds.as_f64() {
        None => "-".to_owned(),
        Some(seconds) if seconds < 1.0 => "now".to_owned(),
        Some(seconds) => format!("{} ago", lasting(seconds)),
    }
}

/// In the largest unit that fits.
pub(super) fn lasting(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds.floor()).unwrap_or_default();
    length(whole.as_secs().saturating_mul(1000).max(1000))
}
