//! Keys out of what the local terminal sends. What no key of `sempre tui` is, is skipped; what they do is in `model`.

/// Longest paste that is kept, bytes; more of it is thrown away.
const MAX_PASTE_BYTES: usize = 64 * 1024;
/// Longest sequence of a key; what is longer is none.
const MAX_SEQUENCE_BYTES: usize = 64;
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// A key press, or a text pasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    /// A letter with Ctrl.
    Ctrl(char),
    Enter,
    Escape,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    /// Without control characters.
    Paste(String),
}

/// What the bytes begin with.
enum Step {
    Key(usize, Key),
    Skip(usize),
    /// A paste begins behind so many bytes.
    Paste(usize),
    More,
}

/// Cuts bytes into keys, however they come.
#[derive(Debug, Default)]
pub(super) struct Keys {
    held: Vec<u8>,
    /// What was pasted so far; none: no paste has begun.
    paste: Option<Vec<u8>>,
}

impl Keys {
    /// The keys in `bytes`, which are one read: an Esc at their end is the key, not the beginning of another.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.held.extend_from_slice(bytes);
        let mut keys = Vec::new();
        loop {
            if self.paste.is_some() {
                match self.pasted() {
                    Some(key) => keys.push(key),
                    None => return keys,
                }
            }
            match step(&self.held) {
                Step::Key(length, key) => {
                    keys.push(key);
                    self.held.drain(..length);
                }
                Step::Skip(length) => drop(self.held.drain(..length)),
                Step::Paste(length) => {
                    self.held.drain(..length);
                    self.paste = Some(Vec::new());
                }
                Step::More => break,
            }
        }
        if self.held == b"\x1b" {
            self.held.clear();
            keys.push(Key::Escape);
        }
        if self.held.len() > MAX_SEQUENCE_BYTES {
            self.held.clear();
        }
        keys
    }

    /// The paste, once it is whole.
    fn pasted(&mut self) -> Option<Key> {
        let end = self
            .held
            .windows(PASTE_ENDS.len())
            .position(|part| part == PASTE_ENDS);
        // Its end may have come in part.
        let taken = end.unwrap_or_else(|| self.held.len().saturating_sub(PASTE_ENDS.len() - 1));
        let paste = self.paste.get_or_insert_default();
        paste.extend(self.held.drain(..taken));
        paste.truncate(MAX_PASTE_BYTES);
        end?;
        self.held.drain(..PASTE_ENDS.len());
        let bytes = self.paste.take().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let words = text.split(char::is_control).filter(|part| !part.is_empty());
        Some(Key::Paste(words.collect::<Vec<_>>().join(" ")))
    }
}

fn step(bytes: &[u8]) -> Step {
    match bytes {
        [] | [0x1b] => Step::More,
        [0x1b, b'[', rest @ ..] => sequence(rest),
        [0x1b, b'O'] => Step::More,
        [0x1b, b'O', b'M', ..] => Step::Key(3, Key::Enter),
        [0x1b, b'O', letter, ..] => match lettered(*letter) {
            Some(key) => Step::Key(3, key),
            None => Step::Skip(3),
        },
        // Alt and a key come like Esc and the key.
        [0x1b, ..] => Step::Key(1, Key::Escape),
        [b'\r' | b'\n', ..] => Step::Key(1, Key::Enter),
        [b'\t', ..] => Step::Key(1, Key::Tab),
        [0x08 | 0x7f, ..] => Step::Key(1, Key::Backspace),
        [byte @ 1..=26, ..] => Step::Key(1, Key::Ctrl(char::from(byte - 1 + b'a'))),
        [0..0x20, ..] => Step::Skip(1),
        _ => character(bytes),
    }
}

