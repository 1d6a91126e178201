//! Text that others chose, made fit for a terminal: harmless, not too long, in rows by the cells it takes.

use ratatui::text::Span;

use crate::cli::table::plain;

/// Signs that take no cell of their own and may follow each other; languages need no more.
const MAX_MARKS: usize = 4;

/// At most `max_chars` characters of a text, made [`plain`], without towers of marks.
pub(super) fn tame(text: &str, max_chars: usize) -> String {
    let mut marks = 0;
    let few = |c: &char| {
        marks = if cells_of(*c) == 0 { marks + 1 } else { 0 };
        marks <= MAX_MARKS
    };
    plain(text).chars().filter(few).take(max_chars).collect()
}

/// Cells that a text takes in a row.
pub(super) fn cells(text: &str) -> usize {
    Span::raw(text).width()
}

fn cells_of(c: char) -> usize {
    cells(c.encode_utf8(&mut [0; 4]))
}

/// Rows of at most `width` cells, broken between words where that is possible; at least one.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let mut rows = Vec::new();
    let (mut row, mut taken) = (String::new(), 0);
    for word in text.split(' ') {
        let gap = usize::from(!row.is_empty());
        if gap > 0 && taken + gap + cells(word) > width {
            rows.push(std::mem::take(&mut row));
            taken = 0;
        } else if gap > 0 {
            row.push(' ');
            taken += gap;
        }
        for c in word.chars() {
            if taken + cells_of(c) > width {
                rows.push(std::mem::take(&mut row));
                taken = 0;
            }
            row.push(c);
            taken += cells_of(c);
        }
    }
    rows.push(row);
    rows
}

/// The beginning of a text in at most `width` cells, with a sign if that is not all of it.
pub(super) fn cut(text: &str, width: usize) -> String {
    if cells(text) <= width {
        return text.to_owned();
    }
    let mut taken = 1;
    let fits = |c: &char| {
        taken += cells_of(*c);
        taken <= width
    };
    let mut short: String = text.chars().take_while(fits).collect();
    if width > 0 {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_never_wider_and_lose_nothing() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrapped("日本語", 4), ["日本", "語"]);
        assert_eq!(wrapped("", 10), [""]);
        for width in 2..20 {
            let rows = wrapped("a日本 語 word longer-than-that  x", width);
            assert!(rows.iter().all(|row| cells(row) <= width), "{width}: {rows:?}");
        }
    }

    #[test]
    fn what_others_chose_is_tamed() {
        assert_eq!(
            tame("\u{1b}[1mq\u{301}\u{323}", 100),
            "\u{fffd}[1mq\u{301}\u{323}"
        );
        assert_eq!(
            tame(&("a".to_owned() + &"\u{301}".repeat(999)), 100)
                .chars()
                .count(),
            5
        );
        assert_eq!(tame(&"long".repeat(99), 5), "longl");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("x", 0), "");
    }
}
