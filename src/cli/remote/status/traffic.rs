//! Traffic by alias, variant and collection, since the replica that was asked began to count, with the last minute below.

use serde_json::Value;

use super::super::fields::{count, list, milliseconds, percentage, words};
use super::super::moment::ago;
use super::super::table::{Cell, Style, Table};
use super::layout::{shortened, wrapped};

/// No row is wider than the page with names up to these lengths.
const LONGEST_ALIAS: usize = 16;
const LONGEST_VARIANT: usize = 12;

pub(super) fn section(status: &Value, style: Style) -> String {
    let is_split = |row: &Value| list(status, "traffic").filter(|other| other["alias"] == row["alias"]).nth(1).is_some();
    let (used, idle): (Vec<&Value>, Vec<&Value>) = list(status, "traffic").partition(|row| is_used(row) || is_split(row));
    let mut table = Table::new(["ALIAS", "VARIANT", "SHARE", "REQUESTS", "ERRORS", "FALLBACKS", "P95"]);
    for row in &used {
        let [requests, errors, fallbacks] = ["requests", "errors", "fallbacks"].map(|field| Cell::of(&row[field]));
        table.row([
            Cell::text(shortened(&words(&row["alias"]), LONGEST_ALIAS)),
            Cell::text(shortened(&words(&row["variant"]), LONGEST_VARIANT)),
            Cell::number(share(status, row)),
            requests,
            errors,
            fallbacks,
            Cell::number(milliseconds(&row["p95_ms"])),
        ]);
    }
    let rendered = table.render_or("", style);
    let mut rows = rendered.lines();
    let mut lines = vec![wrapped("", &format!("TRAFFIC, as counted by {}", words(&status["replica"])), 2)];
    lines.extend(rows.next().map(str::to_owned));
    lines.extend(rows.zip(&used).flat_map(|(line, row)| [line.to_owned(), detail(row, style)]));
    if !idle.is_empty() {
        lines.push(format!("{} served nothing yet", count(idle.len() as u64, "alias has", "aliases have")));
    }
    if used.is_empty() && idle.is_empty() { String::new() } else { lines.join("\n") }
}

fn is_used(row: &Value) -> bool {
    ["requests", "in_flight", "fallbacks"].iter().any(|field| row[*field].as_u64().is_some_and(|count| count > 0))
}

/// The collection that earned these counts, since when, and the last minute.
fn detail(row: &Value, style: Style) -> String {
    let collection = row["collection"].as_str().unwrap_or("all other names");
    let minute = &row["last_minute"];
    let lately = match minute["seconds"].as_f64() {
        None => String::new(),
        Some(seconds) => {
            let number = |field: &str| minute[field].as_u64().unwrap_or_default();
            let (requests, errors) = (count(number("requests"), "request", "requests"), count(number("errors"), "error", "errors"));
            let fallbacks = count(number("fallbacks"), "fallback", "fallbacks");
            format!("; last {seconds:.0} s: {requests}, {errors}, {fallbacks}, p95 {}", milliseconds(&minute["p95_ms"]))
        }
    };
    wrapped("  ", &format!("{collection}, since {}{lately}", ago(&row["since"], style.now)), 4)
}

/// Of the units: by its route, or by the canary under way.
fn share(status: &Value, row: &Value) -> String {
    let route = list(status, "routes").find(|route| route["alias"] == row["alias"]);
    let variant = route.and_then(|route| list(route, "variants").find(|variant| variant["name"] == row["variant"]));
    match (variant, row["variant"].as_str()) {
        (Some(variant), _) => percentage(&variant["share_percent"]),
        (None, Some("canary")) => canary_share(status, row).map_or_else(|| "-".to_owned(), |share| percentage(&share.into())),
        (None, Some("stable")) => canary_share(status, row).map_or_else(|| "-".to_owned(), |share| percentage(&(100.0 - share).into())),
        _ => "-".to_owned(),
    }
}

/// None where no canary has a collection of its own beside the alias's: before its first stage, and once the alias has moved.
fn canary_share(status: &Value, row: &Value) -> Option<f64> {
    let of_alias = |entry: &&Value| entry["alias"] == row["alias"];
    list(status, "traffic").filter(of_alias).find(|row| row["variant"] == "canary")?;
    list(status, "under_way").filter(of_alias).find(|entry| entry["kind"] == "canary")?["share_percent"].as_f64()
}
