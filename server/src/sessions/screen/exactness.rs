//! Whether a screen can be trusted after output was lost, and what in the output makes it known again.
//!
//! The rule is simple and errs on the side of doubt: a full reset (`ESC c`), or the cursor sent home and the
//! screen erased in one breath, as `clear` and full-screen programs do. Erasing alone leaves the cursor where
//! nobody knows; switching to the alternate screen leaves the normal one unknown.

/// What makes a screen known again.
const MARKS: [&[u8]; 5] = [
    b"\x1bc",
    b"\x1b[H\x1b[2J",
    b"\x1b[H\x1b[J",
    b"\x1b[2J\x1b[H",
    b"\x1b[1;1H\x1b[2J",
];
/// All but one byte of the longest mark.
const TAIL_BYTES: usize = 9;

/// What is known of a screen.
#[derive(Debug, Clone, Default)]
pub(super) struct Exactness {
    /// Output is missing, and nothing has made up for it.
    lost: bool,
    /// The newest bytes since then: a mark may be cut anywhere.
    tail: Vec<u8>,
}

impl Exactness {
    /// Whether output is missing that may still show.
    pub(super) fn is_inexact(&self) -> bool {
        self.lost
    }

    /// Notes that output is missing before what comes next.
    pub(super) fn lose(&mut self) {
        self.lost = true;
        self.tail.clear();
    }

    /// Notes output that was drawn.
    pub(super) fn drew(&mut self, bytes: &[u8]) {
        if !self.lost {
            return;
        }
        let head = bytes.get(..bytes.len().min(TAIL_BYTES)).unwrap_or(bytes);
        self.tail.extend_from_slice(head);
        let known = holds_mark(&self.tail) || holds_mark(bytes);
        if known {
            *self = Self::default();
            return;
        }
        if bytes.len() > TAIL_BYTES {
            self.tail.clear();
            self.tail.extend_from_slice(bytes);
        }
        let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
    }
}

fn holds_mark(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|&byte| byte == 0x1b) {
        rest = rest.get(at..).unwrap_or_default();
        if MARKS.iter().any(|mark| rest.starts_with(mark)) {
            return true;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> Exactness {
        let mut exactness = Exactness::default();
        exactness.lose();
        exactness
    }

    #[test]
    fn a_reset_or_a_clear_makes_the_screen_known_wherever_it_is_cut() {
        for mark in MARKS {
            let text = [b"some text before".as_slice(), mark, b" and after"].concat();
            for cut in 0..=text.len() {
                let mut exactness = lost();
                let (head, rest) = text.split_at(cut);
                exactness.drew(head);
                exactness.drew(rest);
                assert!(!exactness.is_inexact(), "{mark:?} cut at {cut}");
            }
            let mut exactness = lost();
            text.iter().for_each(|&byte| exactness.drew(&[byte]));
            assert!(!exactness.is_inexact(), "{mark:?} byte by byte");
        }
    }

    #[test]
    fn anything_less_leaves_it_unknown() {
        for text in [
            "\x1b[2J",
            "\x1b[H text \x1b[2J",
            "\x1b[?1049h",
            "\x1b[J\x1b[H",
            "c\x1b",
        ] {
            let mut exactness = lost();
            exactness.drew(text.as_bytes());
            assert!(exactness.is_inexact(), "{text:?}");
        }
    }

    #[test]
    fn what_came_before_the_loss_counts_for_nothing() {
        let mut exactness = Exactness::default();
        exactness.drew(b"\x1b");
        exactness.lose();
        exactness.drew(b"c");
        assert!(exactness.is_inexact());
    }
}
