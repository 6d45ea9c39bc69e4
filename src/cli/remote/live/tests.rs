//! Frames of documents that the API has answered, compared with what they looked like when they were last written down.
//! `UPDATE_FRAMES=1` writes them down as they are now.

use std::fmt::Write;
use std::path::PathBuf;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier};
use serde_json::Value;

use super::super::{canary, deployment, experiment, shadow};
use super::{Keyboard, Look, View, frame};

type Draw = fn(&Value, Look) -> View;

/// A document, when it is looked at, and the function that draws it.
const RECORDED: [(&str, &str, i64, Draw); 5] = [
    ("canary_stepping", include_str!("recorded/canary_stepping.json"), 1_795_900_214_000, canary::view),
    ("canary_paused", include_str!("recorded/canary_paused.json"), 1_795_900_250_000, canary::view),
    ("deployment_copying", include_str!("recorded/deployment_copying.json"), 1_795_900_250_000, deployment::view),
    ("experiment", include_str!("recorded/experiment.json"), 1_795_900_260_000, experiment::view),
    ("shadow", include_str!("recorded/shadow.json"), 1_795_900_260_000, shadow::view),
];
const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

fn drawn(document: &str, now: i64, view: Draw, (width, height): (u16, u16), colours: bool) -> Buffer {
    let document: Value = serde_json::from_str(document).expect("JSON");
    let view = view(&document, Look { now, width: usize::from(width) });
    let lines = frame::lines(&view, "", Some(Keyboard::default()), usize::from(width), usize::from(height));
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    frame::paint(&lines, colours, area, &mut buffer);
    buffer
}

/// As it reads.
fn text(buffer: &Buffer) -> String {
    let row = |row: Rect| row.columns().map(|cell| buffer[(cell.x, cell.y)].symbol()).collect::<String>().trim_end().to_owned();
    buffer.area.rows().map(row).collect::<Vec<_>>().join("\n").trim_end().to_owned() + "\n"
}

/// As it reads, with each run of another colour in braces.
fn painted(buffer: &Buffer) -> String {
    let mut out = String::new();
    for row in buffer.area.rows() {
        let mut now = String::new();
        for at in row.columns() {
            let cell = &buffer[(at.x, at.y)];
            let bold = if cell.modifier.contains(Modifier::BOLD) { "bold " } else { "" };
            let paint = if cell.fg == Color::Reset { bold.to_owned() } else { format!("{bold}{}", cell.fg) };
            if paint != now {
                if !now.is_empty() {
                    out.push('}');
                }
                if !paint.is_empty() {
                    let _ = write!(out, "{{{}: ", paint.trim_end());
                }
                now = paint;
            }
            out.push_str(cell.symbol());
        }
        if !now.is_empty() {
            out.push('}');
        }
        out = out.trim_end_matches(' ').to_owned();
        out.push('\n');
    }
    out.trim_end().to_owned() + "\n"
}

fn compare(name: &str, found: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/cli/remote/live/frames").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_FRAMES").is_some() {
        std::fs::write(&file, found).expect("the frame can be written");
    }
    let wanted = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(wanted == found, "{name} is drawn otherwise:\n{found}");
}

#[test]
fn frames_look_as_they_did() {
    for (name, document, now, view) in RECORDED {
        for size in SIZES {
            let plain = text(&drawn(document, now, view, size, false));
            compare(&format!("{name}.{}x{}", size.0, size.1), &plain);
        }
        compare(&format!("{name}.80x24.colours"), &painted(&drawn(document, now, view, SIZES[0], true)));
    }
}

#[test]
fn colours_say_nothing_that_words_and_signs_do_not() {
    for (name, document, now, view) in RECORDED {
        for size in SIZES {
            let [plain, coloured] = [false, true].map(|colours| drawn(document, now, view, size, colours));
            assert_eq!(text(&plain), text(&coloured), "{name}");
            let without = |cell: &ratatui_core::buffer::Cell| cell.fg == Color::Reset && cell.bg == Color::Reset;
            assert!(plain.content().iter().all(without), "{name}");
        }
    }
}

#[test]
fn a_terminal_that_is_too_small_keeps_the_keys() {
    let (_, document, now, view) = RECORDED[0];
    let small = text(&drawn(document, now, view, (40, 5), false));
    assert_eq!(small.lines().count(), 5);
    assert!(small.lines().last().is_some_and(|keys| keys.starts_with("p pause   s skip")), "{small}");
}
