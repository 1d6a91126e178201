//! Where the last whole character of some output ends: xterm.js 6.0 loses characters whose bytes come in two writes,
//! dashes and quotes among them. Nothing else about text.

/// How many bytes at the end of `bytes` are the start of a UTF-8 character that goes on in what follows.
pub(crate) fn unfinished_bytes(bytes: &[u8]) -> usize {
    const LONGEST: usize = 4;
    let last = bytes.iter().rev().take(LONGEST - 1).enumerate();
    for (back, &byte) in last {
        let length = match byte {
            0x80..0xc0 => continue,
            0xc2..0xe0 => 2,
            0xe0..0xf0 => 3,
            0xf0..0xf5 => LONGEST,
            _ => return 0,
        };
        return if back + 1 < length { back + 1 } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_character_is_found() {
        for text in ["é", "—", "漢", "👍"] {
            let bytes = text.as_bytes();
            for cut in 1..bytes.len() {
                let output = [b"ab", &bytes[..cut]].concat();
                assert_eq!(unfinished_bytes(&output), cut, "{text} {cut}");
                assert_eq!(unfinished_bytes(&bytes[..cut]), cut, "{text} {cut}");
            }
            assert_eq!(unfinished_bytes(bytes), 0, "{text}");
        }
    }

    #[test]
    fn what_is_no_text_is_not_held_back() {
        for bytes in [
            &b""[..],
            b"abc",
            b"\xff",
            b"\x80\x80\x80\x80",
            b"\xc0",
            b"\xe2\x80a",
            b"\x1b[",
        ] {
            assert_eq!(unfinished_bytes(bytes), 0, "{bytes:?}");
        }
    }
}