fn character(bytes: &[u8]) -> Step {
    let head = bytes.get(..4).unwrap_or(bytes);
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => {
            let valid = head.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
        Err(error) if error.error_len().is_none() => return Step::More,
        Err(_) => return Step::Skip(1),
    };
    match valid.chars().next() {
        Some(c) if c.is_control() => Step::Skip(c.len_utf8()),
        Some(c) => Step::Key(c.len_utf8(), Key::Char(c)),
        None => Step::Skip(1),
    }
}

/// What begins with CSI, which is not in `rest` any more.
fn sequence(rest: &[u8]) -> Step {
    let Some(end) = rest.iter().position(|byte| !(0x20..0x40).contains(byte)) else {
        return Step::More;
    };
    let (Some(parameters), Some(last)) = (rest.get(..end), rest.get(end)) else {
        return Step::More;
    };
    let length = end + 3;
    let number = parameters.split(|byte| *byte == b';').next().unwrap_or_default();
    let key = match (last, number) {
        (b'~', b"200") => return Step::Paste(length),
        (b'~', b"1" | b"7") => Key::Home,
        (b'~', b"3") => Key::Delete,
        (b'~', b"4" | b"8") => Key::End,
        (b'~', b"5") => Key::PageUp,
        (b'~', b"6") => Key::PageDown,
        (letter, _) => match lettered(*letter) {
            Some(key) => key,
            None => return Step::Skip(length),
        },
    };
    Step::Key(length, key)
}

fn lettered(letter: u8) -> Option<Key> {
    match letter {
        b'A' => Some(Key::Up),
        b'B' => Some(Key::Down),
        b'F' => Some(Key::End),
        b'H' => Some(Key::Home),
        b'Z' => Some(Key::BackTab),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        Keys::default().feed(bytes)
    }

    #[test]
    fn keys_come_as_terminals_send_them() {
        use Key::*;
        let sent = b"a\xc3\xa4\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[H\x1b[4~\x1b[3~\x1b[Z\t\r\x7f\x03\x0c\x1bx\x1b";
        let expected = vec![
            Char('a'),
            Char('ä'),
            Up,
            Down,
            PageUp,
            PageDown,
            Home,
            End,
            Delete,
            BackTab,
            Tab,
            Enter,
            Backspace,
            Ctrl('c'),
            Ctrl('l'),
            Escape,
            Char('x'),
            Escape,
        ];
        assert_eq!(keys(sent), expected);
    }

    #[test]
    fn what_is_no_key_is_skipped_and_a_part_is_waited_for() {
        assert_eq!(
            keys(b"\x1b[<0;1;1M\x1b[M\x1b[I\x1b[1;5C\x1bOP\x00\xff\xc2\x9bq"),
            [Key::Char('q')]
        );
        let mut cut = Keys::default();
        assert!(cut.feed(b"\xe4\xbd").is_empty() && cut.feed(b"\xa0\x1b[").len() == 1);
        assert_eq!(cut.feed(b"1;5A"), [Key::Up]);
        let long = [b"\x1b[".as_slice(), &[b'1'; 100]].concat();
        assert!(cut.feed(&long).is_empty());
        assert_eq!(cut.feed(b"q"), [Key::Char('q')]);
    }

    #[test]
    fn a_paste_is_one_text_wherever_it_is_cut() {
        let sent = b"\x1b[200~rm -rf\n\x1b[31m x\x1b[201~q";
        for cut in 1..sent.len() - 1 {
            let mut keys = Keys::default();
            let got = [keys.feed(&sent[..cut]), keys.feed(&sent[cut..])].concat();
            // Cut behind the first Esc, that is the key.
            if cut > 1 {
                assert_eq!(got, [Key::Paste("rm -rf [31m x".into()), Key::Char('q')], "{cut}");
            }
        }
        let mut keys = Keys::default();
        keys.feed(b"\x1b[200~");
        assert!(keys.feed(&vec![b'a'; 3 * MAX_PASTE_BYTES]).is_empty());
        let pasted = keys.feed(PASTE_ENDS);
        assert_eq!(pasted, [Key::Paste("a".repeat(MAX_PASTE_BYTES))]);
    }
}
