//! What is typed at the local terminal: the keys that detach, and what is typing at all.

use std::fmt;
use std::str::FromStr;

use super::super::named_keys::Key;

const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// One key or two, the first with Ctrl; none: nothing detaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct DetachKey {
    text: String,
    keys: Option<(u8, Option<Vec<u8>>)>,
}

impl FromStr for DetachKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().to_ascii_lowercase();
        let mut words = text.split_ascii_whitespace();
        let keys = match (words.next(), words.next(), words.next()) {
            (Some("none"), None, _) => None,
            (Some(first), second, None) => {
                let first = match first.parse::<Key>()?.0.as_slice() {
                    [byte @ 0..0x20] => *byte,
                    _ => {
                        return Err(format!(
                            "{first:?}: the first key is one with Ctrl, such as ctrl-a"
                        ));
                    }
                };
                let second = second.map(str::parse::<Key>).transpose()?;
                Some((first, second.map(|key| key.0)))
            }
            _ => {
                return Err(format!(
                    "{text:?} is not one key or two, such as \"ctrl-a d\"; or none"
                ));
            }
        };
        Ok(Self { text, keys })
    }
}

impl fmt::Display for DetachKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl DetachKey {
    /// How to detach, in words.
    pub(super) fn advice(&self) -> String {
        match self.keys {
            Some(_) => format!("detach with {}", self.text.replace("ctrl-", "Ctrl-")),
            None => "nothing detaches but the end of this terminal".to_owned(),
        }
    }
}

/// Looks for the keys that detach in what is typed; pasted text is none.
#[derive(Debug)]
pub(super) struct Typed {
    key: DetachKey,
    /// The first key was pressed.
    begun: bool,
    /// Bytes since the first key, as far as they are the second.
    second: Vec<u8>,
    pasting: bool,
    /// The newest bytes, to see where a paste begins and ends.
    newest: Vec<u8>,
}

impl Typed {
    pub(super) fn new(key: DetachKey) -> Self {
        Self {
            key,
            begun: false,
            second: Vec::new(),
            pasting: false,
            newest: Vec::new(),
        }
    }

    /// What goes on to the session, and whether to detach after it.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> (Vec<u8>, bool) {
        let mut out = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            if self.byte(byte, &mut out) {
                return (out, true);
            }
        }
        (out, false)
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) -> bool {
        self.look_for_paste(byte);
        let Some((first, second)) = self.key.keys.clone() else {
            out.push(byte);
            return false;
        };
        if !self.begun {
            if byte != first || self.pasting {
                out.push(byte);
                return false;
            }
            self.begun = second.is_some();
            return !self.begun;
        }
        self.second.push(byte);
        let second = second.unwrap_or_default();
        if self.second == second {
            return true;
        }
        if second.starts_with(&self.second) {
            return false;
        }
        // Pressed twice: once for the program.
        if self.second != [first] {
            out.push(first);
        }
        out.append(&mut self.second);
        self.begun = false;
        false
    }

    fn look_for_paste(&mut self, byte: u8) {
        self.newest.push(byte);
        if self.newest.len() > PASTE_BEGINS.len() {
            self.newest.remove(0);
        }
        match self.newest.as_slice() {
            PASTE_BEGINS => self.pasting = true,
            PASTE_ENDS => self.pasting = false,
            _ => {}
        }
    }
}

/// Whether a person typed some of it: reports of the mouse and of the focus are none.
pub(super) fn is_typing(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let report = match bytes {
            [0x1b, b'[', b'I' | b'O', ..] => 3,
            [0x1b, b'[', b'M', _, _, _, ..] => 6,
            [0x1b, b'[', b'<', rest @ ..] => {
                let end = rest.iter().position(|byte| matches!(byte, b'M' | b'm'));
                let digits = |end: usize| {
                    let body = rest.get(..end).unwrap_or_default();
                    body.iter().all(|byte| byte.is_ascii_digit() || *byte == b';')
                };
                match end {
                    Some(end) if digits(end) => end + 4,
                    _ => return true,
                }
            }
            _ => return true,
        };
        bytes = bytes.get(report..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(key: &str, bytes: &[u8]) -> (Vec<u8>, bool) {
        let whole = Typed::new(key.parse().unwrap()).feed(bytes);
        let mut typed = Typed::new(key.parse().unwrap());
        let mut single = (Vec::new(), false);
        for byte in bytes {
            let (out, detached) = typed.feed(&[*byte]);
            single.0.extend(out);
            single.1 |= detached;
            if detached {
                break;
            }
        }
        assert_eq!(whole, single);
        whole
    }

    #[test]
    fn the_keys_detach_and_what_is_like_them_does_not() {
        assert_eq!(typed("ctrl-\\ d", b"ls\r\x1cdx"), (b"ls\r".to_vec(), true));
        assert_eq!(typed("ctrl-\\ d", b"\x1c\x1c"), (b"\x1c".to_vec(), false));
        assert_eq!(
            typed("ctrl-\\ d", b"\x1cx\x1c\x1cd"),
            (b"\x1cx\x1cd".to_vec(), false)
        );
        assert_eq!(typed("ctrl-]", b"a\x1db"), (b"a".to_vec(), true));
        assert_eq!(typed("ctrl-p ctrl-q", b"\x10\x11"), (vec![], true));
        assert_eq!(typed("none", b"\x1cd"), (b"\x1cd".to_vec(), false));
    }

    #[test]
    fn pasted_text_does_not_detach() {
        let paste = b"\x1b[200~\x1cd\x1b[201~";
        assert_eq!(typed("ctrl-\\ d", paste), (paste.to_vec(), false));
        let after = [&paste[..], b"\x1cd"].concat();
        assert_eq!(typed("ctrl-\\ d", &after), (paste.to_vec(), true));
    }

    #[test]
    fn keys_are_read() {
        for bad in ["", "d", "ctrl-a b c", "alt-x", "ctrl-"] {
            assert!(bad.parse::<DetachKey>().is_err(), "{bad:?}");
        }
        let key: DetachKey = "Ctrl-A d".parse().unwrap();
        assert_eq!(key.advice(), "detach with Ctrl-a d");
    }

    #[test]
    fn reports_are_no_typing() {
        assert!(!is_typing(b"\x1b[I\x1b[O\x1b[<0;12;3M\x1b[<0;12;3m\x1b[M !!"));
        assert!(is_typing(b"\x1b[Ia") && is_typing(b"\x1b[A") && is_typing(b"\x1b[<x"));
    }
}
