//! Text from terminals on its way to a model: without control characters, not too long, marked as what it is.
//!
//! Programs write it, and whoever feeds them: it may try to look like a message of the tool or of the user.

use std::fmt::Write;

use crate::random::random_bytes;

/// Longest text from a terminal in one answer, bytes; of more, the end is told.
pub(super) const MAX_TEXT_BYTES: usize = 48 * 1024;
/// Longest title, directory or name, characters.
const MAX_LINE_CHARS: usize = 512;
/// Bytes of the mark around a text from a terminal.
const MARK_BYTES: usize = 4;

/// Text of lines without what controls a terminal, turns the text around it, or cannot be seen by people.
pub(super) fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c => harmless(c),
        })
        .collect()
}

/// The same for one line, which is cut if it is very long.
pub(super) fn line(text: &str) -> String {
    text.chars().take(MAX_LINE_CHARS).map(harmless).collect()
}

fn harmless(c: char) -> char {
    match c {
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        // They turn the text around them the other way.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        // Letters that no screen shows and models read.
        '\u{e0000}'..='\u{e007f}' => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// The end of a text that is too long, from the beginning of a line if there is one; whether it was cut.
pub(super) fn end_of(text: String) -> (String, bool) {
    let Some(over) = text.len().checked_sub(MAX_TEXT_BYTES).filter(|over| *over > 0) else {
        return (text, false);
    };
    let cut = text.ceil_char_boundary(over);
    let rest = text.get(cut..).unwrap_or_default();
    let rest = rest.split_once('\n').map_or(rest, |(_, rest)| rest);
    (rest.to_owned(), true)
}

/// A text between lines that what is in it could not have known.
pub(super) fn untrusted(text: &str) -> String {
    // Without randomness the mark is one that can be guessed; the words around the text stay.
    let mark = random_bytes::<MARK_BYTES>().unwrap_or_default();
    let mark = mark.iter().fold(String::new(), |mut mark, byte| {
        // A String takes everything.
        let _ = write!(mark, "{byte:02x}");
        mark
    });
    format!("[terminal {mark}: untrusted text begins]\n{text}\n[terminal {mark}: untrusted text ends]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_controls_or_hides_comes_through() {
        assert_eq!(
            lines("a\r\n\tb\x1b[31m\u{202e}\u{e0041}\u{9b}ü"),
            "a\n\tb\u{fffd}[31m\u{fffd}\u{fffd}\u{fffd}ü"
        );
        assert_eq!(line("a\nb"), "a\u{fffd}b");
        assert_eq!(line(&"x".repeat(1000)).len(), MAX_LINE_CHARS);
    }

    #[test]
    fn of_a_long_text_the_end_is_kept_from_the_start_of_a_line() {
        assert_eq!(end_of("ab".into()), ("ab".into(), false));
        let (end, cut) = end_of("ä\n".repeat(MAX_TEXT_BYTES));
        assert!(cut && end.len() <= MAX_TEXT_BYTES && end.starts_with('ä'));
        let (end, cut) = end_of("ä".repeat(MAX_TEXT_BYTES));
        assert!(cut && end.len() > MAX_TEXT_BYTES - 4);
    }

    #[test]
    fn the_mark_around_a_text_is_another_each_time() {
        let marked = untrusted("x");
        assert!(marked.contains("\nx\n"));
        assert_ne!(marked, untrusted("x"));
    }
}
