//! Where the demo speaks: a picture that fills the terminal, or one plain line after another where there is no room for it.

use std::io::{self, IsTerminal, Stdout, Write};
use std::time::{Duration, Instant};

use ratatui_core::buffer::Buffer;
use ratatui_core::style::Color;
use ratatui_core::terminal::Terminal;
use ratatui_crossterm::CrosstermBackend;
use ratatui_crossterm::crossterm::cursor::{Hide, Show};
use ratatui_crossterm::crossterm::execute;
use ratatui_crossterm::crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen};

use crate::collections::Version;
use crate::error::DemoError;
use crate::frame::{LEAST, View};
use crate::quiet::Quiet;
use crate::record::Recorder;
use crate::text::{clock, grouped, wrap};

/// How often a plain line tells how things stand.
const PLAIN_EVERY: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Screen {
    place: Place,
    picture: Option<Picture>,
    recorder: Option<Recorder>,
    /// Entries of the story that were printed.
    told: usize,
    spoke: Instant,
}

/// What standard output is.
#[derive(Clone, Copy, Debug)]
struct Place {
    terminal: bool,
    colour: bool,
}

/// How to show things there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Picture,
    Lines,
}

impl Place {
    fn find() -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self { terminal: io::stdout().is_terminal() && !dumb, colour: !set("NO_COLOR") }
    }

    fn mode(self, size: Option<(u16, u16)>) -> Mode {
        match size {
            Some((width, height)) if self.terminal && width >= LEAST.0 && height >= LEAST.1 => Mode::Picture,
            _ => Mode::Lines,
        }
    }

    /// Asked each time, since windows change.
    fn size(self) -> Option<(u16, u16)> {
        io::stdout().is_terminal().then(terminal::size).and_then(Result::ok)
    }
}

impl Screen {
    pub(crate) fn new(recorder: Option<Recorder>) -> Self {
        Self { place: Place::find(), picture: None, recorder, told: 0, spoke: Instant::now() }
    }

    /// One line before or after the play, as it is: commands are to be copied.
    pub(crate) fn say(&self, line: &str) -> Result<(), DemoError> {
        print(&[line])
    }

    /// A sentence, broken at words where the terminal is narrower.
    pub(crate) fn tell(&self, sentence: &str) -> Result<(), DemoError> {
        match self.place.size() {
            Some((width, _)) => {
                let indent = sentence.len() - sentence.trim_start().len();
                print(&wrap(sentence, usize::from(width), indent + 2))
            }
            None => print(&[sentence]),
        }
    }

    /// How things stand now.
    pub(crate) fn show(&mut self, view: &View<'_>) -> Result<(), DemoError> {
        if let Some(recorder) = &mut self.recorder {
            recorder.see(view);
        }
        if self.place.mode(self.place.size()) == Mode::Picture {
            let picture = match &mut self.picture {
                Some(picture) => picture,
                picture @ None => picture.insert(Picture::open().map_err(DemoError::io("opening the picture in the terminal"))?),
            };
            return picture.draw(view, self.place.colour).map_err(DemoError::io("drawing in the terminal"));
        }
        self.picture = None;
        for entry in view.story.get(self.told..).unwrap_or_default() {
            self.tell(&entry.to_string())?;
        }
        self.told = view.story.len();
        if self.spoke.elapsed() >= PLAIN_EVERY {
            self.spoke = Instant::now();
            self.tell(&plain(view))?;
        }
        Ok(())
    }

    /// Takes the picture away and writes the recording.
    pub(crate) fn close(&mut self) -> Result<(), DemoError> {
        self.picture = None;
        let Some(recorder) = self.recorder.take() else { return Ok(()) };
        let what = format!("writing {}", recorder.file().display());
        recorder.write().map_err(DemoError::io(what))
    }
}

/// The terminal while the picture fills it; put back as it was when dropped.
#[derive(Debug)]
struct Picture {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    _quiet: Option<Quiet>,
}

impl Picture {
    fn open() -> io::Result<Self> {
        let quiet = Quiet::keep();
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        // From here on dropping puts back what was changed.
        let picture = Self { terminal, _quiet: quiet };
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        Ok(picture)
    }

    fn draw(&mut self, view: &View<'_>, colour: bool) -> io::Result<()> {
        self.terminal.draw(|frame| {
            let area = frame.area();
            frame.render_widget(view, area);
            if !colour {
                without_colour(frame.buffer_mut());
            }
        })?;
        Ok(())
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // A terminal that was closed cannot be put back, and needs not be.
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    }
}

fn print(lines: &[impl AsRef<str>]) -> Result<(), DemoError> {
    let mut out = io::stdout().lock();
    let written = lines.iter().try_for_each(|line| writeln!(out, "{}", line.as_ref())).and_then(|()| out.flush());
    written.map_err(DemoError::io("writing to standard output"))
}

/// Bold and reversed stay.
fn without_colour(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        (cell.fg, cell.bg) = (Color::Reset, Color::Reset);
    }
}

fn plain(view: &View<'_>) -> String {
    let counts = view.counts;
    let users = counts.at_home();
    let mut text = format!("{} ", clock(view.elapsed));
    if let Some(canary) = view.canary {
        text += &format!("canary to {} {} at {} %; ", canary.collection, canary.state, canary.current_percentage);
    }
    let served = Version::ALL.map(|version| format!("{} {}", version.collection(), users[version as usize]));
    text += &format!(
        "users on {}; {} searches, {} fallbacks, {} errors seen, {} flips",
        served.join(", "),
        grouped(counts.searches),
        grouped(counts.fallbacks),
        grouped(counts.errors),
        counts.flipped()
    );
    text
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
