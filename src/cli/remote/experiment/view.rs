//! An experiment as it is drawn while it is followed. Its analysis stands beside it, under `analysis`.

use ratatui_core::style::Stylize;
use ratatui_core::text::{Line, Span};
use serde_json::Value;

use super::super::fields::{list, percentage, words};
use super::super::live::{Key, Look, View, bar, clock, dim, heading, sentence, sign};
use super::super::moment::distance;
use super::super::table::{harmless, shortened};
use super::headline::{headline, lift_in_short, verdict};

const BAR: usize = 30;
const NAME: usize = 20;

pub(in crate::cli::remote) fn view(experiment: &Value, look: Look) -> View {
    let (spec, report) = (&experiment["spec"], &experiment["analysis"]);
    let title = format!("{}  {}", words(&experiment["id"]), words(&spec["alias"]));
    let phase = list(experiment, "phases").last().unwrap_or(&Value::Null);
    let about = format!(", phase {}, exposure {}", words(&phase["number"]), percentage(&phase["exposure_percentage"]));
    let state = Span::raw(harmless(&words(&experiment["state"]))).bold();
    let mut lines = vec![heading(&title), Line::from(vec![state, Span::raw(about)])];
    lines.extend(time(experiment, look));
    lines.push(Line::default());
    if report.is_object() {
        let decision = words(&report["decision"]["verdict"]);
        let said = sentence(&headline(report), Look { width: look.width.saturating_sub(2), ..look }, 4);
        lines.extend(said.into_iter().zip(0..).map(|(line, at)| {
            let lead = if at == 0 { sign(&decision) } else { Span::raw(" ") };
            Line::from([lead, Span::raw(" ")].into_iter().chain(line.spans).collect::<Vec<_>>())
        }));
        lines.push(Line::default());
        lines.extend(units(experiment, report));
        lines.push(Line::default());
        lines.extend(comparisons(report, look));
    } else {
        lines.push(Line::raw("nothing has been analysed yet"));
    }
    let live = matches!(experiment["state"].as_str(), Some("scheduled" | "baseline" | "running"));
    View { lines, keys: if live { vec![Key::confirmed('x', "stop")] } else { Vec::new() } }
}

fn time(experiment: &Value, look: Look) -> Option<Line<'static>> {
    let (from, to) = (experiment["started_at"].as_i64()?, experiment["planned_end"].as_i64()?);
    let (whole, over) = ((to - from).max(1), (look.now - from).max(0));
    let left = u64::try_from((to - look.now).max(0)).unwrap_or_default();
    let started = distance(&experiment["started_at"], look.now);
    Some(Line::raw(format!("{} {} left, started {started}", bar(over as f64 / whole as f64, BAR), clock(left))))
}

/// Units of each arm, against those that were planned.
fn units(experiment: &Value, report: &Value) -> Vec<Line<'static>> {
    let planned = experiment["spec"]["planned_units"].as_f64().filter(|planned| *planned > 0.0);
    let seen: f64 = list(report, "arms").filter_map(|arm| arm["units"].as_f64()).sum();
    let arms: Vec<String> =
        list(report, "arms").map(|arm| format!("{} {:.0}", words(&arm["name"]), arm["units"].as_f64().unwrap_or_default())).collect();
    let of = planned
        .map_or_else(|| format!("{seen:.0} units"), |planned| format!("{} {seen:.0} of {planned:.0} units", bar(seen / planned, BAR)));
    vec![Line::raw(format!("{of}: {}", harmless(&arms.join(", "))))]
}

fn comparisons(report: &Value, look: Look) -> Vec<Line<'static>> {
    let row = |metric: &str, role: &str, lift: &str, verdict: &str| {
        let lift_room = look.width.saturating_sub(NAME + 12 + 14).clamp(16, 40);
        format!("{:<NAME$} {role:<10} {:<lift_room$} {verdict}", shortened(metric, NAME), shortened(lift, lift_room))
    };
    let head = Line::styled(row("METRIC", "ROLE", "LIFT, DIFFERENCE [INTERVAL]", "VERDICT"), dim());
    let rows = list(report, "comparisons").filter(|comparison| comparison["role"] != "info").map(|comparison| {
        let cells = [&comparison["metric"], &comparison["role"]].map(|value| harmless(&words(value)));
        Line::raw(row(&cells[0], &cells[1], &lift_in_short(comparison, report["at_the_planned_end"] == true), verdict(comparison)))
    });
    std::iter::once(head).chain(rows).collect()
}
