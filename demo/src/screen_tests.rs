//! Where a picture is shown, and what the plain lines say.

use super::*;
use crate::acts;
use crate::canary::tests::canary;
use crate::counts::Counts;

#[test]
fn a_picture_needs_a_terminal_of_its_least_size() {
    let place = |terminal| Place { terminal, colour: true };
    for (size, mode) in [
        (Some((80, 24)), Mode::Picture),
        (Some((120, 40)), Mode::Picture),
        (Some((60, 16)), Mode::Picture),
        (Some((50, 12)), Mode::Lines),
        (Some((59, 50)), Mode::Lines),
        (Some((200, 15)), Mode::Lines),
        (None, Mode::Lines),
    ] {
        assert_eq!(place(true).mode(size), mode, "{size:?}");
    }
    assert_eq!(place(false).mode(Some((80, 24))), Mode::Lines, "a pipe, or a terminal that cannot place its cursor");
}

#[test]
fn a_plain_line_says_all_that_the_picture_counts_and_breaks_at_words() {
    let canary = canary(Version::Two, "stepping", 30.0, &[]);
    let act = acts::failing();
    let counts = Counts::new(1_000);
    let now = Default::default();
    let elapsed = Duration::from_secs(21);
    let view = View { elapsed, act: &act, canary: Some(&canary), counts: &counts, now, story: &[], question: "" };
    let line = plain(&view);
    assert_eq!(
        line,
        "0:21 canary to docs_v2 stepping at 30 %; users on docs_v1 0, docs_v2 0, docs_v3 0; 0 searches, 0 fallbacks, 0 errors seen, 0 flips"
    );
    let narrow = wrap(&line, 50, 2);
    assert!(narrow.len() > 1 && narrow.iter().all(|line| line.len() <= 50), "{narrow:#?}");
}

#[test]
fn without_colour_the_characters_and_their_weight_stay() {
    let mut buffer = Buffer::with_lines(["text"]);
    let style = ratatui_core::style::Style::new().fg(Color::Red).bg(Color::Blue).add_modifier(ratatui_core::style::Modifier::BOLD);
    buffer.set_style(buffer.area, style);
    without_colour(&mut buffer);
    for cell in &buffer.content {
        assert_eq!((cell.fg, cell.bg, cell.modifier), (Color::Reset, Color::Reset, ratatui_core::style::Modifier::BOLD));
    }
}
