//! Output as text: a stretch of the journal as a terminal would have left it, or as it was printed.

use std::io;
use std::path::Path;

use sempre_journal::{ReadAt, Reader};
use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, MAX_SCROLLBACK_LINES, PlainText, Screen as _};

/// Largest stretch of output that is drawn for one answer, bytes; the newest counts.
pub(super) const MAX_DRAWN_BYTES: u64 = 4 * 1024 * 1024;
/// Largest stretch that is answered as plain text, bytes.
const MAX_PLAIN_BYTES: u64 = 16 * 1024 * 1024;

/// What a shell prints to show that output ended without a line end: zsh's, for users and for root, before the
/// command's end is told.
const END_MARKS: [&[u8]; 2] = [
    b"\x1b[1m\x1b[7m%\x1b[27m\x1b[1m\x1b[0m",
    b"\x1b[1m\x1b[7m#\x1b[27m\x1b[1m\x1b[0m",
];
/// Output looked at for such a mark, bytes: a row of spaces follows it.
const END_MARK_REACH_BYTES: usize = 2048;

/// Output from `start` to `end` as it would stand on a terminal of `size`, and whether its beginning is left out.
/// Blocks.
///
/// # Errors
/// If the journal cannot be read.
pub(super) fn drawn_text(
    directory: &Path,
    start: Offset,
    end: Offset,
    size: Size,
) -> io::Result<(String, bool)> {
    let from = start.0.max(end.0.saturating_sub(MAX_DRAWN_BYTES));
    let (mut bytes, missing) = read(directory, from, end.0)?;
    cut_end_mark(&mut bytes);
    let mut engine = Engine::new(size, MAX_SCROLLBACK_LINES, Offset(from));
    engine.feed(&bytes);
    let mut text = String::new();
    for number in engine.first_line()..engine.end_line() {
        let Some(line) = engine.line(number) else { continue };
        if !line.wrapped && number > engine.first_line() {
            text.push('\n');
        }
        text.push_str(&line.text());
    }
    text.truncate(text.trim_end().len());
    Ok((text, missing || from > start.0 || engine.first_line() > 0))
}

/// Output from `start` to `end` as it was printed, without sequences; at most about 16 MiB of output are read. Where
/// the text ends. Blocks.
///
/// # Errors
/// If the journal cannot be read.
pub fn plain_text(directory: &Path, start: Offset, end: Offset) -> io::Result<(String, Offset)> {
    let end = end.min(start.plus(MAX_PLAIN_BYTES));
    let (bytes, _) = read(directory, start.0, end.0)?;
    let mut plain = PlainText::default();
    plain.feed(&bytes);
    Ok((plain.take(), end))
}

/// Output that is kept between two offsets, and whether some is missing.
fn read(directory: &Path, start: u64, end: u64) -> io::Result<(Vec<u8>, bool)> {
    let mut reader = Reader::open(directory)?;
    let mut bytes = Vec::new();
    let (mut at, mut missing) = (start, false);
    while at < end {
        let filled = bytes.len();
        bytes.resize(filled + usize::try_from(end - at).unwrap_or_default(), 0);
        let rest = bytes.get_mut(filled..).unwrap_or_default();
        let count = match reader.read_at(at, rest).map_err(io::Error::other)? {
            ReadAt::Bytes(count) => count,
            ReadAt::End => {
                bytes.truncate(filled);
                missing = true;
                break;
            }
            ReadAt::Gap { resumes_at: next } | ReadAt::Trimmed { base_offset: next } => {
                bytes.truncate(filled);
                missing = true;
                at = next.max(at + 1);
                continue;
            }
        };
        bytes.truncate(filled + count);
        at += count as u64;
    }
    Ok((bytes, missing))
}

fn cut_end_mark(bytes: &mut Vec<u8>) {
    let tail = bytes.len().saturating_sub(END_MARK_REACH_BYTES);
    let found = END_MARKS.iter().find_map(|mark| {
        let reach = bytes.get(tail..)?;
        let at = reach.windows(mark.len()).rposition(|window| window == *mark)?;
        let rest = reach.get(at + mark.len()..)?;
        let blank = rest.iter().take_while(|byte| **byte == b' ').count();
        rest.get(blank..)?.starts_with(b"\r \r").then_some(tail + at)
    });
    if let Some(at) = found {
        bytes.truncate(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_an_unfinished_line_is_no_output() {
        let mut bytes = b"foo\x1b[1m\x1b[7m%\x1b[27m\x1b[1m\x1b[0m      \r \r\x1b]133;D;0\x07".to_vec();
        cut_end_mark(&mut bytes);
        assert_eq!(bytes, b"foo");
        let mut bytes = b"\x1b[1m\x1b[7m%\x1b[27m\x1b[1m\x1b[0m said the program".to_vec();
        let before = bytes.clone();
        cut_end_mark(&mut bytes);
        assert_eq!(bytes, before);
    }
}
