//! What stands whole in the bytes that are fed, read at once. What it means is not its matter: the state machine next door
//! would do the same byte by byte.

use super::{DEL, ESC, Perform, Sequence};

/// Bytes looked at together.
const WORD: usize = size_of::<u64>();
const ONES: u64 = u64::MAX / 0xff;
const HIGH_BITS: u64 = ONES << 7;

/// Most bytes of characters beyond ASCII that are looked at together: where controls stand between them, what was looked at
/// too far is looked at again.
const MAX_RUN_BYTES: usize = 384;

/// How many printable ASCII characters `bytes` begins with.
pub(super) fn printable(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<WORD>();
    for (index, word) in words.iter().enumerate() {
        let others = others(u64::from_le_bytes(*word));
        if others != 0 {
            return index * WORD + (others.trailing_zeros() / u8::BITS) as usize;
        }
    }
    let is_other = |byte: &u8| !matches!(byte, 0x20..DEL);
    bytes.len() - rest.len() + rest.iter().position(is_other).unwrap_or(rest.len())
}

/// The high bit of the first byte that is not printable ASCII, and maybe bits above it.
const fn others(word: u64) -> u64 {
    // A byte that borrows or carries is an "other" itself, so none below it is told wrongly.
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    let deletes = word.wrapping_add(ONES);
    (controls | deletes | word) & HIGH_BITS
}

/// Reads a control sequence without sub-parameters and intermediates; returns its bytes, or none if it is another one, or
/// not whole.
pub(super) fn control_sequence(bytes: &[u8], sequence: &mut Sequence) -> Option<usize> {
    let [ESC, b'[', rest @ ..] = bytes else {
        return None;
    };
    let (prefix, numbers) = match rest {
        [prefix @ b'<'..=b'?', numbers @ ..] => (*prefix, numbers),
        _ => (0, rest),
    };
    sequence.collected = u32::from(prefix);
    let (last, at) = sequence.params.read(numbers)?;
    sequence.last = last;
    matches!(last, 0x40..DEL).then_some(bytes.len() - numbers.len() + at + 1)
}

/// Prints characters beyond ASCII that `bytes` begins with, as far as they are whole and no controls; returns the bytes
/// they took.
pub(super) fn print_run(bytes: &[u8], perform: &mut impl Perform) -> usize {
    let bytes = bytes.get(..MAX_RUN_BYTES).unwrap_or(bytes);
    let end = bytes.iter().position(|&byte| byte < 0x80).unwrap_or(bytes.len());
    let run = bytes.get(..end).unwrap_or_default();
    let text = match std::str::from_utf8(run) {
        Ok(text) => text,
        Err(error) => run
            .get(..error.valid_up_to())
            .and_then(|valid| std::str::from_utf8(valid).ok())
            .unwrap_or_default(),
    };
    let text = match text.find(|c| c < '\u{a0}' || c == '\u{feff}') {
        Some(end) => text.get(..end).unwrap_or_default(),
        None => text,
    };
    if !text.is_empty() {
        perform.print(text);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_byte_ends_printable_text_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..20 {
                for after in [0, b' ', b'~', DEL, 0x80, 0xff] {
                    let mut text = [b'x'; 20];
                    text[place] = byte;
                    text[place + 1..].fill(after);
                    let slow = text.iter().position(|byte| !(0x20..0x7f).contains(byte));
                    assert_eq!(printable(&text), slow.unwrap_or(20), "{byte:#x} at {place}");
                }
            }
        }
    }

    #[test]
    fn only_what_is_whole_and_simple_is_read_at_once() {
        let read = |text: &[u8]| {
            let mut sequence = Sequence::default();
            let read = control_sequence(text, &mut sequence);
            read.map(|read| {
                (
                    read,
                    sequence.params.iter().collect(),
                    sequence.last,
                    sequence.collected,
                )
            })
        };
        assert_eq!(read(b"\x1b[1;;31mx"), Some((8, vec![1, 0, 31], b'm', 0)));
        assert_eq!(read(b"\x1b[H"), Some((3, vec![0], b'H', 0)));
        assert_eq!(read(b"\x1b[?25h\x1b"), Some((6, vec![25], b'h', u32::from(b'?'))));
        for other in [
            "\x1b",
            "\x1b[",
            "\x1b[1",
            "\x1b[?",
            "\x1b[4:3m",
            "\x1b[ q",
            "\x1b[1$p",
            "\x1b[1\n2m",
            "\x1b[1?h",
            "\x1b[1\x7fm",
            "\x1b[1é",
            "\x1b]0;x\x07",
            "x",
        ] {
            assert_eq!(read(other.as_bytes()), None, "{other:?}");
        }
    }
}
