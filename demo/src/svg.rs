//! Frames of a terminal as an SVG picture that moves by CSS alone, so that it plays where a page shows it as an image.
//!
//! All frames stand below one another on a strip, and the strip is pulled through a window. Rows that repeat are written
//! once. Where nothing moves, and for readers who asked for less motion, the poster at the head of the strip is seen.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::time::Duration;

use ratatui_core::buffer::{Buffer, Cell};
use ratatui_core::style::{Color, Modifier};

/// The advance of DejaVu Sans Mono at the size below; `textLength` holds other fonts to it.
const CHARACTER: f64 = 8.43;
const LINE: u16 = 18;
const MARGIN: u16 = 12;
const BASELINE: u16 = 13;

/// One frame, and how long it is to be seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shot<'a> {
    pub(crate) buffer: &'a Buffer,
    pub(crate) stays: Duration,
}

/// The whole picture. Without a poster the first shot is what stands still.
pub(crate) fn film(shots: &[Shot<'_>], poster: Option<&Buffer>) -> String {
    let Some(first) = poster.or(shots.first().map(|shot| shot.buffer)) else { return String::new() };
    let (columns, rows) = (first.area.width, first.area.height);
    let (width, height) = ((f64::from(columns) * CHARACTER).ceil() as u16 + 2 * MARGIN, rows * LINE + 2 * MARGIN);
    let inner = rows * LINE;
    let mut strip = Strip::default();
    for buffer in std::iter::once(first).chain(shots.iter().map(|shot| shot.buffer)) {
        strip.add(buffer);
    }
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" xml:space=\"preserve\" role=\"img\" \
         aria-label=\"Pointsman demo in a terminal\">\n<style>\n{STYLE}"
    );
    text += &motion(shots, inner);
    let _ = write!(
        text,
        "</style>\n<defs>\n{}</defs>\n<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#12161c\"/>\n\
         <svg x=\"{MARGIN}\" y=\"{MARGIN}\" width=\"{}\" height=\"{inner}\"><g class=\"strip\">\n{}</g></svg>\n</svg>\n",
        strip.rows,
        width - 2 * MARGIN,
        strip.frames
    );
    text
}

const STYLE: &str = "text{font:14px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre;fill:#d7dde5}\
.b{font-weight:700}.c1{fill:#4fc3d9}.c2{fill:#e3b341}.c3{fill:#56d364}.c4{fill:#ff7b72}.c5{fill:#d2a8ff}.c6{fill:#8b949e}\
.r{fill:#12161c}.box{fill:#d7dde5}\n";

