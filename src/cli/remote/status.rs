//! `pointsman status`: a page a person reads, of what `/v1/status` says and what is going on besides.

use clap::Args;
use serde_json::Value;

use super::fields::{count, list, milliseconds, percentage, spelt, words};
use super::moment::length;
use super::session::{RemoteArgs, Session};
use super::table::{Cell, Style, Table};
use super::{Ask, Outcome, canary, kill_switch, paging};

#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArgs {
    #[command(flatten)]
    remote: RemoteArgs,
}

impl Ask for StatusArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    /// As JSON only what `/v1/status` says: the rest has resources of its own.
    async fn ask(&self, session: &Session) -> Outcome {
        let status = session.api.get("/v1/status", &[]).await?;
        if !session.is_for_people() {
            return session.show(&status, |_, _| String::new());
        }
        let switch = session.api.get("/v1/kill-switch", &[]).await?.json;
        let mut canaries = paging::all(&session.api, canary::PATH).await?;
        canaries.retain(|canary| !canary::is_over(canary));
        session.show(&status, |status, style| page(status, &switch, &canaries, style))
    }
}

fn page(status: &Value, switch: &Value, canaries: &[Value], style: Style) -> String {
    let live = if canaries.is_empty() { "no rollout is under way".to_owned() } else { canary::listed(canaries.iter(), style) };
    let parts = [facts(status, switch, style).render(style), live, routes(status, style), replicas(status, style)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn facts(status: &Value, switch: &Value, style: Style) -> Table {
    let mut facts = Table::facts();
    facts.fact("pointsman", Cell::text(format!("{}, routing table at revision {}", words(&status["version"]), words(&status["revision"]))));
    facts.fact("ready", ready(status));
    facts.fact("kill switch", kill_switch::in_short(switch, style));
    facts.fact("aliases", listing(&status["listing"]));
    for upstream in list(status, "upstreams") {
        let [name, rest, grpc, in_flight] = ["name", "rest", "grpc", "in_flight"].map(|field| words(&upstream[field]));
        facts.fact("upstream", Cell::text(format!("{name}: REST {rest}, gRPC {grpc}, {in_flight} in flight")));
    }
    facts.fact("store", store(&status["store"]));
    facts.fact("controller", Cell::text(controller(&status["store"])));
    facts.fact("configuration", configuration(&status["config"]));
    facts
}

fn ready(status: &Value) -> Cell {
    if status["ready"] == true {
        return Cell::state("ready");
    }
    let reasons: Vec<String> = list(status, "not_ready").map(spelt).collect();
    Cell::state(format!("not ready: {}", reasons.join(", ")))
}

fn listing(listing: &Value) -> Cell {
    let number = |field: &str| listing[field].as_u64().unwrap_or_default();
    let held = [count(number("aliases"), "alias", "aliases"), count(number("collections"), "collection", "collections")].join(", ");
    let listed = listing["age_seconds"].as_f64().map_or_else(|| "never listed".to_owned(), |age| format!("listed {}", before(age)));
    match listing["last_error"].as_str() {
        None => Cell::text(format!("{held}, {listed}")),
        Some(error) => Cell::text(format!("{held}, {listed}; now Qdrant cannot be listed: {error}")),
    }
}

fn store(store: &Value) -> Cell {
    match store["lost"].as_str() {
        None => Cell::text(format!("at revision {}", words(&store["revision"]))),
        Some(reason) => Cell::state(format!("not answering: {reason}; the last table goes on serving")),
    }
}

fn controller(store: &Value) -> String {
    let controller = &store["controller"];
    match controller["replica"].as_str() {
        Some(_) if controller["here"] == true => {
            format!("this replica, {}, epoch {}", words(&store["replica"]), words(&controller["epoch"]))
        }
        Some(replica) => format!("{replica}, epoch {}", words(&controller["epoch"])),
        None => "nobody".to_owned(),
    }
}

fn configuration(config: &Value) -> Cell {
    let reasons = |field: &str| list(config, field).map(words).collect::<Vec<_>>().join("; ");
    match (reasons("rejected"), reasons("restart_needed")) {
        (rejected, _) if !rejected.is_empty() => Cell::state(format!("not in force, rejected: {rejected}")),
        (_, waiting) if !waiting.is_empty() => Cell::text(format!("in force; these keys wait for a restart: {waiting}")),
        _ => Cell::text("in force"),
    }
}

fn routes(status: &Value, style: Style) -> String {
    let mut table =
        Table::new(["ROUTE", "VARIANT", "COLLECTION", "SHARE", "REQUESTS", "ERRORS", "FALLBACKS", "IN FLIGHT", "P50", "P95", "P99"]);
    let mut warnings = Vec::new();
    for route in list(status, "routes") {
        for variant in list(route, "variants") {
            let collection = if variant["collection"].is_null() { &route["stable_collection"] } else { &variant["collection"] };
            let [requests, errors, fallbacks, in_flight] =
                ["requests", "errors", "fallbacks", "in_flight"].map(|field| Cell::of(&variant[field]));
            let [p50, p95, p99] = ["p50_ms", "p95_ms", "p99_ms"].map(|field| Cell::number(milliseconds(&variant[field])));
            let (alias, name, share) =
                (Cell::of(&route["alias"]), Cell::of(&variant["name"]), Cell::number(percentage(&variant["share_percent"])));
            table.row([alias, name, Cell::of(collection), share, requests, errors, fallbacks, in_flight, p50, p95, p99]);
        }
        warnings.extend(list(route, "warnings").map(|warning| format!("\n{}: {}", words(&route["alias"]), words(warning))));
    }
    table.render_or("", style) + &warnings.concat()
}

fn replicas(status: &Value, style: Style) -> String {
    let mut table = Table::new(["REPLICA", "VERSION", "REVISION", "BEHIND", "SEEN", "LIVE"]);
    for replica in list(&status["store"], "replicas") {
        let [name, version, revision, lag, live] = ["replica", "version", "revision", "lag", "live"].map(|field| Cell::of(&replica[field]));
        table.row([name, version, revision, lag, Cell::text(replica["age_seconds"].as_f64().map_or_else(|| "-".to_owned(), before)), live]);
    }
    table.render_or("", style)
}

fn before(seconds: f64) -> String {
    match std::time::Duration::try_from_secs_f64(seconds) {
        Ok(age) if age.as_secs() == 0 => "now".to_owned(),
        Ok(age) => format!("{} ago", length(age.as_secs().saturating_mul(1000))),
        Err(_) => "-".to_owned(),
    }
}
