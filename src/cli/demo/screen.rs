//! Where the demo speaks: in a terminal a view that stays in place with the story scrolling by above it, anywhere else
//! one plain line after another.

use std::io::{self, IsTerminal, Stdout, Write};
use std::time::{Duration, Instant};

use ratatui_core::terminal::{Terminal, TerminalOptions, Viewport};
use ratatui_core::text::Line;
use ratatui_core::widgets::Widget;
use ratatui_crossterm::CrosstermBackend;
use ratatui_crossterm::crossterm::terminal;
use ratatui_widgets::paragraph::{Paragraph, Wrap};

use super::error::DemoError;
use super::picture::{self, Picture};
use super::traffic::Variant;

/// How often a plain line tells how things stand.
const PLAIN_EVERY: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Screen {
    terminal: bool,
    view: Option<View>,
    spoke: Instant,
}

type View = Terminal<CrosstermBackend<Stdout>>;

impl Screen {
    pub(super) fn new() -> Self {
        Self { terminal: io::stdout().is_terminal(), view: None, spoke: Instant::now() }
    }

    /// One line of the story, for good.
    pub(super) fn say(&mut self, line: impl Into<Line<'static>>) -> Result<(), DemoError> {
        let line = line.into();
        let Some(view) = &mut self.view else { return print(&line) };
        let width = view.size().map_err(DemoError::io("asking how wide the terminal is"))?.width.max(1);
        let paragraph = Paragraph::new(line).wrap(Wrap { trim: false });
        let rows = u16::try_from(paragraph.line_count(width)).unwrap_or(1);
        let inserted = view.insert_before(rows, |buffer| paragraph.render(buffer.area, buffer));
        inserted.map_err(DemoError::io("writing to the terminal"))
    }

    /// How things stand now.
    pub(super) fn show(&mut self, picture: &Picture<'_>) -> Result<(), DemoError> {
        if self.terminal {
            let view = match &mut self.view {
                Some(view) => view,
                view @ None => view.insert(open(picture.users.len())?),
            };
            view.draw(|frame| picture.draw(frame)).map_err(DemoError::io("drawing in the terminal"))?;
        } else if self.spoke.elapsed() >= PLAIN_EVERY {
            self.spoke = Instant::now();
            print(&plain(picture))?;
        }
        Ok(())
    }

    /// Takes the view away; what was said stays.
    pub(super) fn close(&mut self) -> Result<(), DemoError> {
        let Some(mut view) = self.view.take() else { return Ok(()) };
        view.clear().map_err(DemoError::io("clearing the view"))?;
        view.show_cursor().map_err(DemoError::io("showing the cursor again"))
    }
}

fn open(users: usize) -> Result<View, DemoError> {
    let backend = CrosstermBackend::new(io::stdout());
    let (width, _) = terminal::size().map_err(DemoError::io("asking how wide the terminal is"))?;
    let options = TerminalOptions { viewport: Viewport::Inline(picture::height(users, width)) };
    Terminal::with_options(backend, options).map_err(DemoError::io("opening a view in the terminal"))
}

fn print(line: &Line<'_>) -> Result<(), DemoError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(DemoError::io("writing to standard output"))
}

fn plain(picture: &Picture<'_>) -> Line<'static> {
    let mut text = format!("{:>5}  {:>3} %", picture::clock(picture.elapsed), picture.act.weight);
    for variant in Variant::ALL {
        let (now, users) = (picture.now[variant as usize], picture.act.users[variant as usize]);
        text += &format!("  | {} {users} users, {:.0} req/s, p95 {:.1} ms", variant.name(), now.per_second, now.p95_ms);
    }
    text += &format!(
        "  | answered by stable {}, errors seen by {} users, flipped back {}",
        picture.rescued, picture.saw_error, picture.flipped_back
    );
    Line::from(text)
}
