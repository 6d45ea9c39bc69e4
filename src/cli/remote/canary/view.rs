//! A canary as it is drawn while it is followed.

use ratatui_core::style::Stylize;
use ratatui_core::text::{Line, Span};
use serde_json::Value;

use super::super::fields::{list, milliseconds, percent, percentage, spelt, words};
use super::super::live::{Key, Look, Step, View, bad, bar, clock, dim, heading, period_ms, sentence, sign, track, worth_a_look};
use super::super::reference::CANARY;
use super::super::table::{harmless, shortened};
use super::page::{refused, stage, transitions};

/// Of the stage's time; wider bars say no more.
const BAR: usize = 30;
/// Room for a guard's name beside what it says.
const GUARD: usize = 16;

pub(in crate::cli::remote) fn view(canary: &Value, look: Look) -> View {
    let mut lines = vec![heading(&format!("{}  {}: {}", words(&canary["id"]), words(&canary["alias"]), move_of(canary))), state(canary)];
    lines.push(Line::default());
    lines.extend(track(&steps(canary), look.width));
    lines.extend(progress(canary));
    lines.push(Line::default());
    if canary["shadow"]["under_way"] == true {
        lines.extend(comparison(&canary["shadow"]));
    } else {
        lines.extend(cohorts(canary));
    }
    lines.extend(list(canary, "verdicts").map(|verdict| guard(canary, verdict, look)));
    for warning in list(canary, "warnings") {
        lines.extend(sentence(&format!("! {}", words(warning)), look, 2).into_iter().map(|line| line.style(worth_a_look())));
    }
    lines.extend(last_step(canary, look));
    View { lines, keys: keys(canary) }
}

fn move_of(canary: &Value) -> String {
    let from = canary["stable"].as_str().map_or_else(String::new, |stable| format!("{stable} -> "));
    format!("{from}{}", words(&canary["collection"]))
}

fn state(canary: &Value) -> Line<'static> {
    let name = words(&canary["state"]);
    let because = if canary["paused_because"].is_null() { String::new() } else { format!(" ({})", spelt(&canary["paused_because"])) };
    let at = format!("{because}, stage {} at {}", stage(canary), percentage(&canary["current_percentage"]));
    Line::from(vec![sign(&name), Span::raw(" "), Span::raw(harmless(&spelt(&canary["state"]))).bold(), Span::raw(at)])
}

/// The comparison, the stages and the watch.
fn steps(canary: &Value) -> Vec<(String, Step)> {
    let current = canary["current_stage"].as_u64().unwrap_or_default();
    let name = canary["state"].as_str().unwrap_or_default();
    let shadowing = canary["shadow"]["under_way"] == true;
    let promoted = matches!(name, "watching" | "completed");
    let of = |at: u64| match at {
        _ if promoted || (!shadowing && at < current) => Step::Done,
        at if at == current && !shadowing && !matches!(name, "scheduled" | "initializing") => Step::Here,
        _ => Step::Ahead,
    };
    let shadow = (!canary["shadow"].is_null()).then(|| ("shadow".to_owned(), if shadowing { Step::Here } else { Step::Done }));
    let stages = list(&canary["plan"], "stages").zip(0..).map(|(stage, at)| {
        let approval = if stage["approval"] == true { ", approval" } else { "" };
        (format!("{}{approval}", percentage(&stage["percentage"])), of(at))
    });
    let watch = match name {
        "watching" => Step::Here,
        "completed" => Step::Done,
        _ => Step::Ahead,
    };
    shadow.into_iter().chain(stages).chain([("watch".to_owned(), watch)]).collect()
}

/// How much of the present step's time is over, and how long it is to the end if nothing is in the way.
fn progress(canary: &Value) -> Option<Line<'static>> {
    let left = canary["time_left_ms"].as_u64()?;
    let stages: Vec<u64> = list(&canary["plan"], "stages").map(|stage| period_ms(&stage["duration"])).collect();
    let current = usize::try_from(canary["current_stage"].as_u64()?).ok()?;
    let (watch, shadowing) = (period_ms(&canary["plan"]["watch"]), canary["shadow"]["under_way"] == true);
    let (whole, later) = match canary["state"].as_str() {
        Some("watching") => (watch, 0),
        _ if shadowing => (period_ms(&canary["plan"]["shadow"]["duration"]), stages.iter().sum::<u64>() + watch),
        _ => (stages.get(current).copied()?, stages.iter().skip(current + 1).sum::<u64>() + watch),
    };
    let over = if whole == 0 { 1.0 } else { 1.0 - left as f64 / whole as f64 };
    let rest = if later == 0 { String::new() } else { format!("; {} to the end at the earliest", clock(left + later)) };
    Some(Line::raw(format!("{} {} left{rest}", bar(over, BAR), clock(left))))
}

