//! The end of an ended session's output as plain text: its last lines, for people who ask why it ended, and what
//! stood on its screen.
//!
//! Read from the newest part of the journal alone, at the size the session had last: cheap, and enough for text.

use std::path::Path;

use sempre_journal::{ReadAt, Reader};
use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, Screen};

/// How much of the output's end is looked at, bytes.
const WINDOW_BYTES: u64 = 256 * 1024;
/// Lines kept above the screen while looking; callers ask for fewer.
const KEPT_LINES: usize = 200;

/// The last `count` lines that were written, without blank ones at their end; a line that wraps is one. Empty if
/// there are none or they cannot be read. Blocks.
pub(super) fn of_journal(directory: &Path, size: Size, count: usize) -> Vec<String> {
    last_lines(&engine_at_end(directory, size), count)
}

/// What stood on the screen at the end, a line each, without blank ones at the end. Blocks.
pub(super) fn last_screen(directory: &Path, size: Size) -> Vec<String> {
    let lines = engine_at_end(directory, size).screen_lines();
    without_blank_end(
        lines
            .iter()
            .map(|line| line.text().trim_end().to_owned())
            .collect(),
    )
}

fn engine_at_end(directory: &Path, size: Size) -> Engine {
    let mut engine = Engine::new(size.clamped(), KEPT_LINES, Offset::ZERO);
    engine.feed(&end_of_journal(directory).unwrap_or_default());
    engine
}

/// The newest output, at most [`WINDOW_BYTES`], from the beginning of a line on unless it is all there is; empty if it
/// cannot be read. Blocks.
pub(super) fn newest_output(directory: &Path) -> Vec<u8> {
    end_of_journal(directory).unwrap_or_default()
}

fn end_of_journal(directory: &Path) -> Option<Vec<u8>> {
    let mut reader = Reader::open(directory).ok()?;
    let bounds = reader.bounds().ok()?;
    let start = bounds
        .end_offset
        .saturating_sub(WINDOW_BYTES)
        .max(bounds.base_offset);
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
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
        // The window begins anywhere: inside a sequence or a character too.
        let line_end = bytes.iter().position(|&byte| byte == b'\n');
        bytes.drain(..line_end.map_or(0, |at| at + 1));
    }
    Some(bytes)
}

/// The last lines of the normal buffer: what a full-screen program drew is no line.
fn last_lines(engine: &Engine, count: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for number in engine.first_line()..engine.end_line() {
        let Some(line) = engine.line(number) else { continue };
        match lines.last_mut() {
            Some(before) if line.wrapped => before.push_str(&line.text()),
            _ => lines.push(line.text()),
        }
    }
    let lines = lines.iter().map(|line| line.trim_end().to_owned()).collect();
    let mut lines = without_blank_end(lines);
    lines.split_off(lines.len().saturating_sub(count))
}

fn without_blank_end(mut lines: Vec<String>) -> Vec<String> {
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], count: usize) -> Vec<String> {
        let mut engine = Engine::new(Size::new(20, 5), KEPT_LINES, Offset::ZERO);
        engine.feed(bytes);
        last_lines(&engine, count)
    }

    #[test]
    fn lines_come_without_sequences_and_as_they_stood() {
        let bytes = b"\x1b]0;title\x07\x1b[1;31merror:\x1b[0m no file\r\n10%\r100%\r\n\r\n\r\n";
        assert_eq!(lines(bytes, 20), ["error: no file", "100%"]);
    }

    #[test]
    fn only_the_last_lines_come_those_that_scrolled_off_too() {
        let text: String = (1..=30).map(|n| format!("{n}\r\n")).collect();
        let expected: Vec<_> = (11..=30).map(|n| n.to_string()).collect();
        assert_eq!(lines(text.as_bytes(), 20), expected);
        assert_eq!(lines(b"", 3), [""; 0]);
    }

    #[test]
    fn a_wrapped_line_is_one() {
        assert_eq!(
            lines(b"abcdefghijklmnopqrstuvwxyz\r\nx", 5),
            ["abcdefghijklmnopqrstuvwxyz", "x"]
        );
    }

    #[test]
    fn a_journal_that_is_not_there_has_no_lines() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(of_journal(&dir.path().join("none"), Size::DEFAULT, 20), [""; 0]);
        assert_eq!(last_screen(dir.path(), Size::DEFAULT), [""; 0]);
    }
}
