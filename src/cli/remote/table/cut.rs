//! Text that has to fit into a number of columns.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cut to `width` columns: a sentence at its end, a name in its middle, since names differ at both ends.
pub(in crate::cli) fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let back = if text.contains(' ') { 0 } else { room / 2 };
    format!("{}…{}", front(text, room - back), back_of(text, back))
}

/// Broken between words into lines of at most `width` columns. A longer word is shortened.
pub(in crate::cli) fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let word = shortened(word, width);
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

fn front(text: &str, width: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, character)| {
        used += character.width().unwrap_or_default();
        used > width
    });
    end.map_or(text, |(at, _)| &text[..at])
}

fn back_of(text: &str, width: usize) -> &str {
    let mut used = 0;
    let begin = text.char_indices().rev().take_while(|(_, character)| {
        used += character.width().unwrap_or_default();
        used <= width
    });
    begin.last().map_or("", |(at, _)| &text[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_middle_and_sentences_their_end() {
        assert_eq!(shortened("canary_01M8HRS1X8DSSR2EME8P57ARDS", 15), "canary_…P57ARDS");
        assert_eq!(shortened("the alias leads to it", 12), "the alias l…");
        assert_eq!(shortened("文書文書文書", 7), "文…書");
        assert_eq!(shortened("docs", 4), "docs");
    }

    #[test]
    fn lines_end_between_words() {
        assert_eq!(broken("one two three", 7), ["one two", "three"]);
        assert_eq!(broken("onetwothree four", 7), ["one…ree", "four"]);
        assert_eq!(broken("", 7), [""]);
    }
}
