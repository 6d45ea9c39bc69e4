//! One frame of the live view, as a pure function of what is known. Drawn by `screen` and `record`.
//!
//! It says everything in characters: each user is a sign, the stage that runs is in brackets. Colour only repeats it.

use std::time::Duration;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Constraint, Layout, Rect};
use ratatui_core::style::{Color, Style, Stylize};
use ratatui_core::text::{Line, Span};
use ratatui_core::widgets::Widget;

use crate::acts::{ACTS, Act};
use crate::canary::Canary;
use crate::collections::Version;
use crate::counts::{Counts, Now, User};
use crate::story::Entry;
use crate::text::{clock, grouped, wrap};

/// Below this there is no frame: see `screen`.
pub(crate) const LEAST: (u16, u16) = (60, 16);
/// Rows that every frame has: title, two of narration, canary, share, guards, four of the table, totals.
const FIXED: u16 = 11;
const WITH_GAPS: u16 = 22;
const WITH_QUESTION: u16 = 20;

/// All that a frame shows.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) elapsed: Duration,
    pub(crate) act: &'a Act,
    pub(crate) canary: Option<&'a Canary>,
    pub(crate) counts: &'a Counts,
    pub(crate) now: [Now; Version::ALL.len()],
    pub(crate) story: &'a [Entry],
    /// What a user has just asked, and the answer.
    pub(crate) question: &'a str,
}

impl Widget for &View<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let gap = u16::from(area.height >= WITH_GAPS);
        let question = u16::from(area.height >= WITH_QUESTION);
        let free = area.height.saturating_sub(FIXED + 3 * gap + question);
        let needed = self.counts.users.len().div_ceil(usize::from(area.width.max(1)));
        let users = u16::try_from(needed).unwrap_or(u16::MAX).min(free - free * 5 / 9);
        let heights = [1, 2, gap, 1, 1, 1, gap, users, 4, 1, gap, free - users, question].map(Constraint::Length);
        let [title, narration, _, canary, share, guards, _, users, table, totals, _, story, question] =
            Layout::vertical(heights).areas(area);
        self.title(title.width).render(title, buffer);
        lines(narration, buffer, wrap(&self.act.text, usize::from(narration.width), 0));
        self.canary_line().render(canary, buffer);
        self.share(share.width).render(share, buffer);
        self.guards().render(guards, buffer);
        self.crowd(users, buffer);
        self.table(table, buffer);
        self.totals().render(totals, buffer);
        lines(story, buffer, told(self.story, usize::from(story.width), usize::from(story.height)));
        Line::from(self.question).dark_gray().render(question, buffer);
    }
}

pub(crate) fn sign(version: Version) -> &'static str {
    match version {
        Version::One => ".",
        Version::Two => "2",
        Version::Three => "3",
    }
}

fn colour(version: Version) -> Color {
    match version {
        Version::One => Color::Cyan,
        Version::Two => Color::Yellow,
        Version::Three => Color::Green,
    }
}

/// One user in one character.
fn mark(user: &User) -> Span<'static> {
    match user.home {
        _ if user.saw_error => "X".red().bold(),
        _ if user.fell_back => "!".magenta().bold(),
        Some(version) => sign(version).fg(colour(version)),
        None => " ".into(),
    }
}

