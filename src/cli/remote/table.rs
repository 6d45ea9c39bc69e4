//! Columns, aligned, with colours for those who see them. What an answer holds is shown, never obeyed: a name or a reason
//! may come from any client, and a terminal executes control characters.

mod cut;
mod fit;

use clap::builder::styling::{AnsiColor, Style as Paint};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

pub(in crate::cli) use self::cut::{broken, shortened};
use self::fit::{Wish, widths};
use super::fields::words;

const GAP: &str = "  ";
/// A name of which less is left says nothing.
const LEAST_NAME: usize = 10;
/// Sentences in a narrower column are hard to read.
const LEAST_PROSE: usize = 28;

/// How words are put on the screen.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Style {
    pub(super) colours: bool,
    /// What "3 m ago" is reckoned from, in milliseconds.
    pub(super) now: i64,
    /// The columns that a line may take.
    pub(super) width: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Shortened where there is no room.
    Name,
    /// To the right, and never shortened.
    Number,
    /// Never shortened: a part of it would mislead.
    Whole,
    /// Broken into lines that stay in its column.
    Prose,
}

#[derive(Clone, Debug)]
pub(in crate::cli) struct Cell {
    text: String,
    kind: Kind,
    paint: Option<AnsiColor>,
}

impl Cell {
    pub(in crate::cli) fn text(text: impl Into<String>) -> Self {
        Self { text: harmless(&text.into()), kind: Kind::Name, paint: None }
    }

    /// A sentence that is wanted whole.
    pub(in crate::cli) fn prose(text: impl Into<String>) -> Self {
        Self { kind: Kind::Prose, ..Self::text(text) }
    }

    /// A time, an interval, or what else means something else when it is cut.
    pub(in crate::cli) fn whole(text: impl Into<String>) -> Self {
        Self { kind: Kind::Whole, ..Self::text(text) }
    }

    pub(in crate::cli) fn of(value: &Value) -> Self {
        let cell = Self::text(words(value));
        if value.is_number() { Self { kind: Kind::Number, ..cell } } else { cell }
    }

    /// As it stands in a sentence.
    pub(in crate::cli) fn shown(self) -> String {
        self.text
    }

    /// To the right, so that digits stand below each other.
    pub(in crate::cli) fn number(text: impl Into<String>) -> Self {
        Self { kind: Kind::Number, ..Self::text(text) }
    }

    /// A state or a verdict, in the colour of what it means.
    pub(in crate::cli) fn state(word: impl Into<String>) -> Self {
        let cell = Self::text(word);
        Self { paint: meaning(&cell.text), ..cell }
    }
}

/// Good, bad, or worth a look.
fn meaning(word: &str) -> Option<AnsiColor> {
    match word.split([' ', ':', ',']).next().unwrap_or_default() {
        "completed" | "pass" | "ok" | "ready" | "compatible" | "done" => Some(AnsiColor::Green),
        "failed" | "fail" | "rolled_back" | "rolling_back" | "rollback_failed" | "aborted" | "refused" | "not" | "blocking" | "on" => {
            Some(AnsiColor::Red)
        }
        "paused" | "inconclusive" | "superseded" | "watching" | "cancelled" | "blocked" => Some(AnsiColor::Yellow),
        _ => None,
    }
}

#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Table {
    head: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(in crate::cli) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { head: head.map(Cell::text).to_vec(), rows: Vec::new() }
    }

    /// Names and values, without a head.
    pub(in crate::cli) fn facts() -> Self {
        Self::default()
    }

    pub(in crate::cli) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
    }

    pub(in crate::cli) fn fact(&mut self, name: &str, value: Cell) {
        self.row([Cell::text(name), Cell { kind: Kind::Prose, ..value }]);
    }

    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Without a line break at the end. No line is wider than the terminal as long as numbers fit into it.
    pub(in crate::cli) fn render(&self, style: Style) -> String {
        let columns = self.columns();
        let wishes: Vec<Wish> = columns.iter().map(|column| column.wish).collect();
        let widths = widths(&wishes, GAP.len(), style.width);
        let head = (!self.head.is_empty()).then_some(&self.head);
        let lines = head.into_iter().chain(&self.rows).flat_map(|row| line(row, &columns, &widths, style));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn columns(&self) -> Vec<Column> {
        let count = self.rows.iter().map(Vec::len).chain([self.head.len()]).max().unwrap_or_default();
        let column = |at: usize| Column::of(self.head.get(at), &self.rows.iter().filter_map(|row| row.get(at)));
        (0..count).map(column).collect()
    }

    /// For lists, which may have nothing in them.
    pub(in crate::cli) fn render_or(&self, none: &str, style: Style) -> String {
        if self.is_empty() { none.to_owned() } else { self.render(style) }
    }
}

