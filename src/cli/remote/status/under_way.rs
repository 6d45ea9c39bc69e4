//! Everything under way: a row for each, and below it where it leads and what it waits for.

use serde_json::Value;

use super::super::fields::{list, percent, percentage, spelt, words};
use super::super::table::{Cell, Style, Table};
use super::header::lasting;
use super::layout::{shortened, wrapped};

/// No row is wider than the page with names up to this length.
const LONGEST_ALIAS: usize = 24;

pub(super) fn section(status: &Value, style: Style) -> String {
    let mut table = Table::new(["ALIAS", "UNDER WAY", "STATE", "SHARE", "DONE", "LEFT"]);
    let mut details = Vec::new();
    for entry in list(status, "under_way") {
        let state = Cell::state(words(&entry["state"]));
        let left = entry["time_left_seconds"].as_f64().map_or_else(|| "-".to_owned(), lasting);
        table.row([
            Cell::text(shortened(&words(&entry["alias"]), LONGEST_ALIAS)),
            Cell::text(spelt(&entry["kind"])),
            state,
            Cell::number(percentage(&rounded(&entry["share_percent"]))),
            Cell::number(percent(&rounded(&entry["progress"]))),
            Cell::number(left),
        ]);
        details.push(detail(entry));
    }
    if table.is_empty() {
        return "Nothing is under way.".to_owned();
    }
    let rendered = table.render(style);
    let mut rows = rendered.lines();
    let head = rows.next().map(str::to_owned);
    let rows = rows.zip(details).flat_map(|(row, details)| std::iter::once(row.to_owned()).chain(details));
    head.into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

/// To a hundredth: more is not read.
fn rounded(value: &Value) -> Value {
    value.as_f64().map_or(Value::Null, |number| ((number * 100.0).round() / 100.0).into())
}

fn detail(entry: &Value) -> Vec<String> {
    let mut lines = vec![wrapped("  ", &format!("{}: {}", words(&entry["id"]), way(entry)), 4)];
    if let Some(waits) = entry["waits_for"].as_str() {
        lines.push(wrapped("  ", &format!("waits for {waits}"), 4));
    }
    lines
}

/// From which collection to which.
pub(super) fn way(entry: &Value) -> String {
    let from = words(&entry["from"]);
    if list(entry, "to").next().is_none() { from } else { format!("{from} -> {}", words(&entry["to"])) }
}
