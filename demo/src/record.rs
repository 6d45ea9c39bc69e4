//! Records frames and writes them as one animated SVG. Used by `screen` for `--record`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::widgets::Widget;

use crate::frame::View;
use crate::svg;

const SIZE: Rect = Rect { x: 0, y: 0, width: 80, height: 24 };
/// Between two recorded frames, and on the film how long the first of them stays.
const EVERY: Duration = Duration::from_millis(1_500);
const ON_FILM: Duration = Duration::from_millis(1_000);
const LAST_ON_FILM: Duration = Duration::from_secs(4);

#[derive(Debug)]
pub(crate) struct Recorder {
    file: PathBuf,
    frames: Vec<Buffer>,
    seen: Option<Duration>,
    /// The frame to show where pictures do not move: the last one of the rollback.
    poster: Option<usize>,
}

impl Recorder {
    pub(crate) fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), frames: Vec::new(), seen: None, poster: None }
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn see(&mut self, view: &View<'_>) {
        let rolled_back = view.canary.is_some_and(|canary| canary.state == "rolled_back");
        let due = self.seen.is_none_or(|seen| view.elapsed >= seen + EVERY);
        let first_of_it = rolled_back && self.poster.is_none();
        if !due && !first_of_it {
            return;
        }
        self.seen = Some(view.elapsed);
        if rolled_back {
            self.poster = Some(self.frames.len());
        }
        let mut buffer = Buffer::empty(SIZE);
        view.render(SIZE, &mut buffer);
        self.frames.push(buffer);
    }

    pub(crate) fn write(self) -> io::Result<()> {
        let mut film: Vec<svg::Shot<'_>> = self.frames.iter().map(|buffer| svg::Shot { buffer, stays: ON_FILM }).collect();
        if let Some(last) = film.last_mut() {
            last.stays = LAST_ON_FILM;
        }
        let poster = self.frames.get(self.poster.unwrap_or_default());
        fs::write(&self.file, svg::film(&film, poster))
    }
}
