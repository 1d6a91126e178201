//! Keys by name, as the bytes a terminal sends for them.

use std::str::FromStr;

/// A key press.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key(pub(super) Vec<u8>);

/// Keys that have a name of their own.
const NAMED: [(&str, &[u8]); 34] = [
    ("enter", b"\r"),
    ("return", b"\r"),
    ("tab", b"\t"),
    ("shift-tab", b"\x1b[Z"),
    ("esc", b"\x1b"),
    ("escape", b"\x1b"),
    ("space", b" "),
    ("backspace", b"\x7f"),
    ("delete", b"\x1b[3~"),
    ("insert", b"\x1b[2~"),
    ("up", b"\x1b[A"),
    ("down", b"\x1b[B"),
    ("right", b"\x1b[C"),
    ("left", b"\x1b[D"),
    ("home", b"\x1b[H"),
    ("end", b"\x1b[F"),
    ("page-up", b"\x1b[5~"),
    ("pageup", b"\x1b[5~"),
    ("page-down", b"\x1b[6~"),
    ("pagedown", b"\x1b[6~"),
    ("f1", b"\x1bOP"),
    ("f2", b"\x1bOQ"),
    ("f3", b"\x1bOR"),
    ("f4", b"\x1bOS"),
    ("f5", b"\x1b[15~"),
    ("f6", b"\x1b[17~"),
    ("f7", b"\x1b[18~"),
    ("f8", b"\x1b[19~"),
    ("f9", b"\x1b[20~"),
    ("f10", b"\x1b[21~"),
    ("f11", b"\x1b[23~"),
    ("f12", b"\x1b[24~"),
    ("ctrl-space", b"\0"),
    ("ctrl-?", b"\x7f"),
];

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        if let Some((_, bytes)) = NAMED.iter().find(|(name, _)| *name == lower) {
            return Ok(Self(bytes.to_vec()));
        }
        let after = |prefixes: [&str; 2]| prefixes.iter().find_map(|prefix| lower.strip_prefix(prefix));
        if let Some(key) = after(["ctrl-", "c-"]).or_else(|| lower.strip_prefix('^')) {
            return control(key).ok_or_else(|| format!("{text:?}: there is no such key with Ctrl"));
        }
        if after(["alt-", "m-"]).is_some() {
            let Self(mut bytes) = text.split_once('-').map_or(text, |(_, key)| key).parse()?;
            bytes.insert(0, 0x1b);
            return Ok(Self(bytes));
        }
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(one), None) if !one.is_control() => Ok(Self(text.as_bytes().to_vec())),
            _ => Err(format!(
                "{text:?} is no key; write a character, ctrl-c, alt-x, enter, tab, esc, space, backspace, delete, \
                 insert, up, down, left, right, home, end, page-up, page-down or f1 to f12"
            )),
        }
    }
}

fn control(key: &str) -> Option<Key> {
    match key.as_bytes() {
        [byte @ (b'@'..=b'_' | b'a'..=b'z')] => Some(Key(vec![byte & 0x1f])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_a_terminal_sends() {
        for (text, bytes) in [
            ("ctrl-c", &b"\x03"[..]),
            ("Ctrl-\\", b"\x1c"),
            ("^]", b"\x1d"),
            ("C-a", b"\x01"),
            ("alt-x", b"\x1bx"),
            ("alt-X", b"\x1bX"),
            ("alt-enter", b"\x1b\r"),
            ("Up", b"\x1b[A"),
            ("F5", b"\x1b[15~"),
            ("d", b"d"),
            ("ä", "ä".as_bytes()),
        ] {
            assert_eq!(text.parse(), Ok(Key(bytes.to_vec())), "{text}");
        }
        for text in ["", "ctrl-", "ctrl-up", "hyper-x", "ab"] {
            assert!(text.parse::<Key>().is_err(), "{text:?}");
        }
    }
}
