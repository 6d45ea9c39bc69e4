//! What views are made of. Colours come beside a sign or a word and never say anything alone.

use std::time::Duration;

use ratatui_core::style::Style;
use ratatui_core::text::{Line, Span};

use super::super::table::{broken, harmless};
use crate::cli::progress;
pub(in crate::cli::remote) use crate::cli::progress::bar;
use crate::config::Period;

/// Where a step of a track stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli::remote) enum Step {
    Done,
    Here,
    Ahead,
}

/// `✓ 5 %  ▶ 25 %  · 100 %`, over as many lines as it takes.
pub(in crate::cli::remote) fn track(steps: &[(String, Step)], width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Vec::new()];
    let mut used = 0;
    for (name, step) in steps {
        let (mark, paint) = match step {
            Step::Done => ("✓", good()),
            Step::Here => ("▶", Style::new().bold()),
            Step::Ahead => ("·", dim()),
        };
        let text = format!("{mark} {}", harmless(name));
        let long = text.chars().count() + 3;
        if used > 0 && used + long > width {
            lines.push(Vec::new());
            used = 0;
        }
        used += long;
        if let Some(line) = lines.last_mut() {
            line.push(Span::styled(text, paint));
            line.push(Span::raw("   "));
        }
    }
    lines.into_iter().map(Line::from).collect()
}

pub(in crate::cli::remote) fn clock(milliseconds: u64) -> String {
    progress::clock(Duration::from_millis(milliseconds))
}

/// A period as the API writes it, such as `30m`.
pub(in crate::cli::remote) fn period_ms(value: &serde_json::Value) -> u64 {
    let period = value.as_str().and_then(|text| text.parse::<Period>().ok());
    period.and_then(|period| u64::try_from(period.get().as_millis()).ok()).unwrap_or_default()
}

/// A sentence over as many lines as it takes, at most `most`.
pub(in crate::cli::remote) fn sentence(text: &str, look: super::Look, most: usize) -> Vec<Line<'static>> {
    let mut lines = broken(&harmless(text), look.width);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.push_str(" …");
        }
    }
    lines.into_iter().map(Line::from).collect()
}

pub(in crate::cli::remote) fn heading(text: &str) -> Line<'static> {
    Line::styled(harmless(text), Style::new().bold())
}

/// The sign of a verdict or a state, and its colour.
pub(in crate::cli::remote) fn sign(word: &str) -> Span<'static> {
    match word {
        "pass" | "passed" | "completed" | "ship" => Span::styled("✓", good()),
        "fail" | "failed" | "rolled_back" | "rolling_back" | "rollback_failed" | "aborted" | "do_not_ship" | "invalid" => {
            Span::styled("✗", bad())
        }
        "paused" | "cancelled" | "superseded" => Span::styled("‖", worth_a_look()),
        _ => Span::styled("…", dim()),
    }
}

fn good() -> Style {
    Style::new().green()
}

pub(in crate::cli::remote) fn bad() -> Style {
    Style::new().red()
}

pub(in crate::cli::remote) fn worth_a_look() -> Style {
    Style::new().yellow()
}

pub(in crate::cli::remote) fn dim() -> Style {
    Style::new().dark_gray()
}
