//! The page: its sections, in the order in which an operator asks for them.

use serde_json::Value;

use super::super::fields::{list, words};
use super::super::moment::time;
use super::super::table::{Cell, Style, Table, harmless};
use super::layout::{section, wrapped};
use super::{header, traffic, under_way};

pub(super) fn page(status: &Value, switch: &Value, style: Style) -> String {
    let parts = [
        header::header(status, switch, style),
        under_way::section(status, style),
        attention(status),
        traffic::section(status, style),
        held_alone(status),
        replicas(status, style),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// What needs a person, each with the command to give next. Commands are not broken: they are there to be copied.
fn attention(status: &Value) -> String {
    let lines = list(status, "needs_attention").flat_map(|item| {
        let what = wrapped("", &format!("{}: {}", words(&item["what"]), words(&item["why"])), 2);
        [what, format!(" {}", harmless(&words(&item["next"])))]
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() { "Nothing needs a person.".to_owned() } else { section("NEEDS A PERSON, with the next command", &lines) }
}

fn held_alone(status: &Value) -> String {
    let line = |loss: &Value| {
        let [acknowledged, unknown] = ["acknowledged", "unknown"].map(|field| loss[field].as_u64().unwrap_or_default());
        let more = if unknown > 0 { format!(", and {unknown} of unknown outcome") } else { String::new() };
        let (in_one, not_in, bound) = (words(&loss["only_in"]), words(&loss["missing_in"]), words(&loss["bound"]).replace('_', " "));
        let text = format!("{in_one} has {acknowledged} that {not_in} lacks{more} ({bound}), since {}", time(&loss["since"]));
        wrapped("", &text, 2)
    };
    section("WRITES IN ONE COLLECTION ALONE", &list(status, "held_alone").map(line).collect::<Vec<_>>())
}

fn replicas(status: &Value, style: Style) -> String {
    let store = &status["store"];
    let mut table = Table::new(["REPLICA", "VERSION", "BEHIND", "SEEN", "LIVE", "ROLE"]);
    for replica in list(store, "replicas") {
        let [name, version, lag, live] = ["replica", "version", "lag", "live"].map(|field| Cell::of(&replica[field]));
        let leads = store["controller"]["replica"] == replica["replica"];
        let here = status["replica"] == replica["replica"];
        let roles: Vec<&str> = [(leads, "leader"), (here, "asked")].into_iter().filter(|(is, _)| *is).map(|(_, role)| role).collect();
        table.row([name, version, lag, Cell::text(header::before(&replica["age_seconds"])), live, Cell::text(roles.join(", "))]);
    }
    table.render_or("", style)
}
