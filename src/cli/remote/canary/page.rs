//! A canary in words.

use serde_json::Value;

use super::super::fields::{list, milliseconds, percent, percentage, spelt, words};
use super::super::moment::{ago, distance, length};
use super::super::shadow::canarys;
use super::super::table::{Cell, Style, Table};

pub(in crate::cli::remote) fn listed<'c>(canaries: impl Iterator<Item = &'c Value>, style: Style) -> String {
    let mut table = Table::new(["CANARY", "ALIAS", "TO", "STATE", "STAGE", "SHARE", "CREATED"]);
    for canary in canaries {
        let [id, alias, collection] = ["id", "alias", "collection"].map(|field| Cell::of(&canary[field]));
        let (stage, share) = (Cell::whole(stage(canary)), Cell::number(percentage(&canary["current_percentage"])));
        table.row([id, alias, collection, state(canary), stage, share, Cell::whole(distance(&canary["created"], style.now))]);
    }
    table.render_or("there are no canaries", style)
}

/// What it is about and where it stands: the answer to a command.
pub(super) fn in_short(canary: &Value, style: Style) -> String {
    facts(canary, style).render(style)
}

pub(super) fn shown(canary: &Value, style: Style) -> String {
    let parts = [
        in_short(canary, style),
        compared(canary, style),
        cohorts(canary).render(style),
        verdicts(canary, style),
        pending(canary, style),
        history(canary, style),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// Whose comparison it is.
pub(super) fn named(id: &str) -> Table {
    let mut facts = Table::facts();
    facts.fact("canary", Cell::text(id));
    facts
}

fn facts(canary: &Value, style: Style) -> Table {
    let mut facts = Table::facts();
    facts.fact("canary", Cell::of(&canary["id"]));
    let from = canary["stable"].as_str().map_or_else(String::new, |stable| format!("from {stable} "));
    facts.fact("alias", Cell::text(format!("{} {from}to {}", words(&canary["alias"]), words(&canary["collection"]))));
    facts.fact("state", state(canary));
    facts.fact("stage", Cell::text(format!("{} at {}", stage(canary), percentage(&canary["current_percentage"]))));
    if let Some(left) = canary["time_left_ms"].as_u64() {
        facts.fact("time left", Cell::text(length(left)));
    }
    for field in ["created", "started"] {
        facts.fact(field, Cell::text(ago(&canary[field], style.now)));
    }
    for warning in list(canary, "warnings") {
        facts.fact("warning", Cell::of(warning));
    }
    facts
}

fn state(canary: &Value) -> Cell {
    let state = words(&canary["state"]);
    match &canary["paused_because"] {
        Value::Null => Cell::state(state),
        because => Cell::state(format!("{state}: {}", spelt(because))),
    }
}

/// What the comparison before the first stage has come to, where there is one.
fn compared(canary: &Value, style: Style) -> String {
    if canary["shadow"].is_null() { String::new() } else { canarys(&canary["shadow"]).render(style) }
}

/// Counted from one, for people.
pub(super) fn stage(canary: &Value) -> String {
    if canary["shadow"]["under_way"] == true {
        return "shadow".to_owned();
    }
    format!("{} of {}", canary["current_stage"].as_u64().map_or(0, |stage| stage + 1), words(&canary["stages"]))
}

/// One beside the other; with a column for each number they would not fit beside each other.
fn cohorts(canary: &Value) -> Table {
    let mut table = Table::new(["", "CANARY", "CONTROL"]);
    let cohorts = [&canary["canary"], &canary["control"]];
    let mut row = |name: &str, of: fn(&Value) -> String| {
        let [canary, control] = cohorts.map(|cohort| Cell::number(of(cohort)));
        table.row([Cell::text(name), canary, control]);
    };
    row("requests", |seen| words(&seen["requests"]));
    row("units", |seen| words(&seen["units"]));
    row("errors", |seen| percent(&seen["error_rate"]));
    row("refused", |seen| refused(seen).unwrap_or_else(|| "-".to_owned()));
    row("mean", |seen| milliseconds(&seen["avg_latency_ms"]));
    row("p50", |seen| milliseconds(&seen["latency_p50_ms"]));
    row("p95", |seen| milliseconds(&seen["latency_p95_ms"]));
    row("p99", |seen| milliseconds(&seen["latency_p99_ms"]));
    table
}

/// How many requests of a cohort were refused with a 4xx, and with which; none if none was.
pub(super) fn refused(cohort: &Value) -> Option<String> {
    let count = cohort["client_errors"].as_u64().filter(|count| *count > 0)?;
    Some(format!("{count} with {}", words(&cohort["client_error_statuses"])))
}

fn verdicts(canary: &Value, style: Style) -> String {
    let mut table = Table::new(["GUARD", "VERDICT", "BECAUSE"]);
    for evaluation in list(canary, "verdicts") {
        table.row([Cell::of(&evaluation["guard"]), Cell::state(words(&evaluation["verdict"])), Cell::prose(words(&evaluation["reason"]))]);
    }
    table.render_or("", style)
}

fn pending(canary: &Value, style: Style) -> String {
    let mut table = Table::new(["TO BE DONE", "ATTEMPTS", "LAST ERROR"]);
    for pending in list(canary, "pending") {
        let kind = Cell::text(spelt(&pending["effect"]["kind"]));
        table.row([kind, Cell::of(&pending["attempts"]), Cell::prose(words(&pending["last_error"]))]);
    }
    table.render_or("", style)
}

fn history(canary: &Value, style: Style) -> String {
    let mut table = Table::new(["WHEN", "STATE", "STAGE", "SHARE", "BY", "REASON"]);
    for transition in transitions(canary) {
        let (actor, reason) = (Cell::of(&transition["actor"]), Cell::prose(words(&transition["reason"])));
        let (share, at) = (share(transition), distance(&transition["at"], style.now));
        let to = Cell::state(words(&transition["to"]["name"]));
        table.row([Cell::whole(at), to, Cell::number(stage_of(transition)), Cell::number(share), actor, reason]);
    }
    table.render_or("", style)
}

/// The stage after a transition.
pub(super) fn stage_of(transition: &Value) -> String {
    let counted = || transition["stage"].as_u64().map_or(0, |stage| stage + 1).to_string();
    if transition["shadow"] == true { "shadow".to_owned() } else { counted() }
}

/// The share after a transition. Once the alias itself has moved, no route serves a share any more: all users are moved.
pub(super) fn share(transition: &Value) -> String {
    match transition["to"]["name"].as_str() {
        Some("watching" | "completed") => "100 %".to_owned(),
        _ => percentage(&transition["percentage"]),
    }
}

/// Those that are still told, oldest first.
pub(super) fn transitions(canary: &Value) -> impl Iterator<Item = &Value> {
    ["first", "last"].into_iter().flat_map(|part| list(&canary["history"], part))
}
