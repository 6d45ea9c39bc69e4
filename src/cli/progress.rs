//! How far a command is that takes its time: one line on standard error that is written over, where that is a terminal.
//! Elsewhere nothing is said before the end.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// More often would be too fast to read.
const EVERY: Duration = Duration::from_millis(200);
const BAR: usize = 30;
/// Back to the beginning of the line, and nothing behind what is written.
const OVER: &str = "\r\u{1b}[K";

/// Of how much how much is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Done {
    pub(super) done: u64,
    pub(super) of: u64,
    pub(super) what: &'static str,
    /// It ends then, also if there is more to do.
    pub(super) at_most: Option<Duration>,
}

#[derive(Debug)]
pub(super) struct ProgressLine {
    began: Instant,
    drawn: Option<Instant>,
    watched: bool,
}

impl ProgressLine {
    pub(super) fn begin() -> Self {
        Self { began: Instant::now(), drawn: None, watched: io::stderr().is_terminal() }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn show(&mut self, done: Done) {
        if self.watched && self.drawn.is_none_or(|drawn| drawn.elapsed() >= EVERY) {
            self.drawn = Some(Instant::now());
            write(&format!("{OVER}{}", in_words(done, self.began.elapsed())));
        }
    }

    /// Takes the line away: what comes next says how it ended.
    pub(super) fn end(self) {
        if self.drawn.is_some() {
            write(OVER);
        }
    }
}

/// A terminal that has gone away needs no line.
fn write(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// `██████░░░░ 312 of 1000 questions, 12/s, 0:57 left`
fn in_words(Done { done, of, what, at_most }: Done, elapsed: Duration) -> String {
    let part = if of == 0 { 1.0 } else { done as f64 / of as f64 };
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    let by_rate = (rate > 0.0).then(|| Duration::from_secs_f64((of.saturating_sub(done) as f64 / rate).min(1e9)));
    let left = by_rate.into_iter().chain(at_most).min().map_or_else(String::new, |left| format!(", {} left", clock(left)));
    format!("{} {done} of {of} {what}, {rate:.0}/s{left}", bar(part, BAR))
}

/// `████░░░░`
pub(super) fn bar(fraction: f64, width: usize) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the width of a terminal")]
    let full = (fraction.clamp(0.0, 1.0) * width as f64).floor() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(width.saturating_sub(full)))
}

/// `4:05`, `1:04:05` or `2 d 01:04:05`.
pub(super) fn clock(length: Duration) -> String {
    let seconds = length.as_secs();
    let (days, hours, minutes, seconds) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes}:{seconds:02}"),
        (0, _) => format!("{hours}:{minutes:02}:{seconds:02}"),
        _ => format!("{days} d {hours:02}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long() {
        let done = Done { done: 250, of: 1000, what: "questions", at_most: None };
        let wanted = format!("{}{} 250 of 1000 questions, 25/s, 0:30 left", "█".repeat(7), "░".repeat(23));
        assert_eq!(in_words(done, Duration::from_secs(10)), wanted);
        let bounded = |seconds| Done { at_most: Some(Duration::from_secs(seconds)), ..done };
        assert!(in_words(bounded(20), Duration::from_secs(10)).ends_with(", 0:20 left"));
        assert!(in_words(bounded(65), Duration::from_secs(10)).ends_with(", 0:30 left"));
        let nothing = Done { done: 0, of: 0, ..done };
        assert!(in_words(nothing, Duration::ZERO).ends_with("0 of 0 questions, 0/s"));
    }

    #[test]
    fn bars_and_clocks() {
        assert_eq!((bar(0.5, 4), bar(0.0, 2), bar(7.0, 2)), ("██░░".to_owned(), "░░".to_owned(), "██".to_owned()));
        assert_eq!([245, 3_845, 176_645].map(|seconds| clock(Duration::from_secs(seconds))), ["4:05", "1:04:05", "2 d 01:04:05"]);
    }
}
