//! Output as plain text: what was printed, in the order it was, without sequences and without a screen.

use crate::parser::{Parser, Perform, Sequence};

/// Reads output and keeps its text. Sequences may be cut anywhere.
///
/// A line ends at LF, and at a CR that is followed by something else, so that lines drawn over each other stay apart; BS takes
/// the last character of the line back. Where the cursor is sent is not looked at: for that there is the screen.
#[derive(Debug, Default)]
pub struct PlainText {
    parser: Parser,
    text: Text,
}

#[derive(Debug, Default)]
struct Text {
    text: String,
    /// Where the last line begins.
    line: usize,
    /// A CR was the last that came.
    returned: bool,
}

impl PlainText {
    /// Takes output in.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.parser.feed(bytes, &mut self.text);
    }

    /// The text so far that was not dropped.
    pub fn text(&self) -> &str {
        &self.text.text
    }

    /// Drops about the first `count` bytes of the text, whole characters; how many it dropped.
    pub fn drop_front(&mut self, count: usize) -> usize {
        let count = self.text.text.ceil_char_boundary(count);
        self.text.text.drain(..count);
        self.text.line = self.text.line.saturating_sub(count);
        count
    }

    /// All text so far; the next begins empty.
    pub fn take(&mut self) -> String {
        self.text.line = 0;
        std::mem::take(&mut self.text.text)
    }
}

impl Text {
    fn settle(&mut self) {
        if std::mem::take(&mut self.returned) && self.text.len() > self.line {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        self.text.push('\n');
        self.line = self.text.len();
    }
}

impl Perform for Text {
    fn print_ascii(&mut self, text: &[u8]) {
        self.settle();
        self.text.extend(text.iter().map(|&byte| char::from(byte)));
    }

    fn print(&mut self, text: &str) {
        self.settle();
        self.text.push_str(text);
    }

    fn execute(&mut self, control: u8, _: usize) {
        match control {
            b'\n' => {
                self.returned = false;
                self.end_line();
            }
            b'\r' => self.returned = true,
            b'\t' => self.print("\t"),
            0x08 if self.text.len() > self.line => drop(self.text.pop()),
            _ => {}
        }
    }

    fn csi(&mut self, _: &Sequence, _: usize) {}

    fn esc(&mut self, _: &Sequence) {}

    fn osc(&mut self, _: &[u8], _: usize) {}

    fn dcs(&mut self, _: &Sequence, _: &[u8], _: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(output: &[u8]) -> String {
        let whole = {
            let mut plain = PlainText::default();
            plain.feed(output);
            plain.take()
        };
        let mut cut = PlainText::default();
        output.iter().for_each(|byte| cut.feed(&[*byte]));
        assert_eq!(cut.text(), whole, "cuts change nothing");
        whole
    }

    #[test]
    fn sequences_are_gone_and_lines_stay() {
        assert_eq!(
            plain(b"\x1b[1;31mred\x1b[m\r\n\x1b]0;title\x07\xc3\xa4\tb\x1bP1$r\x1b\\c\r\n"),
            "red\nä\tbc\n"
        );
        assert_eq!(plain(b"10%\r20%\r\x1b[K30%\r\n"), "10%\n20%\n30%\n");
        assert_eq!(plain(b"\x1b[?2004l\rls\x08t\r\n"), "lt\n");
        assert_eq!(plain(b"\x08\x08a\n\x08b"), "a\nb");
    }

    #[test]
    fn what_was_read_can_be_dropped() {
        let mut plain = PlainText::default();
        plain.feed("aä\nb".as_bytes());
        assert_eq!(plain.drop_front(2), 3);
        assert_eq!(plain.text(), "\nb");
        plain.feed(b"\x08\x08");
        assert_eq!(plain.text(), "\n");
    }
}
