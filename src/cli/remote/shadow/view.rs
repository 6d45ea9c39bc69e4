//! A shadow comparison as it is drawn while it is followed.

use ratatui_core::style::Stylize;
use ratatui_core::text::{Line, Span};
use serde_json::Value;

use super::super::fields::{list, percentage, spelt, words};
use super::super::live::{Key, Look, View, bar, clock, dim, heading, sentence, worth_a_look};
use super::super::table::harmless;
use super::headline::headline;
use super::page::interval;

const BAR: usize = 30;

pub(in crate::cli::remote) fn view(shadow: &Value, look: Look) -> View {
    let (spec, report) = (&shadow["spec"], &shadow["report"]);
    let title =
        format!("{}  {}: {} beside {}", words(&shadow["id"]), words(&spec["alias"]), words(&spec["collection"]), words(&spec["from"]));
    let paused = shadow["paused"] == true;
    let state = if paused { "paused: the kill switch is on".to_owned() } else { words(&shadow["state"]) };
    let state = Span::raw(harmless(&state)).bold();
    let state = if paused { state.style(worth_a_look()) } else { state };
    let mut lines =
        vec![heading(&title), Line::from(vec![state, Span::raw(format!(", {} of the reads", percentage(&spec["percentage"])))])];
    lines.extend(time(shadow, look));
    lines.push(Line::default());
    lines.extend(sentence(&headline(report, &words(&spec["from"]), &words(&spec["collection"])), look, 4));
    lines.push(Line::default());
    lines.extend(measures(report));
    let dropped = report["counters"]["dropped"].as_object().into_iter().flatten();
    let dropped: Vec<String> = dropped.map(|(why, count)| format!("{} {}", words(count), why.replace('_', " "))).collect();
    if !dropped.is_empty() {
        lines.extend(
            sentence(&format!("! not compared: {}", dropped.join(", ")), look, 2).into_iter().map(|line| line.style(worth_a_look())),
        );
    }
    View { lines, keys: if shadow["state"] == "running" { vec![Key::confirmed('x', "stop")] } else { Vec::new() } }
}

fn time(shadow: &Value, look: Look) -> Option<Line<'static>> {
    let (from, to) = (shadow["created"].as_i64()?, shadow["planned_end"].as_i64()?);
    let left = u64::try_from((to - look.now).max(0)).unwrap_or_default();
    let over = (look.now - from) as f64 / (to - from).max(1) as f64;
    Some(Line::raw(format!("{} {} left", bar(over, BAR), clock(left))))
}

fn measures(report: &Value) -> Vec<Line<'static>> {
    let row = |name: &str, shadow: &str, excess: &str| format!("{name:<20} {shadow:>25} {excess:>25}");
    let measured = [("measures", "measure"), ("shares", "of")].into_iter().flat_map(|(field, name)| {
        let told = list(report, field).filter(|one| !one["shadow"].is_null());
        told.map(move |one| row(&harmless(&spelt(&one[name])), &interval(&one["shadow"]), &interval(&one["excess"])))
    });
    let lines: Vec<Line<'static>> = measured.map(Line::raw).collect();
    if lines.is_empty() { lines } else { [vec![Line::styled(row("MEASURE", "SHADOW", "BEYOND NOISE"), dim())], lines].concat() }
}