/// The numbers that decide.
fn cohorts(canary: &Value) -> Vec<Line<'static>> {
    let row = |name: &str, cells: [String; 4]| {
        let [users, requests, errors, p95] = cells;
        format!("{name:<9} {users:>9} {requests:>10} {errors:>9} {p95:>11}")
    };
    let mut lines = vec![Line::styled(row("", ["USERS", "REQUESTS", "ERRORS", "P95"].map(str::to_owned)), dim())];
    for name in ["canary", "control"] {
        let seen = &canary[name];
        let cells = [words(&seen["units"]), words(&seen["requests"]), percent(&seen["error_rate"]), milliseconds(&seen["latency_p95_ms"])];
        let refused = refused(seen).map(|refused| Span::styled(format!("  refused {}", harmless(&refused)), bad()));
        lines.push(Line::from([Span::raw(row(name, cells))].into_iter().chain(refused).collect::<Vec<_>>()));
    }
    lines.push(Line::default());
    lines
}

fn comparison(shadow: &Value) -> Vec<Line<'static>> {
    let numbers = format!(
        "{} answers compared; overlap {}, stable with itself {}; errors {}, emptied {}",
        words(&shadow["compared"]),
        percent(&shadow["overlap"]),
        percent(&shadow["noise_overlap"]),
        percent(&shadow["error_rate"]),
        percent(&shadow["emptied_rate"])
    );
    vec![Line::raw(numbers), Line::default()]
}

fn guard(canary: &Value, evaluation: &Value, look: Look) -> Line<'static> {
    let (name, verdict) = (harmless(&words(&evaluation["guard"])), words(&evaluation["verdict"]));
    let said = match verdict.as_str() {
        "inconclusive" => missing(canary, evaluation).unwrap_or_else(|| words(&evaluation["reason"])),
        _ => words(&evaluation["reason"]),
    };
    let word = if verdict == "inconclusive" { "not yet" } else { verdict.as_str() };
    let head = format!(" {:<GUARD$} {word:<8}", shortened(&name, GUARD));
    let room = look.width.saturating_sub(head.chars().count() + 2);
    Line::from(vec![sign(&verdict), Span::raw(head), Span::raw(format!(" {}", shortened(&harmless(&said), room)))])
}

/// What a verdict still needs, in users where that is known.
fn missing(canary: &Value, evaluation: &Value) -> Option<String> {
    let number = |name: &str| evaluation["numbers"][name].as_f64();
    // A guard with several limits says it of each.
    let numbers = evaluation["numbers"].as_object().into_iter().flatten();
    let needed = numbers.filter(|(name, _)| name.ends_with("clean_units_needed")).filter_map(|(_, users)| users.as_f64());
    if let Some(users) = needed.reduce(f64::max) {
        return Some(format!("about {users:.0} more users without a failure are needed"));
    }
    let lacking = |field: &str, counted: [&str; 2]| {
        let least = canary["plan"][field].as_f64()?;
        let fewest = counted.into_iter().filter_map(number).fold(f64::INFINITY, f64::min);
        (fewest < least).then_some(least - fewest)
    };
    let users = lacking("minimum_units", ["units", "control_units"]).map(|users| more(users, "user"));
    let requests = lacking("minimum_requests", ["requests", "control_requests"]).map(|requests| more(requests, "request"));
    let both = [users, requests].into_iter().flatten().collect::<Vec<_>>();
    (!both.is_empty()).then(|| format!("about {} are needed", both.join(" and ")))
}

fn more(number: f64, what: &str) -> String {
    let plural = if number > 1.0 { "s" } else { "" };
    format!("{number:.0} more {what}{plural}")
}

/// Why it is where it is.
fn last_step(canary: &Value, look: Look) -> Vec<Line<'static>> {
    let Some(step) = transitions(canary).last() else { return Vec::new() };
    let said = format!("{} by {}: {}", spelt(&step["to"]["name"]), words(&step["actor"]), words(&step["reason"]));
    std::iter::once(Line::default()).chain(sentence(&said, look, 2).into_iter().map(|line| line.style(dim()))).collect()
}

fn keys(canary: &Value) -> Vec<Key> {
    if CANARY.is_over(canary) {
        return Vec::new();
    }
    let (pause, skip, approve) = (Key::at_once('p', "pause"), Key::at_once('s', "skip"), Key::at_once('o', "approve"));
    let (promote, abort) = (Key::confirmed('P', "promote"), Key::confirmed('a', "abort"));
    match (canary["state"].as_str(), canary["paused_because"].as_str()) {
        (Some("paused"), Some("approval" | "lost_writes")) => vec![approve, abort],
        // It resumes by itself; a pause makes it wait for an operator.
        (Some("paused"), Some("inconclusive" | "no_data" | "freeze" | "error")) => vec![pause, skip, promote, abort],
        (Some("paused"), _) => vec![Key::at_once('p', "resume"), skip, promote, abort],
        (Some("shadowing" | "stepping"), _) => vec![pause, skip, promote, abort],
        (Some("watching"), _) => vec![skip, abort],
        _ => vec![abort],
    }
}
