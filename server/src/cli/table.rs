//! Rows under headings, as wide as they need to be.

use std::fmt;

/// Text for a terminal: what programs chose may hold sequences, and those are not for this terminal.
pub(super) fn plain(text: &str) -> String {
    let harmless = |c: char| match c {
        c if c.is_control() => '\u{fffd}',
        // They turn the text around them the other way.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c => c,
    };
    text.chars().map(harmless).collect()
}

/// A table.
#[derive(Debug)]
pub(super) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// A table with these headings.
    pub(super) fn new(headings: [&str; N]) -> Self {
        Self {
            rows: vec![headings.map(str::to_owned)],
        }
    }

    /// A further row; its texts are made [`plain`].
    pub(super) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| plain(&cell)));
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in &self.rows {
            let cells = row
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("{cell:width$}"));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_and_hold_no_sequences() {
        let mut table = Table::new(["ID", "TITLE"]);
        table.row(["0123".into(), "\u{1b}[31mred\u{202e}".into()]);
        table.row(["4".into(), String::new()]);
        assert_eq!(
            table.to_string(),
            "ID    TITLE\n0123  \u{fffd}[31mred\u{fffd}\n4\n"
        );
    }
}
