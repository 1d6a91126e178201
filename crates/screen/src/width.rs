//! How many cells a character takes and whether it joins the cell before it: the rule of the page's terminals, as a
//! machine that goes from character to character. The rule itself is `table`, observed and not written by hand.

#[path = "width/table.rs"]
mod table;

/// What was printed last, as far as the next character's width and joining depend on it. The default: nothing that a
/// character could join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Joining(u8);

impl Joining {
    /// The state after `c`, which says how `c` is to be shown. Control characters don't belong here.
    #[inline]
    pub(crate) fn next(self, c: char) -> Self {
        if (' '..='~').contains(&c) && (self.0 == table::ASCII || self.is_none()) {
            return Self(table::ASCII);
        }
        self.look_up(c)
    }

    fn look_up(self, c: char) -> Self {
        let class = class(c);
        let row = table::NEXT.get(usize::from(self.0 >> 3));
        Self(
            row.and_then(|row| row.get(class))
                .copied()
                .unwrap_or(table::ASCII),
        )
    }

    /// Cells of the cluster so far: 0 if nothing was printed, else 1 or 2.
    #[inline]
    pub(crate) fn width(self) -> u8 {
        (self.0 >> 1) & 3
    }

    /// Whether the character joined the cell before it, which then has [`width`](Self::width) cells.
    #[inline]
    pub(crate) fn joins(self) -> bool {
        self.0 & 1 == 1
    }

    /// Whether nothing was printed that a character could join.
    #[inline]
    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }
}

fn class(c: char) -> usize {
    let point = u32::from(c);
    let kind = table::BLOCK_KIND.get((point / table::BLOCK) as usize);
    let letter = kind.and_then(|kind| {
        let at = u32::from(*kind) * table::BLOCK + point % table::BLOCK;
        table::CLASS.get(at as usize)
    });
    usize::from(letter.map_or(table::REST, |letter| letter.wrapping_sub(b'a')))
}

#[cfg(test)]
mod tests {
    use super::Joining;

    /// Cells of each cluster of a text.
    fn clusters(text: &str) -> Vec<u8> {
        let mut cells = Vec::new();
        let mut joining = Joining::default();
        for c in text.chars() {
            joining = joining.next(c);
            if joining.joins() {
                cells.pop();
            }
            cells.push(joining.width());
        }
        cells
    }

    #[test]
    fn nothing_is_joined_at_the_start() {
        assert!(Joining::default().is_none());
        assert_eq!(Joining::default().width(), 0);
        assert!(!Joining::default().next('a').is_none());
        assert!(!Joining::default().next('\u{301}').joins());
    }

    #[test]
    fn latin_and_chinese_letters_take_one_and_two_cells() {
        assert_eq!(clusters("aé漢字b"), [1, 1, 2, 2, 1]);
    }

    #[test]
    fn marks_join_the_letter_before() {
        assert_eq!(clusters("e\u{301}x"), [1, 1]);
        assert_eq!(clusters("漢\u{301}"), [2]);
    }

    #[test]
    fn an_emoji_family_is_one_cluster_of_two_cells() {
        assert_eq!(clusters("👨\u{200d}👩\u{200d}👧!"), [2, 1]);
    }

    #[test]
    fn a_flag_is_two_letters_in_two_cells() {
        assert_eq!(clusters("🇨🇭🇦🇹"), [2, 2]);
    }

    #[test]
    fn a_selector_makes_a_text_sign_an_emoji_of_two_cells() {
        assert_eq!(clusters("\u{2764}"), [1]);
        assert_eq!(clusters("\u{2764}\u{fe0f}"), [2]);
    }

    #[test]
    fn hangul_syllables_join_their_parts() {
        assert_eq!(clusters("\u{1112}\u{1161}\u{11ab}"), [2]);
    }

    #[test]
    fn the_last_code_point_has_a_width() {
        assert_eq!(clusters("\u{10ffff}"), [1]);
    }
}
