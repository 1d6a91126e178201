//! Output cut into pieces of text: a character is never cut, and what is no UTF-8 comes as bytes too.

use sempre_protocol::Offset;
use sempre_protocol::compat::Base64;
use sempre_protocol::compat::pty::PtyData;

/// The text of an output stream, piece by piece.
#[derive(Debug)]
pub(super) struct Text {
    /// The beginning of a character whose rest has not come, three bytes at most.
    held: Vec<u8>,
    /// Where the output that was given stands.
    offset: Offset,
}

impl Text {
    /// Nothing so far.
    pub(super) fn starting_at(offset: Offset) -> Self {
        Self {
            held: Vec::new(),
            offset,
        }
    }

    /// The offset after everything given away so far.
    pub(super) fn offset(&self) -> Offset {
        self.offset
    }

    /// Takes bytes in; what can be given away of them and what was held.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Option<PtyData> {
        let mut whole = std::mem::take(&mut self.held);
        whole.extend_from_slice(bytes);
        self.held = whole.split_off(whole.len() - unfinished(&whole));
        self.give(whole)
    }

    /// What is held, when nothing more comes.
    pub(super) fn finish(&mut self) -> Option<PtyData> {
        let held = std::mem::take(&mut self.held);
        self.give(held)
    }

    fn give(&mut self, bytes: Vec<u8>) -> Option<PtyData> {
        if bytes.is_empty() {
            return None;
        }
        self.offset = self.offset.plus(bytes.len() as u64);
        Some(match String::from_utf8(bytes) {
            Ok(data) => PtyData { data, b64: None },
            Err(error) => PtyData {
                data: String::from_utf8_lossy(error.as_bytes()).into_owned(),
                b64: Some(Base64(error.into_bytes())),
            },
        })
    }
}

/// How many bytes at the end are the beginning of a character.
fn unfinished(bytes: &[u8]) -> usize {
    match bytes.utf8_chunks().last() {
        Some(chunk) if !chunk.invalid().is_empty() => {
            let last = chunk.invalid();
            // An error with a known length is no beginning.
            match std::str::from_utf8(last) {
                Err(error) if error.error_len().is_none() => last.len(),
                _ => 0,
            }
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(data: &str) -> Option<PtyData> {
        Some(PtyData {
            data: data.into(),
            b64: None,
        })
    }

    #[test]
    fn p4_a_character_is_held_together() {
        let mut stream = Text::starting_at(Offset(10));
        let bytes = "aä€😀".as_bytes();
        let mut out = String::new();
        for byte in bytes {
            let data = stream.take(&[*byte]);
            if let Some(data) = data {
                assert_eq!(data.b64, None);
                out.push_str(&data.data);
            }
            assert_eq!(stream.offset(), Offset(10 + out.len() as u64));
        }
        assert_eq!((out.as_str(), stream.finish()), ("aä€😀", None));
    }

    #[test]
    fn p4_what_is_no_text_comes_as_bytes_too() {
        let mut stream = Text::starting_at(Offset(0));
        let data = stream.take(b"a\xff\xfeb").unwrap();
        assert_eq!(data.data, "a\u{fffd}\u{fffd}b");
        assert_eq!(data.b64, Some(Base64(b"a\xff\xfeb".to_vec())));
        assert_eq!(stream.take(b"c"), text("c"));
        assert_eq!(stream.take(b"\xe2\x82"), None);
        let cut = stream.finish().unwrap();
        assert_eq!(cut.b64, Some(Base64(b"\xe2\x82".to_vec())));
        assert_eq!(stream.offset(), Offset(7));
    }
}