impl View<'_> {
    fn title(&self, width: u16) -> Line<'static> {
        let left = format!("Pointsman demo  {}/{ACTS}  {}", self.act.number, self.act.title);
        let right = clock(self.elapsed);
        let space = usize::from(width).saturating_sub(left.len());
        Line::from(format!("{left}{right:>space$}")).style(Style::new().bold().reversed())
    }

    /// The stages, the present one in brackets, and the state in the words of the API.
    fn canary_line(&self) -> Line<'static> {
        let Some(canary) = self.canary else { return Line::from("no canary yet") };
        let mut spans = vec![format!("canary to {} ", canary.collection).bold()];
        for (index, stage) in canary.plan.stages.iter().enumerate() {
            let share = format!("{} %", stage.percentage);
            let present = index == canary.current_stage && canary.current_percentage > 0.0;
            spans.push(if present { format!("[{share}]").bold() } else { format!(" {share} ").into() });
        }
        spans.push(format!(" {}", canary.state).bold());
        if let Some(left) = canary.time_left_ms.filter(|left| *left > 0 && !canary.has_ended()) {
            spans.push(format!(", {} s left", left.div_ceil(1_000)).into());
        }
        Line::from(spans)
    }

    /// How many users the new version really has.
    fn share(&self, width: u16) -> Line<'static> {
        let Some(version) = self.canary.and_then(|canary| Version::of(&canary.collection)) else { return Line::default() };
        let users = self.counts.at_home()[version as usize];
        let all = self.counts.users.len().max(1);
        let words = format!("  {users} of {all} users");
        let room = usize::from(width).saturating_sub(words.len() + 2);
        let full = users * room / all;
        Line::from(vec!["[".into(), "#".repeat(full).fg(colour(version)), "-".repeat(room - full).dark_gray(), "]".into(), words.into()])
    }

    fn guards(&self) -> Line<'static> {
        let verdicts = self.canary.map(|canary| canary.verdicts.as_slice()).unwrap_or_default();
        if verdicts.is_empty() {
            return Line::default();
        }
        let mut spans = Vec::new();
        for verdict in verdicts {
            spans.push(if spans.is_empty() { "guards ".into() } else { ", ".into() });
            spans.push(format!("{} ", verdict.guard).into());
            spans.push(match verdict.verdict.as_str() {
                "pass" => "ok".green(),
                "fail" => "FAIL".red().bold(),
                // Not sure yet: it waits for more searches.
                _ => "wait".dark_gray(),
            });
        }
        Line::from(spans)
    }

    /// Each user keeps its place, so that a flip would be seen.
    fn crowd(&self, area: Rect, buffer: &mut Buffer) {
        let rows = self.counts.users.chunks(usize::from(area.width.max(1)));
        for (row, users) in area.rows().zip(rows) {
            Line::from_iter(users.iter().map(mark)).render(row, buffer);
        }
    }

    fn table(&self, area: Rect, buffer: &mut Buffer) {
        let header = columns("collection", "sign", "users", "req/s", "p50", "p95", "answers");
        let users = self.counts.at_home();
        let rows = Version::ALL.into_iter().map(|version| {
            let now = self.now[version as usize];
            let busy = |text: String| if now.per_second > 0.0 { text } else { "-".to_owned() };
            let row = columns(
                version.collection(),
                sign(version),
                &users[version as usize].to_string(),
                &busy(format!("{:.0}", now.per_second)),
                &busy(format!("{:.1} ms", now.p50_ms)),
                &busy(format!("{:.1} ms", now.p95_ms)),
                &grouped(self.counts.tally(version).answers),
            );
            Line::from(row).fg(colour(version))
        });
        for (line, row) in std::iter::once(Line::from(header).dark_gray()).chain(rows).zip(area.rows()) {
            line.render(row, buffer);
        }
    }

    fn totals(&self) -> Line<'static> {
        let counts = self.counts;
        let bad = |number: u64| {
            let text = grouped(number).bold();
            if number == 0 { text.green() } else { text.red() }
        };
        Line::from(vec![
            format!("searches {}  fallbacks ! ", grouped(counts.searches)).into(),
            grouped(counts.fallbacks).bold(),
            "  errors X ".into(),
            bad(counts.errors),
            "  flips ".into(),
            bad(counts.flipped() as u64),
        ])
    }
}

fn columns(collection: &str, sign: &str, users: &str, rate: &str, p50: &str, p95: &str, answers: &str) -> String {
    format!("{collection:<10} {sign:<4} {users:>5} {rate:>5} {p50:>9} {p95:>10} {answers:>9}")
}

/// The newest entries that fit, the oldest of them first. An entry that alone is too long keeps its beginning.
fn told(story: &[Entry], width: usize, height: usize) -> Vec<String> {
    let mut shown: Vec<String> = Vec::new();
    for entry in story.iter().rev() {
        let mut lines = entry.lines(width);
        if shown.is_empty() && lines.len() > height {
            lines.truncate(height);
        }
        if shown.len() + lines.len() > height {
            break;
        }
        shown.splice(0..0, lines);
    }
    shown
}

fn lines(area: Rect, buffer: &mut Buffer, lines: Vec<String>) {
    for (line, row) in lines.into_iter().zip(area.rows()) {
        Line::from(line).render(row, buffer);
    }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
