//! A view as a frame of so many columns and rows.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;
use ratatui_core::text::Line;
use ratatui_core::widgets::Widget;

use super::super::table::{broken, shortened};
use super::parts::dim;
use super::{Keyboard, View};

/// Lines of an answer to a key.
const MOST_NOTICE: usize = 4;

/// The lines of a frame: the view, what came of the last key, and the keys. A view that is too tall loses its last lines,
/// never the keys.
pub(super) fn lines(view: &View, notice: &str, keyboard: Option<Keyboard>, width: usize, height: usize) -> Vec<Line<'static>> {
    let said = notice.lines().flat_map(|line| broken(line, width)).take(MOST_NOTICE);
    let mut below: Vec<Line<'static>> = said.map(Line::raw).collect();
    if let Some(keyboard) = keyboard {
        below.push(Line::styled(shortened(&keyboard.legend(&view.keys), width), dim()));
    }
    let room = height.saturating_sub(below.len());
    view.lines.iter().take(room).cloned().chain(below).collect()
}

/// Draws them. Without colours everything that colours say is still there: in words and signs.
pub(super) fn paint(lines: &[Line<'static>], colours: bool, area: Rect, buffer: &mut Buffer) {
    for (line, row) in lines.iter().zip(area.rows()) {
        line.render(row, buffer);
    }
    if !colours {
        buffer.set_style(area, Style::reset());
    }
}
