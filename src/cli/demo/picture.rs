//! One frame of the live view: every user a square, both variants a row, and the promises below. Drawn by `screen`.

use std::time::Duration;

use ratatui_core::layout::{Constraint, Layout, Rect};
use ratatui_core::style::{Color, Style, Stylize};
use ratatui_core::terminal::Frame;
use ratatui_core::text::{Line, Span};
use ratatui_widgets::block::{Block, Padding};
use ratatui_widgets::borders::BorderType;
use ratatui_widgets::paragraph::Paragraph;
use ratatui_widgets::table::{Row, Table};

use super::traffic::Variant;
use super::watch::{Act, Now, User};

const SQUARE: &str = "■";
const MOST_ROWS: u16 = 6;
/// Border, act, ramp, legend, table, two promises, what somebody just asked, and the gaps between them.
const FIXED_ROWS: u16 = 14;
const BORDERS: u16 = 4;

/// All that the view shows, borrowed for one frame.
#[derive(Debug)]
pub(super) struct Picture<'a> {
    pub(super) elapsed: Duration,
    pub(super) number: usize,
    pub(super) of: usize,
    pub(super) act: &'a Act,
    /// All the shares of the ramp, in per cent.
    pub(super) ramp: &'a [u32],
    pub(super) users: &'a [User],
    pub(super) now: [Now; 2],
    pub(super) rescued: u64,
    pub(super) saw_error: usize,
    pub(super) flipped_back: usize,
    pub(super) remark: &'a str,
}

/// Rows the view needs for so many users in a terminal of this width.
pub(super) fn height(users: usize, width: u16) -> u16 {
    FIXED_ROWS + user_rows(users, width.saturating_sub(BORDERS))
}

fn user_rows(users: usize, width: u16) -> u16 {
    let rows = users.div_ceil(usize::from(width.max(1)));
    u16::try_from(rows).unwrap_or(MOST_ROWS).clamp(1, MOST_ROWS)
}

pub(super) fn colour(variant: Variant) -> Color {
    match variant {
        Variant::Stable => Color::Cyan,
        Variant::Candidate => Color::Green,
    }
}

pub(super) fn clock(elapsed: Duration) -> String {
    format!("{}:{:02}", elapsed.as_secs() / 60, elapsed.as_secs() % 60)
}

