//! The terminal of a live view: an inline viewport, so that what stood above stays and the last frame stays too.

use std::io::{self, IsTerminal, Stdout, Write};
use std::time::Duration;

use ratatui_core::layout::Position;
use ratatui_core::terminal::{Terminal, TerminalOptions, Viewport};
use ratatui_crossterm::CrosstermBackend;
use ratatui_crossterm::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui_crossterm::crossterm::{execute, terminal};

use super::frame;
use super::{Keyboard, View};

type Inline = Terminal<CrosstermBackend<Stdout>>;

pub(in crate::cli::remote) struct Screen {
    terminal: Inline,
    height: u16,
    colours: bool,
    /// As many lines as the last frame had.
    drawn: u16,
}

/// Whether there is a terminal to draw on and a keyboard to listen to.
pub(in crate::cli::remote) fn is_there() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    io::stdout().is_terminal() && io::stdin().is_terminal() && !dumb
}

impl Screen {
    pub(in crate::cli::remote) fn open(colours: bool) -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        let height = 1;
        let terminal = inline(height).inspect_err(|_| restore())?;
        Ok(Self { terminal, height, colours, drawn: 0 })
    }

    pub(in crate::cli::remote) fn width(&self) -> usize {
        self.terminal.size().map_or(80, |size| usize::from(size.width))
    }

    /// Draws a frame over the one before.
    pub(in crate::cli::remote) fn draw(&mut self, view: &View, notice: &str, keyboard: Option<Keyboard>) -> io::Result<()> {
        let size = self.terminal.size()?;
        let lines = frame::lines(view, notice, keyboard, usize::from(size.width), usize::from(size.height).saturating_sub(1));
        let wanted = u16::try_from(lines.len()).unwrap_or(u16::MAX).max(1);
        if wanted > self.height {
            // A viewport cannot grow: a taller one begins where it began.
            let origin = self.terminal.get_frame().area().as_position();
            self.terminal.clear()?;
            self.terminal.set_cursor_position(origin)?;
            self.terminal = inline(wanted)?;
            self.height = wanted;
        }
        let colours = self.colours;
        self.terminal.draw(|drawn| frame::paint(&lines, colours, drawn.area(), drawn.buffer_mut()))?;
        self.drawn = wanted;
        Ok(())
    }

    /// The keys since the last call, in their order; none stands for Ctrl-C.
    pub(in crate::cli::remote) fn pressed(&mut self) -> io::Result<Vec<Option<char>>> {
        let mut pressed = Vec::new();
        while event::poll(Duration::ZERO)? {
            let Event::Key(key) = event::read()? else { continue };
            if key.kind != KeyEventKind::Press {
                continue;
            }
            match key.code {
                KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => pressed.push(None),
                KeyCode::Char(character) => pressed.push(Some(character)),
                KeyCode::Esc => pressed.push(Some(' ')),
                _ => {}
            }
        }
        Ok(pressed)
    }

    /// Goes below the last frame and gives the terminal back.
    pub(in crate::cli::remote) fn close(mut self) -> io::Result<()> {
        let area = self.terminal.get_frame().area();
        let last = area.y + self.drawn.saturating_sub(1).min(area.height.saturating_sub(1));
        self.terminal.set_cursor_position(Position { x: 0, y: last })?;
        let mut out = io::stdout();
        write!(out, "\r\n")?;
        execute!(out, terminal::Clear(terminal::ClearType::FromCursorDown))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn inline(height: u16) -> io::Result<Inline> {
    let mut terminal = Terminal::with_options(CrosstermBackend::new(io::stdout()), TerminalOptions { viewport: Viewport::Inline(height) })?;
    terminal.hide_cursor()?;
    Ok(terminal)
}

/// A terminal that is gone needs no restoring.
fn restore() {
    let _ = terminal::disable_raw_mode();
    let _ = execute!(io::stdout(), ratatui_crossterm::crossterm::cursor::Show);
}
