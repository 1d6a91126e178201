//! Where a viewer that has nothing yet starts: near the end, at the start of a line, never inside a character
//! or an escape sequence.

use sempre_journal::{ReadAt, Reader};
use sempre_protocol::Offset;
use sempre_protocol::limits::REPLAY_BYTES;

/// How far a good place is looked for, bytes.
const SEARCH_BYTES: usize = 64 * 1024;

/// The offset to replay from when the journal holds `base..end`.
pub(super) fn start(reader: &mut Reader, base: Offset, end: Offset) -> Offset {
    let earliest = Offset(end.0.saturating_sub(REPLAY_BYTES)).max(base);
    if earliest == Offset::ZERO {
        return earliest;
    }
    let mut window = vec![0; SEARCH_BYTES];
    let found = match reader.read_at(earliest.0, &mut window) {
        Ok(ReadAt::Bytes(count)) => safe_start(window.get(..count).unwrap_or_default()),
        Ok(ReadAt::Gap { resumes_at }) => return Offset(resumes_at),
        _ => 0,
    };
    earliest.plus(found as u64).min(end)
}

/// Inside what a byte of output stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Text,
    Escape,
    Csi,
    /// OSC, DCS, APC, PM or SOS: ended by ST, an OSC also by BEL.
    Text7,
}

/// Index after the first line end outside escape sequences; without one, the first escape sequence's start or
/// character boundary.
fn safe_start(bytes: &[u8]) -> usize {
    let mut within = Within::Text;
    let mut fallback = None;
    for (index, &byte) in bytes.iter().enumerate() {
        if byte == 0x1b && within != Within::Text7 {
            fallback = fallback.or(Some(index));
        }
        within = match (within, byte) {
            (Within::Text, b'\n') => return index + 1,
            (_, 0x1b) => Within::Escape,
            (Within::Text, _) => Within::Text,
            (Within::Escape, b'[') => Within::Csi,
            (Within::Escape, b']' | b'P' | b'_' | b'^' | b'X') => Within::Text7,
            (Within::Escape, 0x20..=0x2f) => Within::Escape,
            (Within::Escape, _) | (Within::Csi, 0x40..=0x7e) | (Within::Text7, 0x07) => Within::Text,
            // CAN and SUB break a sequence off.
            (_, 0x18 | 0x1a) => Within::Text,
            (inside, _) => inside,
        };
    }
    let boundary = || bytes.iter().position(|byte| byte & 0xc0 != 0x80);
    fallback.or_else(boundary).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_starts_after_a_line_end() {
        assert_eq!(safe_start(b"rest of a line\nnext"), 15);
    }

    #[test]
    fn a_line_end_inside_a_title_or_a_sequence_is_none() {
        assert_eq!(safe_start(b"\x1b]0;a\nb\x07c\nd"), 10);
        assert_eq!(safe_start(b"\x1bPq#1\n#2\x1b\\x\ny"), 12);
        assert_eq!(safe_start(b"\x1b[3\n1mred\nx"), 10);
    }

    #[test]
    fn without_line_ends_it_starts_at_a_sequence_or_character() {
        assert_eq!(safe_start(b"50%\x1b[2K51%"), 3);
        assert_eq!(safe_start("äb".as_bytes().get(1..).unwrap()), 1);
        assert_eq!(safe_start(b""), 0);
    }
}
