//! Live views: a rollout that is followed, drawn again in place while it moves.
//!
//! ```text
//! view     what is to be seen of a rollout: lines of text, and the keys that act on it (made by each noun's `view`)
//! parts    bars, tracks and clocks that views are made of
//! frame    a view, the answer to the last key and the time, drawn into so many columns and rows; a pure function
//! keys     what a key does, and that some are asked for twice
//! screen   the terminal: raw mode, an inline viewport, the keys as they come
//! ```
//!
//! `rollout` drives it. Views know the API's JSON alone, so that frames can be tested without a terminal or a server.

mod frame;
mod keys;
mod parts;
mod screen;
#[cfg(test)]
mod tests;

use ratatui_core::text::Line;

pub(super) use self::keys::{Act, Key, Keyboard};
pub(super) use self::parts::{Step, bad, bar, clock, dim, heading, period_ms, sentence, sign, track, worth_a_look};
pub(super) use self::screen::{Screen, is_there};

/// Where and when a view is drawn.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli::remote) struct Look {
    pub(super) now: i64,
    pub(super) width: usize,
}

/// What is to be seen of a rollout.
#[derive(Clone, Debug, Default)]
pub(in crate::cli::remote) struct View {
    pub(super) lines: Vec<Line<'static>>,
    pub(super) keys: Vec<Key>,
}
