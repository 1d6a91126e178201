//! The last lines of an ended session's output as plain text, for people who ask why it ended.
//!
//! A small reading of the bytes, not a terminal: lines, carriage returns, backspaces and erased line ends are
//! honoured, every other control sequence is left out.

use std::path::Path;

use sempre_journal::{ReadAt, Reader};

/// How much of the output's end is looked at, bytes.
const WINDOW_BYTES: u64 = 64 * 1024;
/// A line longer than this is cut, characters.
const MAX_LINE_CHARS: usize = 1000;

/// The last `count` lines that are not blank at the end, of the journal in `directory`. Empty if there are none or
/// they cannot be read. Blocks.
pub(super) fn of_journal(directory: &Path, count: usize) -> Vec<String> {
    let bytes = end_of_journal(directory).unwrap_or_default();
    of_bytes(&bytes, count)
}

fn end_of_journal(directory: &Path) -> Option<Vec<u8>> {
    let mut reader = Reader::open(directory).ok()?;
    let bounds = reader.bounds().ok()?;
    let start = bounds
        .end_offset
        .saturating_sub(WINDOW_BYTES)
        .max(bounds.base_offset);
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    let mut at = start;
    while at < bounds.end_offset {
        match reader.read_at(at, &mut chunk) {
            Ok(ReadAt::Bytes(taken)) => {
                bytes.extend_from_slice(chunk.get(..taken)?);
                at += taken as u64;
            }
            // What is before a gap is not what the lines after it follow.
            Ok(
                ReadAt::Gap { resumes_at }
                | ReadAt::Trimmed {
                    base_offset: resumes_at,
                },
            ) => {
                bytes.clear();
                at = resumes_at.max(at + 1);
            }
            Ok(ReadAt::End) | Err(_) => break,
        }
    }
    if start > bounds.base_offset {
        // The window begins anywhere.
        let line_end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or_default();
        bytes.drain(..line_end);
    }
    Some(bytes)
}

/// The last `count` lines of `bytes` that are not blank at the end.
fn of_bytes(bytes: &[u8], count: usize) -> Vec<String> {
    let mut page = Page::default();
    for char in String::from_utf8_lossy(bytes).chars() {
        page.take(char);
    }
    let mut lines = page.lines();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let skipped = lines.len().saturating_sub(count);
    lines.split_off(skipped)
}

/// Inside what a character stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Within {
    #[default]
    Text,
    Escape,
    Csi,
    /// OSC, DCS, APC, PM or SOS; ended by BEL or by what begins another sequence.
    Text7,
}

#[derive(Debug, Default)]
struct Page {
    done: Vec<String>,
    line: Vec<char>,
    column: usize,
    within: Within,
    params: String,
}

impl Page {
    fn take(&mut self, char: char) {
        self.within = match (self.within, char) {
            (_, '\u{1b}') => {
                self.params.clear();
                Within::Escape
            }
            // CAN and SUB break a sequence off.
            (_, '\u{18}' | '\u{1a}') => Within::Text,
            (Within::Text, char) => {
                self.text(char);
                Within::Text
            }
            (Within::Escape, '[') => Within::Csi,
            (Within::Escape, ']' | 'P' | '_' | '^' | 'X') => Within::Text7,
            (Within::Escape, ' '..='/') => Within::Escape,
            (Within::Escape, _) => Within::Text,
            (Within::Csi, '@'..='~') => {
                self.csi(char);
                Within::Text
            }
            (Within::Csi, char) => {
                self.params.push(char);
                Within::Csi
            }
            (Within::Text7, '\u{7}') => Within::Text,
            (Within::Text7, _) => Within::Text7,
        };
    }

    fn text(&mut self, char: char) {
        match char {
            '\n' => {
                let line = std::mem::take(&mut self.line);
                self.done.push(shown(&line));
                // A line feed alone keeps the column; shells always send both.
                self.column = 0;
            }
            '\r' => self.column = 0,
            '\u{8}' => self.column = self.column.saturating_sub(1),
            '\t' => self.column = (self.column / 8 + 1) * 8,
            char if char.is_control() => {}
            char => {
                if self.column < MAX_LINE_CHARS {
                    self.line.resize(self.line.len().max(self.column + 1), ' ');
                    if let Some(cell) = self.line.get_mut(self.column) {
                        *cell = char;
                    }
                }
                self.column += 1;
            }
        }
    }

    fn csi(&mut self, last: char) {
        match (last, self.params.as_str()) {
            ('K', "" | "0") => self.line.truncate(self.column),
            ('K', "2") => self.line.clear(),
            // A screen that was cleared shows nothing of what was before.
            ('J', "2" | "3") => {
                self.done.clear();
                self.line.clear();
            }
            _ => {}
        }
    }

    fn lines(mut self) -> Vec<String> {
        self.done.push(shown(&self.line));
        self.done
    }
}

fn shown(line: &[char]) -> String {
    let text: String = line.iter().collect();
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_without_sequences() {
        let bytes = b"\x1b]0;title\x07\x1b[1;31merror:\x1b[0m no such file\r\n\x1b(B\x1bPq#1\x1b\\ok\r\n\r\n";
        assert_eq!(of_bytes(bytes, 20), ["error: no such file", "ok"]);
    }

    #[test]
    fn what_was_overwritten_is_gone() {
        assert_eq!(of_bytes(b"10%\r100%\r\n", 5), ["100%"]);
        assert_eq!(of_bytes(b"a long line\r\x1b[Kshort", 5), ["short"]);
        assert_eq!(of_bytes(b"ab\x08c\r\n", 5), ["ac"]);
        assert_eq!(of_bytes(b"old\r\n\x1b[2J\x1b[Hnew", 5), ["new"]);
    }

    #[test]
    fn only_the_last_lines_come() {
        let text: String = (1..=30).map(|n| format!("{n}\r\n")).collect();
        assert_eq!(of_bytes(text.as_bytes(), 3), ["28", "29", "30"]);
        assert_eq!(of_bytes(b"", 3), [""; 0]);
        assert_eq!(of_bytes(b"\r\n\r\n", 3), [""; 0]);
    }

    #[test]
    fn no_bytes_do_harm() {
        for byte in 0..=255 {
            of_bytes(&[byte, b'x', byte, 0x1b, byte, b'[', byte, b'\t', byte], 3);
        }
        assert_eq!(of_bytes(&[b'x'; 5000], 1)[0].len(), MAX_LINE_CHARS);
    }
}
