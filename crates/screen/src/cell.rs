//! One cell of the grid, eight bytes: what stands in it, how wide, and the number of its style.

use crate::attributes::StyleId;

/// A cell. Never written (null), a character, or a cluster of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Code point or cluster number, [`CLUSTER`], and the width in the top two bits.
    content: u32,
    /// Its style.
    pub(crate) style: StyleId,
}

/// The low bits are the number of a cluster.
const CLUSTER: u32 = 1 << 22;
const VALUE: u32 = CLUSTER - 1;
const WIDTH_SHIFT: u32 = 30;
const ONE_WIDE: u32 = 1 << WIDTH_SHIFT;

impl Cell {
    /// Never written, in the default style.
    pub(crate) const EMPTY: Self = Self::null(StyleId::DEFAULT);

    /// Never written, or erased, in a style.
    pub(crate) const fn null(style: StyleId) -> Self {
        Self {
            content: ONE_WIDE,
            style,
        }
    }

    /// What follows a wide character in its second cell.
    pub(crate) const fn stub(style: StyleId) -> Self {
        Self { content: 0, style }
    }

    /// A character `width` (0..=2) cells wide.
    pub(crate) const fn character(c: char, width: u8, style: StyleId) -> Self {
        Self {
            content: c as u32 | (width as u32) << WIDTH_SHIFT,
            style,
        }
    }

    /// An ASCII character.
    pub(crate) const fn ascii(byte: u8, style: StyleId) -> Self {
        Self {
            content: byte as u32 | ONE_WIDE,
            style,
        }
    }

    /// The cluster numbered `cluster`.
    pub(crate) const fn cluster(cluster: u32, width: u8, style: StyleId) -> Self {
        Self {
            content: cluster & VALUE | CLUSTER | (width as u32) << WIDTH_SHIFT,
            style,
        }
    }

    /// Cells it takes: 0 for the second cell of a wide character.
    pub(crate) const fn width(self) -> u8 {
        (self.content >> WIDTH_SHIFT) as u8
    }

    /// Something was written here; a space counts.
    pub(crate) const fn has_content(self) -> bool {
        self.content & (VALUE | CLUSTER) != 0
    }

    /// What stands in it.
    pub(crate) fn glyph(self) -> Glyph {
        let value = self.content & VALUE;
        if self.content & CLUSTER != 0 {
            return Glyph::Cluster(value);
        }
        match char::from_u32(value) {
            Some('\0') | None => Glyph::None,
            Some(c) => Glyph::Character(c),
        }
    }

    /// All of them are null or an ASCII character one cell wide: `ascii_byte` says it all.
    pub(crate) fn are_ascii(cells: &[Self]) -> bool {
        cells.iter().fold(0, |all, cell| all | cell.content ^ ONE_WIDE) < 0x80
    }

    /// The byte of an ASCII character one cell wide; 0 for null.
    pub(crate) const fn ascii_byte(self) -> u8 {
        (self.content ^ ONE_WIDE) as u8
    }
}

/// What stands in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glyph {
    /// Nothing.
    None,
    /// One code point.
    Character(char),
    /// Several, by their number.
    Cluster(u32),
}
