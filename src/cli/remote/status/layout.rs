//! Words within 80 columns, which every terminal has.

use unicode_width::UnicodeWidthStr;

use crate::cli::remote::table::harmless;

pub(super) const WIDTH: usize = 80;

/// Breaks a text at spaces. The lines after the first begin with as many spaces as `indent` is long. A word that is longer than a
/// line, such as an id, stays whole: it is there to be copied.
pub(super) fn wrapped(first: &str, text: &str, indent: usize) -> String {
    let (mut lines, mut line) = (Vec::new(), first.to_owned());
    let mut is_empty = true;
    for word in harmless(text).split_whitespace() {
        let gap = usize::from(!is_empty);
        if !is_empty && line.width() + gap + word.width() > WIDTH {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines.join("\n")
}

/// A text of several lines below its name.
pub(super) fn section(name: &str, lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { format!("{name}\n{}", lines.join("\n")) }
}

/// The beginning and the end of a name that is longer: versions stand at the end.
pub(super) fn shortened(name: &str, width: usize) -> String {
    if name.width() <= width {
        return name.to_owned();
    }
    let characters: Vec<char> = name.chars().collect();
    let (head, tail) = (width / 2, width.saturating_sub(width / 2 + 1));
    let end = characters.len().saturating_sub(tail);
    let cut = characters.iter().take(head).chain(['…'].iter()).chain(&characters[end..]);
    cut.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces_and_ids_are_not() {
        let said = wrapped("  waits for ", &"traffic ".repeat(12), 4);
        assert!(said.lines().all(|line| line.width() <= WIDTH) && said.lines().count() == 2, "{said}");
        assert!(said.starts_with("  waits for traffic") && said.lines().nth(1).is_some_and(|line| line.starts_with("    traffic")));
        let id = "x".repeat(90);
        assert_eq!(wrapped("", &format!("a {id}"), 2), format!("a\n  {id}"));
    }

    #[test]
    fn names_keep_their_beginning_and_their_end() {
        assert_eq!((shortened("docs_v1", 7), shortened("documents_v17", 7)), ("docs_v1".to_owned(), "doc…v17".to_owned()));
    }

    #[test]
    fn what_is_shown_is_not_obeyed() {
        assert_eq!(wrapped("", "a\u{1b}[2Jb", 0), "a\\u{1b}[2Jb");
    }
}