#[derive(Clone, Copy, Debug)]
struct Column {
    right: bool,
    prose: bool,
    wish: Wish,
}

impl Column {
    fn of<'c>(head: Option<&Cell>, cells: &(impl Iterator<Item = &'c Cell> + Clone)) -> Self {
        let head = head.map(|cell| cell.text.width()).unwrap_or_default();
        let wanted = cells.clone().map(|cell| cell.text.width()).max().unwrap_or_default().max(head);
        let is = |kind: Kind| cells.clone().any(|cell| cell.kind == kind);
        let (right, prose) = (is(Kind::Number), is(Kind::Prose));
        let least = match prose {
            _ if right || is(Kind::Whole) => wanted,
            true => LEAST_PROSE,
            false => LEAST_NAME.max(head),
        };
        Self { right, prose, wish: Wish { wanted, least: least.min(wanted) } }
    }
}

/// A row of cells as lines: more than one where a sentence has no room on one.
fn line(row: &[Cell], columns: &[Column], widths: &[usize], style: Style) -> Vec<String> {
    let parts = |(at, cell): (usize, &Cell)| {
        if columns[at].prose { broken(&cell.text, widths[at]) } else { vec![shortened(&cell.text, widths[at])] }
    };
    let cells: Vec<Vec<String>> = row.iter().enumerate().map(parts).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or_default();
    let one = |line: usize| {
        let placed = cells.iter().enumerate().map(|(at, parts)| {
            let text = parts.get(line).map(String::as_str).unwrap_or_default();
            placed(text, row[at].paint.filter(|_| style.colours), widths[at], columns[at].right)
        });
        placed.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    (0..height).map(one).collect()
}

fn placed(text: &str, paint: Option<AnsiColor>, width: usize, right: bool) -> String {
    let space = " ".repeat(width.saturating_sub(text.width()));
    let text = match paint.filter(|_| !text.is_empty()) {
        Some(colour) => {
            let paint = Paint::new().fg_color(Some(colour.into()));
            format!("{paint}{text}{paint:#}")
        }
        None => text.to_owned(),
    };
    if right { format!("{space}{text}") } else { format!("{text}{space}") }
}

/// Control characters as their escapes, line breaks too.
pub(in crate::cli) fn harmless(text: &str) -> String {
    let shown = |character: char| if character.is_control() { character.escape_default().to_string() } else { character.to_string() };
    text.chars().map(shown).collect()
}

/// A name as a shell takes it.
pub(super) fn shell_word(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:".contains(&byte);
    if !name.is_empty() && name.bytes().all(plain) { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::PLAIN;
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["ALIAS", "STATE", "UNITS"]);
        table.row([Cell::text("docs"), Cell::state("completed"), Cell::number("7")]);
        table.row([Cell::text("文書"), Cell::state("failed"), Cell::number("1200")]);
        table
    }

    #[test]
    fn columns_are_aligned_also_where_letters_are_wide() {
        assert_eq!(table().render(PLAIN), "ALIAS  STATE      UNITS\ndocs   completed      7\n文書   failed      1200");
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let painted = table().render(Style { colours: true, ..PLAIN });
        assert!(painted.contains("\u{1b}[32mcompleted\u{1b}[0m "), "{painted:?}");
        let stripped = painted.replace("\u{1b}[32m", "").replace("\u{1b}[31m", "").replace("\u{1b}[0m", "");
        assert_eq!(stripped, table().render(PLAIN));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut table = Table::new(["CANARY", "STATE", "UNITS", "BECAUSE"]);
        let because = "the canary's error rate less stable's is at most 7.13 points, within the margin of 20 points";
        table.row([Cell::text("canary_01M8HRV3M20DK49QTKDKCGVT5F"), Cell::state("pass"), Cell::number("1200"), Cell::prose(because)]);
        let text = table.render(Style { width: 60, ..PLAIN });
        assert!(text.lines().count() > 3 && text.lines().all(|line| line.width() <= 60), "{text}");
        assert!(text.contains("canary_0") && text.contains('…') && text.split_whitespace().any(|word| word == "20"), "{text}");
        assert_eq!(table.render(PLAIN).lines().count(), 2);
    }

    #[test]
    fn what_is_shown_is_not_obeyed() {
        assert_eq!(Cell::text("a\u{1b}[2Jb\nc").text, "a\\u{1b}[2Jb\\nc");
    }

    #[test]
    fn an_empty_list_says_so() {
        assert_eq!(Table::new(["A"]).render_or("there are no routes", PLAIN), "there are no routes");
    }
}