/// Step by step through the frames behind the poster.
fn motion(shots: &[Shot<'_>], inner: u16) -> String {
    let total: Duration = shots.iter().map(|shot| shot.stays).sum();
    if shots.len() < 2 || total.is_zero() {
        return String::new();
    }
    let mut steps = String::new();
    let mut passed = Duration::ZERO;
    for (index, shot) in shots.iter().enumerate() {
        let percent = 100.0 * passed.as_secs_f64() / total.as_secs_f64();
        let _ = write!(steps, "{percent:.2}%{{transform:translateY(-{}px)}}", (index + 1) * usize::from(inner));
        passed += shot.stays;
    }
    let _ = write!(steps, "100%{{transform:translateY(-{}px)}}", shots.len() * usize::from(inner));
    format!(
        "@keyframes film{{{steps}}}\n.strip{{animation:film {:.1}s step-end infinite}}\n\
         @media (prefers-reduced-motion:reduce){{.strip{{animation:none}}}}\n",
        total.as_secs_f64()
    )
}

/// The frames below one another, as references to rows.
#[derive(Debug, Default)]
struct Strip {
    known: HashMap<String, usize>,
    rows: String,
    frames: String,
    line: usize,
}

impl Strip {
    fn add(&mut self, buffer: &Buffer) {
        let width = usize::from(buffer.area.width.max(1));
        for cells in buffer.content.chunks(width) {
            let drawn = row(cells);
            if !drawn.is_empty() {
                let next = self.known.len();
                let number = *self.known.entry(drawn).or_insert_with_key(|drawn| {
                    let _ = writeln!(self.rows, "<g id=\"r{next}\">{drawn}</g>");
                    next
                });
                let _ = write!(self.frames, "<use href=\"#r{number}\" y=\"{}\"/>", self.line * usize::from(LINE));
            }
            self.line += 1;
        }
        self.frames.push('\n');
    }
}

/// One text for each style in the row, with spaces where other styles have their characters.
fn row(cells: &[Cell]) -> String {
    let mut layers: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut boxes = String::new();
    for (column, cell) in cells.iter().enumerate() {
        let reversed = cell.modifier.contains(Modifier::REVERSED);
        if reversed && boxes.is_empty() {
            let wide = cells.iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED)).count();
            let (x, width) = (column as f64 * CHARACTER, wide as f64 * CHARACTER);
            boxes = format!("<rect class=\"box\" x=\"{x:.1}\" width=\"{width:.1}\" height=\"{LINE}\"/>");
        }
        if cell.symbol() != " " {
            let (start, text) = layers.entry(class(cell)).or_insert_with(|| (column, String::new()));
            let written = *start + text.chars().count();
            text.extend(std::iter::repeat_n(' ', column - written));
            text.push_str(cell.symbol());
        }
    }
    let mut drawn = boxes;
    for (class, (start, text)) in layers {
        let (x, length) = (start as f64 * CHARACTER, text.chars().count() as f64 * CHARACTER);
        let text = escaped(&text);
        let _ = write!(drawn, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{BASELINE}\" textLength=\"{length:.1}\">{text}</text>");
    }
    drawn
}

fn class(cell: &Cell) -> String {
    let colour = match cell.fg {
        _ if cell.modifier.contains(Modifier::REVERSED) => "r",
        Color::Cyan => "c1",
        Color::Yellow => "c2",
        Color::Green => "c3",
        Color::Red => "c4",
        Color::Magenta => "c5",
        Color::DarkGray => "c6",
        _ => "c",
    };
    if cell.modifier.contains(Modifier::BOLD) { format!("{colour} b") } else { colour.to_owned() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use ratatui_core::layout::Rect;
    use ratatui_core::style::Stylize;
    use ratatui_core::text::Line;
    use ratatui_core::widgets::Widget;

    use super::*;

    fn frame(lines: &[Line<'_>]) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, lines.len() as u16));
        for (line, row) in lines.iter().zip(buffer.area.rows()) {
            line.render(row, &mut buffer);
        }
        buffer
    }

    #[test]
    fn styles_are_layers_that_keep_every_character_in_its_column() {
        let mixed = frame(&[Line::from(vec!["a".cyan(), "<".into(), "b".cyan()])]);
        assert_eq!(
            row(&mixed.content),
            "<text class=\"c\" x=\"8.4\" y=\"13\" textLength=\"8.4\">&lt;</text><text class=\"c1\" x=\"0.0\" y=\"13\" textLength=\"25.3\">a b</text>"
        );
    }

    #[test]
    fn a_row_that_repeats_is_written_once() {
        let [first, second] = [["same".into(), "one".into()], ["same".into(), "two".into()]].map(|lines| frame(&lines));
        let shots = [&first, &second].map(|buffer| Shot { buffer, stays: Duration::from_secs(1) });
        let picture = film(&shots, Some(&second));
        assert_eq!(picture.matches(">same<").count(), 1);
        assert_eq!(picture.matches("<use href=\"#r0\"").count(), 3, "in the poster and both frames\n{picture}");
        assert!(picture.contains("50.00%{transform:translateY(-72px)}") && picture.contains("film 2.0s step-end"), "{picture}");
    }

    #[test]
    fn a_film_of_one_frame_stands_still() {
        let only = frame(&["still".into()]);
        let picture = film(&[Shot { buffer: &only, stays: Duration::from_secs(1) }], None);
        assert!(picture.contains("still") && !picture.contains("keyframes"), "{picture}");
    }
}