impl Picture<'_> {
    pub(super) fn draw(&self, frame: &mut Frame<'_>) {
        let block = Block::bordered()
            .border_type(BorderType::Rounded)
            .border_style(Style::new().dark_gray())
            .title(" Pointsman ".bold())
            .title(Line::from(format!(" {} ", clock(self.elapsed))).right_aligned())
            .padding(Padding::horizontal(1));
        let inside = block.inner(frame.area());
        frame.render_widget(block, frame.area());
        let rows = user_rows(self.users.len(), inside.width);
        let heights = [1, 1, 1, rows, 1, 1, 3, 1, 1, 1, 1].map(Constraint::Length);
        let [act, ramp, _, users, legend, _, table, _, promises, answered, remark] = Layout::vertical(heights).areas(inside);
        let title = Line::from(vec![format!("{}/{}  ", self.number, self.of).dark_gray(), Span::from(&self.act.title).bold()]);
        frame.render_widget(title, act);
        frame.render_widget(self.ramp(), ramp);
        frame.render_widget(self.crowd(users), users);
        frame.render_widget(self.legend(users), legend);
        frame.render_widget(self.table(), table);
        frame.render_widget(self.promises(), promises);
        frame.render_widget(self.answered_for(), answered);
        frame.render_widget(Line::from(self.remark).italic().dark_gray(), remark);
    }

    fn ramp(&self) -> Line<'_> {
        let mut spans = vec!["share of the new version  ".dark_gray()];
        for (index, step) in self.ramp.iter().enumerate() {
            if index > 0 {
                spans.push(" ── ".dark_gray());
            }
            let text = format!("{step} %");
            spans.push(match step.cmp(&self.act.weight) {
                std::cmp::Ordering::Less => text.fg(colour(Variant::Candidate)),
                std::cmp::Ordering::Equal => format!(" {text} ").black().bg(colour(Variant::Candidate)).bold(),
                std::cmp::Ordering::Greater => text.dark_gray(),
            });
        }
        Line::from(spans)
    }

    /// Every user a square that keeps its place, so that one who moved back would be seen to.
    fn crowd(&self, area: Rect) -> Paragraph<'_> {
        let lines = self.users.chunks(usize::from(area.width.max(1))).take(usize::from(area.height));
        let squares = |row: &[User]| Line::from_iter(row.iter().map(|user| SQUARE.fg(user_colour(user))));
        Paragraph::new(lines.map(squares).collect::<Vec<_>>())
    }

    fn legend(&self, area: Rect) -> Line<'_> {
        let [stable, candidate] = self.act.users;
        let (low, high) = self.act.bounds();
        let share = candidate as f64 * 100.0 / (stable + candidate).max(1) as f64;
        let shown = usize::from(area.width) * usize::from(area.height);
        let mut spans = vec![
            SQUARE.fg(colour(Variant::Stable)),
            format!(" {stable} stable  ").into(),
            SQUARE.fg(colour(Variant::Candidate)),
            format!(" {candidate} candidate, {share:.1} %").into(),
            format!(" (chance {low}–{high})  ").dark_gray(),
            SQUARE.fg(Color::Yellow),
            " saved by stable".into(),
        ];
        if self.users.len() > shown {
            spans.push(format!("  (the first {shown} of {})", self.users.len()).dark_gray());
        }
        Line::from(spans)
    }

    fn table(&self) -> Table<'_> {
        let rows = Variant::ALL.map(|variant| {
            let (now, tally) = (self.now[variant as usize], &self.act.tallies[variant as usize]);
            let busy = now.per_second > 0.0;
            let milliseconds = |value: f64| if busy { format!("{value:.1} ms") } else { "-".to_owned() };
            let found = tally.found_percent().map_or_else(|| "-".to_owned(), |percent| format!("{percent:.0} %"));
            Row::new([
                variant.name().to_owned(),
                format!("{:.0}", now.per_second),
                milliseconds(now.p50_ms),
                milliseconds(now.p95_ms),
                tally.requests.to_string(),
                tally.rescued.to_string(),
                found,
            ])
            .fg(colour(variant))
        });
        let widths = [10, 7, 9, 9, 9, 8, 17].map(Constraint::Length);
        let header = Row::new(["variant", "req/s", "p50", "p95", "requests", "failed", "article in top 3"]);
        Table::new(rows, widths).header(header.dark_gray())
    }

    fn promises(&self) -> Line<'_> {
        Line::from(vec![
            "users that flipped back: ".into(),
            count(self.flipped_back),
            "    users that saw an error: ".into(),
            count(self.saw_error),
        ])
    }

    fn answered_for(&self) -> Line<'_> {
        let shown = self.rescued.to_string();
        let shown = if self.rescued > 0 { shown.yellow().bold() } else { shown.into() };
        Line::from(vec!["failed on the candidate and answered by stable: ".into(), shown])
    }
}

/// A number that ought to be nought.
fn count(number: usize) -> Span<'static> {
    let shown = number.to_string().bold();
    if number == 0 { shown.green() } else { shown.red() }
}

fn user_colour(user: &User) -> Color {
    match user.variant {
        _ if user.saw_error => Color::Red,
        _ if user.just_rescued => Color::Yellow,
        Some(variant) => colour(variant),
        None => Color::DarkGray,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use ratatui_core::backend::TestBackend;
    use ratatui_core::terminal::Terminal;

    use super::super::watch::Watch;
    use super::*;

    #[test]
    fn the_view_fits_its_height_and_shows_what_was_promised() {
        let (users, width) = (400, 80);
        let mut watch = Watch::new(users);
        watch.begin("A quarter of the users", 25, Instant::now());
        let now = watch.now(Instant::now());
        let picture = Picture {
            elapsed: Duration::from_secs(83),
            number: 3,
            of: 7,
            act: &watch.acts[0],
            ramp: &[0, 5, 25, 50, 100],
            users: &watch.users,
            now,
            rescued: 12,
            saw_error: 0,
            flipped_back: 0,
            remark: "the last line",
        };
        let mut terminal = Terminal::new(TestBackend::new(width, height(users, width))).unwrap();
        terminal.draw(|frame| picture.draw(frame)).unwrap();
        let shown = terminal.backend().to_string();
        for expected in ["1:23", "3/7  A quarter", "flipped back: 0", "saw an error: 0", "by stable: 12", "the last line", "candidate"] {
            assert!(shown.contains(expected), "{expected} is not in\n{shown}");
        }
        let squares = shown.matches(SQUARE).count();
        assert_eq!(squares, users + 3, "every user and the legend\n{shown}");
    }
}
