//! Frames of several sizes, read as text.

use std::time::Instant;

use ratatui_core::buffer::Cell;

use super::*;
use crate::acts;
use crate::canary::tests::canary;
use crate::counts::tests::answer;

const REASON: &str = "`error_rate` fails: 25 of the 25 units with an error are the canary's, where its share of units would make 2.5 \
                      (p < 0.0001); the canary's error rate less stable's is at least 11.276 points, above the margin of 3 points";

/// What users see shortly after docs_v2 began to fail: each third user is on it, each ninth fell back.
fn frame(width: u16, height: u16) -> Buffer {
    let began = Instant::now();
    let mut counts = Counts::new(1_000);
    counts.begin_rollout(began);
    for user in 0..1_000 {
        let version = if user % 3 == 0 { Version::Two } else { Version::One };
        counts.record(&answer(user, began, version, false));
        if user % 9 == 0 {
            counts.record(&answer(user, began, Version::One, true));
        }
    }
    let now = counts.now(began);
    let steps = [("stepping", 30.0, "the pre-checks passed"), ("rolling_back", 0.0, REASON)];
    let canary = canary(Version::Two, "stepping", 30.0, &steps);
    let entry = |seconds, text: &str| Entry { at: Duration::from_secs(seconds), text: text.to_owned() };
    let story = [entry(7, "an operator starts a canary"), entry(17, &format!("canary to docs_v2: rolling_back: {REASON}"))];
    let act = acts::failing();
    let question = "why is the sky blue? Rainbows (docs_v1)";
    let elapsed = Duration::from_secs(83);
    let view = View { elapsed, act: &act, canary: Some(&canary), counts: &counts, now, story: &story, question };
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    view.render(buffer.area, &mut buffer);
    buffer
}

fn rows(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width);
    buffer.content.chunks(width).map(|cells| cells.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned()).collect()
}

/// Rows of signs and nothing else.
fn users(rows: &[String]) -> usize {
    rows.iter().filter(|row| row.len() >= 40 && row.chars().all(|sign| ".23!X".contains(sign))).count()
}

const EVERYWHERE: [&str; 10] = [
    "Pointsman demo  2/3  A new version that fails",
    "1:23",
    "Now docs_v2 fails half of its searches.",
    "canary to docs_v2 [30 %] 60 %  100 %  stepping, 4 s left",
    "334 of 1000 users",
    "guards error_rate ok, latency_p95 wait",
    "docs_v1    .      666   259    2.0 ms     2.0 ms       778",
    "docs_v2    2      334   111    2.0 ms     2.0 ms       334",
    "searches 1 112  fallbacks ! 112  errors X 0  flips 0",
    "`error_rate`",
];

#[test]
fn every_size_shows_the_story_the_users_and_the_figures_without_colour() {
    for (width, height, user_rows) in [(80, 24, 4), (120, 40, 9), (60, 16, 3), (200, 60, 5)] {
        let rows = rows(&frame(width, height));
        let all = rows.join("\n");
        for expected in EVERYWHERE {
            assert!(all.contains(expected), "`{expected}` is not in {width}x{height}\n{all}");
        }
        assert_eq!(users(&rows), user_rows, "rows of users in {width}x{height}\n{all}");
    }
}

#[test]
fn a_usual_terminal_has_room_for_the_whole_reason_and_a_question() {
    let rows = rows(&frame(80, 24));
    assert!(rows.join("\n").contains("margin of 3 points"), "{rows:#?}");
    assert_eq!(rows.last().map(String::as_str), Some("why is the sky blue? Rainbows (docs_v1)"));
    assert!(rows[0].starts_with("Pointsman demo") && rows[0].ends_with("1:23"));
}

#[test]
fn a_larger_terminal_tells_more_of_the_story_and_shows_every_user() {
    let rows = rows(&frame(120, 40));
    let all = rows.join("\n");
    assert!(all.contains("0:07 an operator starts a canary"), "{all}");
    let signs: usize = rows.iter().filter(|row| row.chars().all(|sign| ".2!".contains(sign))).map(String::len).sum();
    assert_eq!(signs, 1_000, "{all}");
}

#[test]
fn what_colour_says_is_said_by_a_sign_too() {
    let frame = frame(120, 40);
    let colours = [(".", Color::Cyan), ("2", Color::Yellow), ("!", Color::Magenta)];
    let crowd = frame.content.chunks(120).find(|cells| cells.iter().all(|cell| ".2!".contains(cell.symbol()))).expect("a row of users");
    for cell in crowd {
        assert!(colours.contains(&(cell.symbol(), cell.fg)), "{cell:?}");
    }
}
