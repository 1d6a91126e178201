//! UTF-8 over the borders of what is fed. What is no UTF-8 is dropped, as xterm.js does; so are byte order marks.

/// Bytes of the longest character.
const MAX_BYTES: usize = 4;

/// A decoder.
#[derive(Debug, Clone, Default)]
pub(super) struct Utf8 {
    bytes: [u8; MAX_BYTES],
    len: usize,
}

impl Utf8 {
    /// No character is unfinished.
    pub(super) fn is_idle(&self) -> bool {
        self.len == 0
    }

    /// The bytes of the unfinished character.
    pub(super) fn unfinished(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    pub(super) fn drop_unfinished(&mut self) {
        self.len = 0;
    }

    fn start(&mut self, byte: u8) {
        self.len = 0;
        if let (0xc0..0xf8, Some(first)) = (byte, self.bytes.first_mut()) {
            *first = byte;
            self.len = 1;
        }
    }

    /// Takes a byte of 0x80 and above; the character it completes, if it does.
    pub(super) fn push(&mut self, byte: u8) -> Option<char> {
        if self.len == 0 || byte & 0xc0 != 0x80 {
            self.start(byte);
            return None;
        }
        let needed = match self.bytes.first() {
            Some(0xf0..) => 4,
            Some(0xe0..) => 3,
            _ => 2,
        };
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
        }
        self.len += 1;
        if self.len < needed {
            return None;
        }
        let decoded = std::str::from_utf8(self.unfinished()).ok();
        let c = decoded.and_then(|text| text.chars().next());
        self.len = 0;
        c.filter(|&c| c != '\u{feff}')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> String {
        let mut utf8 = Utf8::default();
        bytes.iter().filter_map(|&byte| utf8.push(byte)).collect()
    }

    #[test]
    fn characters_are_read_and_rubbish_is_dropped() {
        assert_eq!(decode("é漢👩".as_bytes()), "é漢👩");
        assert_eq!(decode(b"\xc0\x80\xe2\x82\xc3\xa4\xff\x80"), "ä");
        assert_eq!(decode(b"\xed\xa0\x80\xef\xbb\xbf\xf4\x90\x80\x80"), "");
    }
}
