//! A deployment as it is drawn while it is followed.

use ratatui_core::style::Stylize;
use ratatui_core::text::{Line, Span};
use serde_json::Value;

use super::super::fields::{list, spelt, words};
use super::super::live::{Key, Look, Step, View, bad, bar, clock, dim, heading, sentence, sign, track, worth_a_look};
use super::super::reference::DEPLOYMENT;
use super::super::table::harmless;

const BAR: usize = 30;
/// Those that every deployment goes through, in this order.
const STEPS: [&str; 8] = ["checking", "creating", "copying", "verifying", "finishing", "validating", "releasing", "watching"];

pub(in crate::cli::remote) fn view(deployment: &Value, look: Look) -> View {
    let from = deployment["previous"].as_str().map_or_else(String::new, |previous| format!("{previous} -> "));
    let title = format!("{}  {}: {from}{}", words(&deployment["id"]), words(&deployment["alias"]), words(&deployment["collection"]));
    let state = words(&deployment["state"]);
    let named = Span::raw(harmless(&spelt(&deployment["state"]))).bold();
    let mut lines = vec![heading(&title), Line::from(vec![sign(&state), Span::raw(" "), named]), Line::default()];
    lines.extend(track(&steps(deployment), look.width));
    lines.push(Line::default());
    lines.extend(copied(&deployment["progress"]));
    lines.extend(found(deployment));
    if !deployment["error"].is_null() {
        let said = format!("✗ attempt {} failed: {}", words(&deployment["attempts"]), words(&deployment["error"]));
        lines.extend(sentence(&said, look, 2).into_iter().map(|line| line.style(bad())));
    }
    for warning in list(deployment, "warnings") {
        lines.extend(sentence(&format!("! {}", words(warning)), look, 2).into_iter().map(|line| line.style(worth_a_look())));
    }
    if let Some(step) = list(deployment, "history").last() {
        let said = format!("{} by {}: {}", spelt(&step["to"]["name"]), words(&step["actor"]), words(&step["reason"]));
        lines.extend(sentence(&said, look, 2).into_iter().map(|line| line.style(dim())));
    }
    View { lines, keys: keys(deployment) }
}

fn steps(deployment: &Value) -> Vec<(String, Step)> {
    let state = deployment["state"].as_str().unwrap_or_default();
    let at = match state {
        "awaiting_ready" => Some(2),
        "awaiting_acceptance" => Some(3),
        "completed" => Some(STEPS.len()),
        other => STEPS.iter().position(|step| *step == other),
    };
    // One that goes back: as far as it had come.
    let reached = || {
        let names = list(deployment, "history").filter_map(|step| step["to"]["name"].as_str());
        names.filter_map(|name| STEPS.iter().position(|step| *step == name)).max().map_or(0, |last| last + 1)
    };
    let (done, here) = at.map_or_else(|| (reached(), None), |at| (at, Some(at)));
    let step = |at: usize| match here {
        Some(here) if at == here => Step::Here,
        _ if at < done => Step::Done,
        _ => Step::Ahead,
    };
    STEPS.iter().enumerate().map(|(at, name)| ((*name).to_owned(), step(at))).collect()
}

fn copied(copy: &Value) -> Option<Line<'static>> {
    let (points, total) = (copy["points"].as_u64()?, copy["total"].as_u64()?);
    let part = if total == 0 { 1.0 } else { points as f64 / total as f64 };
    let rate = copy["points_per_second"].as_f64().filter(|rate| *rate > 0.0).map_or_else(String::new, |rate| format!(", {rate:.0}/s"));
    let left = copy["left_ms"].as_u64().filter(|left| *left > 0).map_or_else(String::new, |left| format!(", {} left", clock(left)));
    Some(Line::raw(format!("{} {points} of {total} points{rate}{left}", bar(part, BAR))))
}

/// What verification and validation have found.
fn found(deployment: &Value) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(outcome) = deployment["validation"]["outcome"].as_str() {
        let results: Vec<&Value> = list(&deployment["validation"], "results").collect();
        let passed = results.iter().filter(|result| list(result, "failures").next().is_none()).count();
        lines.push(Line::from(vec![
            sign(outcome),
            Span::raw(format!(" validation {}: {passed} of {} queries", harmless(outcome), results.len())),
        ]));
    }
    if let Some(canary) = deployment["canary"].as_str() {
        lines.push(Line::raw(format!("  the alias is moved by {}", harmless(canary))));
    }
    lines
}

fn keys(deployment: &Value) -> Vec<Key> {
    if DEPLOYMENT.is_over(deployment) {
        return Vec::new();
    }
    let cancel = Key::confirmed('c', "cancel");
    match deployment["state"].as_str() {
        Some("awaiting_ready") => vec![Key::at_once('r', "ready"), cancel],
        Some("awaiting_acceptance") => vec![Key::at_once('v', "verify"), cancel],
        Some("watching") => vec![Key::confirmed('b', "rollback"), cancel],
        Some("rolling_back" | "rollback_failed") => Vec::new(),
        _ => vec![cancel],
    }
}
