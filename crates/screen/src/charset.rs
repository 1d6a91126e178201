//! Character sets a program can switch to (ISO 2022, the national replacement sets of the VT220): which ASCII
//! characters stand for others.

/// A character set by the final of its designation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Charset(Option<u8>);

/// What DEC Special Graphics has in place of `` ` `` to `~`.
const GRAPHICS: [char; 31] = [
    '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼', '⎽', '├',
    '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
];

impl Charset {
    /// ASCII.
    pub(crate) const ASCII: Self = Self(None);

    /// The set a designation with this final names; none for one that is not known.
    pub(crate) fn designated(last: u8) -> Option<Self> {
        match last {
            b'B' => Some(Self::ASCII),
            b'0' | b'A' | b'4' | b'C' | b'5' | b'R' | b'Q' | b'K' | b'Y' | b'E' | b'6' | b'Z' | b'H'
            | b'7' | b'=' => Some(Self(Some(last))),
            _ => None,
        }
    }

    /// The final that names it.
    pub(crate) fn designation(self) -> u8 {
        self.0.unwrap_or(b'B')
    }

    pub(crate) const fn is_ascii(self) -> bool {
        self.0.is_none()
    }

    /// What `c` stands for.
    pub(crate) fn map(self, c: char) -> char {
        let Some(last) = self.0 else { return c };
        if last == b'0' {
            let index = (c as u32).checked_sub(0x60);
            return index
                .and_then(|index| GRAPHICS.get(index as usize))
                .copied()
                .unwrap_or(c);
        }
        let (from, to) = national(last);
        let found = from.chars().zip(to.chars()).find(|&(old, _)| old == c);
        found.map_or(c, |(_, new)| new)
    }
}

impl Charset {
    /// A character that stands for `c`; none if there is no such.
    pub(crate) fn unmap(self, c: char) -> Option<char> {
        if self.is_ascii() {
            return Some(c);
        }
        (' '..='~')
            .chain((!c.is_ascii()).then_some(c))
            .find(|&from| self.map(from) == c)
    }
}

/// Characters of a national set: those of ASCII, and what stands in their place.
fn national(last: u8) -> (&'static str, &'static str) {
    match last {
        b'A' => ("#", "£"),
        b'4' => ("#@[\\]{|}~", "£¾ĳ½|¨f¼´"),
        b'C' | b'5' => ("[\\]^`{|}~", "ÄÖÅÜéäöåü"),
        b'R' => ("#@[\\]{|}~", "£à°ç§éùè¨"),
        b'Q' => ("@[\\]^`{|}~", "àâçêîôéùèû"),
        b'K' => ("@[\\]{|}~", "§ÄÖÜäöüß"),
        b'Y' => ("#@[\\]`{|}~", "£§°çéùàòèì"),
        b'E' | b'6' => ("@[\\]^`{|}~", "ÄÆØÅÜäæøåü"),
        b'Z' => ("#@[\\]{|}", "£§¡Ñ¿°ñç"),
        b'H' | b'7' => ("@[\\]^`{|}~", "ÉÄÖÅÜéäöåü"),
        b'=' => ("#@[\\]^_`{|}~", "ùàéçêîèôäöüû"),
        _ => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_drawn_and_letters_stay() {
        let graphics = Charset::designated(b'0').unwrap();
        let drawn: String = "lqkxABC~".chars().map(|c| graphics.map(c)).collect();
        assert_eq!(drawn, "┌─┐│ABC·");
        assert_eq!(Charset::designated(b'K').unwrap().map('['), 'Ä');
        assert_eq!(Charset::designated(b'?'), None);
    }

    #[test]
    fn every_national_set_replaces_one_by_one() {
        for last in *b"A4CRQKYEZH=" {
            let (from, to) = national(last);
            assert_eq!(from.chars().count(), to.chars().count(), "{}", last as char);
        }
    }
}
