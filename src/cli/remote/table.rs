//! Columns, aligned, with colours for those who see them. What an answer holds is shown, never obeyed: a name or a reason
//! may come from anybody, and a terminal takes orders in control characters.

use clap::builder::styling::{AnsiColor, Style as Paint};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::fields::words;

/// How words are put on the screen.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Style {
    pub(super) colours: bool,
    /// What "3 m ago" is reckoned from, in milliseconds.
    pub(super) now: i64,
}

#[derive(Clone, Debug)]
pub(in crate::cli) struct Cell {
    text: String,
    number: bool,
    paint: Option<AnsiColor>,
}

impl Cell {
    pub(in crate::cli) fn text(text: impl Into<String>) -> Self {
        Self { text: harmless(&text.into()), number: false, paint: None }
    }

    pub(in crate::cli) fn of(value: &Value) -> Self {
        Self { number: value.is_number(), ..Self::text(words(value)) }
    }

    /// As it stands in a sentence.
    pub(in crate::cli) fn shown(self) -> String {
        self.text
    }

    /// To the right, so that digits stand below each other.
    pub(in crate::cli) fn number(text: impl Into<String>) -> Self {
        Self { number: true, ..Self::text(text) }
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
        self.row([Cell::text(name), Cell { number: false, ..value }]);
    }

    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Without a line break at the end.
    pub(in crate::cli) fn render(&self, style: Style) -> String {
        let columns = self.rows.iter().map(Vec::len).chain([self.head.len()]).max().unwrap_or_default();
        let of = |column: usize| self.rows.iter().filter_map(move |row| row.get(column));
        let right: Vec<bool> = (0..columns).map(|column| of(column).any(|cell| cell.number)).collect();
        let widths: Vec<usize> = (0..columns)
            .map(|column| of(column).chain(self.head.get(column)).map(|cell| cell.text.width()).max().unwrap_or_default())
            .collect();
        let line = |cells: &Vec<Cell>| {
            let parts = cells.iter().enumerate().map(|(column, cell)| placed(cell, widths[column], right[column], style));
            parts.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let head = (!self.head.is_empty()).then_some(&self.head);
        head.into_iter().chain(&self.rows).map(line).collect::<Vec<_>>().join("\n")
    }

    /// For lists, which may have nothing in them.
    pub(in crate::cli) fn render_or(&self, none: &str, style: Style) -> String {
        if self.is_empty() { none.to_owned() } else { self.render(style) }
    }
}

fn placed(cell: &Cell, width: usize, right: bool, style: Style) -> String {
    let space = " ".repeat(width.saturating_sub(cell.text.width()));
    let text = match cell.paint.filter(|_| style.colours) {
        Some(colour) => {
            let paint = Paint::new().fg_color(Some(colour.into()));
            format!("{paint}{}{paint:#}", cell.text)
        }
        None => cell.text.clone(),
    };
    if right { format!("{space}{text}") } else { format!("{text}{space}") }
}

/// Control characters as their escapes, line breaks too.
pub(in crate::cli) fn harmless(text: &str) -> String {
    let shown = |character: char| if character.is_control() { character.escape_default().to_string() } else { character.to_string() };
    text.chars().map(shown).collect()
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
    fn what_is_shown_is_not_obeyed() {
        assert_eq!(Cell::text("a\u{1b}[2Jb\nc").text, "a\\u{1b}[2Jb\\nc");
    }

    #[test]
    fn an_empty_list_says_so() {
        assert_eq!(Table::new(["A"]).render_or("there are no routes", PLAIN), "there are no routes");
    }
}
