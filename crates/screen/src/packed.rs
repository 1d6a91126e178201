//! A row at rest: its text and the runs of its style in one allocation. What scrolled off the screen is kept so, and
//! every reader of rows reads this form.
//!
//! The text is UTF-8 with a mark before whatever is not one character in one cell; no control character can
//! stand in a cell, so the marks cannot be mistaken. Blank cells at the end in the default style are left out.

use crate::attributes::{Interner, StyleId};
use crate::cell::{Cell, Glyph};
use crate::row::Row;

/// Clusters are cut at this many bytes: marks without end cost no memory.
pub(crate) const MAX_CLUSTER_BYTES: usize = 255;

const NULL: u8 = 0;
/// A wide character and its second cell follow as one character.
const WIDE: u8 = 1;
/// The second cell of a wide character that is not there.
const STUB: u8 = 2;
/// A character whose cell has another width than one: the width, the character.
const ODD: u8 = 3;
/// A cluster: the width ([`WHOLE`] with its second cell), its length, its bytes.
const CLUSTER: u8 = 4;
const WHOLE: u8 = 3;

/// Bytes of one style run: cells, style.
const RUN_BYTES: usize = 2 + 4;

/// A row at rest.
#[derive(Debug, Clone)]
pub(crate) struct PackedRow {
    /// Text, then the runs; no runs if all is in the default style.
    data: Box<[u8]>,
    text_bytes: u32,
    /// All of it is ASCII in the default style, with no cell in between that was never written.
    plain: bool,
    /// It goes on from the row above.
    pub(crate) wrapped: bool,
}

/// A piece of a row that is drawn at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// One ASCII character per cell.
    Ascii(&'a str),
    /// So many cells never written.
    Null(usize),
    /// Characters in one cell or two, of this width; a wide one with its second cell.
    Whole(&'a str, u8),
    /// A single cell of this width with this in it, which is not what printing it alone would leave.
    Odd(&'a str, u8),
}

impl Piece<'_> {
    /// Cells it takes.
    pub(crate) fn cells(&self) -> usize {
        match *self {
            Self::Ascii(text) => text.len(),
            Self::Null(count) => count,
            Self::Whole(_, width) => usize::from(width),
            Self::Odd(..) => 1,
        }
    }
}

/// Makes packed rows; keeps its memory between them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Packer {
    bytes: Vec<u8>,
    runs: Vec<u8>,
}

impl Packer {
    /// The first `cols` cells of `row` at rest.
    pub(crate) fn pack(&mut self, row: &Row, cols: usize, clusters: &Interner<Box<str>>) -> PackedRow {
        let cells = row.written();
        let cells = cells.get(..cols).unwrap_or(cells);
        let used = cells
            .iter()
            .rposition(|&cell| cell != Cell::EMPTY)
            .map_or(0, |last| last + 1);
        let cells = cells.get(..used).unwrap_or_default();
        self.bytes.clear();
        self.runs.clear();
        let is_ascii = Cell::are_ascii(cells);
        if is_ascii {
            self.bytes.extend(cells.iter().map(|cell| cell.ascii_byte()));
        } else {
            self.text(cells, clusters);
        }
        self.styles(cells);
        let has_null = self.bytes.iter().fold(false, |any, &byte| any | (byte < b' '));
        let plain = is_ascii && self.runs.is_empty() && !has_null;
        let text_bytes = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&self.runs);
        PackedRow {
            data: self.bytes.as_slice().into(),
            text_bytes,
            plain,
            wrapped: row.wrapped,
        }
    }

    fn text(&mut self, cells: &[Cell], clusters: &Interner<Box<str>>) {
        let mut rest = cells;
        while let [cell, after @ ..] = rest {
            rest = after;
            let whole = cell.width() == 2 && after.first() == Some(&Cell::stub(cell.style));
            if whole {
                rest = after.get(1..).unwrap_or_default();
            }
            self.glyph(*cell, whole, clusters);
        }
    }

    fn glyph(&mut self, cell: Cell, whole: bool, clusters: &Interner<Box<str>>) {
        let width = cell.width();
        match cell.glyph() {
            Glyph::None if width == 1 => self.bytes.push(NULL),
            Glyph::None => self.bytes.push(STUB),
            Glyph::Character(c) => {
                if whole {
                    self.bytes.push(WIDE);
                } else if width != 1 {
                    self.bytes.extend([ODD, width]);
                }
                // Four bytes at once and the rest taken back: a copy of a known length is none but a store.
                let mut encoded = [0; 4];
                let end = self.bytes.len() + c.encode_utf8(&mut encoded).len();
                self.bytes.extend_from_slice(&encoded);
                self.bytes.truncate(end);
            }
            Glyph::Cluster(number) => {
                let text = clusters.get(number).map_or("", |text| text);
                let width = if whole { WHOLE } else { width };
                let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
                self.bytes.extend([CLUSTER, width, length]);
                self.bytes.extend_from_slice(text.as_bytes());
            }
        }
    }

    fn styles(&mut self, cells: &[Cell]) {
        let is_plain = cells.iter().fold(0, |all, cell| all | cell.style.0) == StyleId::DEFAULT.0;
        if is_plain {
            return;
        }
        let mut rest = cells;
        while let Some(StyleId(style)) = rest.first().map(|cell| cell.style) {
            let end = rest.iter().position(|cell| cell.style.0 != style);
            let count = end.unwrap_or(rest.len());
            let [a, b] = u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes();
            let [c, d, e, f] = style.to_le_bytes();
            self.runs.extend_from_slice(&[a, b, c, d, e, f]);
            rest = rest.get(count..).unwrap_or_default();
        }
    }
}

impl PackedRow {
    fn text_bytes(&self) -> usize {
        self.text_bytes as usize
    }

    /// Every cell is one byte: ASCII or never written.
    fn is_ascii(&self) -> bool {
        self.plain
            || self
                .text()
                .iter()
                .all(|&byte| byte == NULL || (0x20..0x80).contains(&byte))
    }

    /// All of it is ASCII in the default style, one byte per cell.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// The text of a row that is plain.
    pub(crate) fn plain_text(&self) -> &[u8] {
        self.text()
    }

    fn text(&self) -> &[u8] {
        self.data.get(..self.text_bytes()).unwrap_or_default()
    }

    fn run_bytes(&self) -> &[u8] {
        self.data.get(self.text_bytes()..).unwrap_or_default()
    }

    /// An upper limit of its cells, and of its trimmed length.
    pub(crate) fn max_cells(&self) -> usize {
        self.text_bytes()
    }

    /// Its styles from the left with the cells each covers; the last may go on further.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (usize, StyleId)> + '_ {
        let plain = self
            .run_bytes()
            .is_empty()
            .then_some((usize::MAX, StyleId::DEFAULT));
        let runs = self.run_bytes().chunks_exact(RUN_BYTES).map(|run| match *run {
            [a, b, c, d, e, f] => (
                usize::from(u16::from_le_bytes([a, b])),
                StyleId(u32::from_le_bytes([c, d, e, f])),
            ),
            _ => (usize::MAX, StyleId::DEFAULT),
        });
        plain.into_iter().chain(runs)
    }

    /// Its pieces from the left, each in one style.
    pub(crate) fn pieces(&self) -> Pieces<'_> {
        Pieces {
            rest: self.text(),
            runs: self.run_bytes(),
            left: if self.run_bytes().is_empty() {
                usize::MAX
            } else {
                0
            },
            style: StyleId::DEFAULT,
        }
    }

    /// The row for editing, `cols` cells long.
    pub(crate) fn unpack(&self, cols: usize, clusters: &mut Interner<Box<str>>) -> Row {
        let mut cells = Vec::with_capacity(cols);
        if self.is_ascii() {
            let mut bytes = self.text().iter();
            for (count, style) in self.runs() {
                cells.extend(bytes.by_ref().take(count).map(|&byte| Cell::ascii(byte, style)));
            }
        } else {
            for (piece, style) in self.pieces() {
                unpack_piece(piece, style, &mut cells, clusters);
            }
        }
        cells.resize(cols, Cell::EMPTY);
        Row::of(cells, self.wrapped)
    }
}

fn unpack_piece(piece: Piece<'_>, style: StyleId, cells: &mut Vec<Cell>, clusters: &mut Interner<Box<str>>) {
    match piece {
        Piece::Ascii(text) => cells.extend(text.bytes().map(|byte| Cell::ascii(byte, style))),
        Piece::Null(count) => cells.extend(std::iter::repeat_n(Cell::null(style), count)),
        Piece::Odd("", _) => cells.push(Cell::stub(style)),
        Piece::Whole(text, width) | Piece::Odd(text, width) => {
            let mut characters = text.chars();
            cells.push(match (characters.next(), characters.next()) {
                (Some(c), None) => Cell::character(c, width, style),
                _ => Cell::cluster(clusters.number(&text.into()), width, style),
            });
            if matches!(piece, Piece::Whole(_, 2)) {
                cells.push(Cell::stub(style));
            }
        }
    }
}

/// Iterator over a row's pieces with their styles.
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    rest: &'a [u8],
    runs: &'a [u8],
    left: usize,
    style: StyleId,
}

impl<'a> Pieces<'a> {
    fn next_run(&mut self) {
        while self.left == 0 {
            let Some((&[a, b, c, d, e, f], rest)) = self.runs.split_first_chunk() else {
                self.left = usize::MAX;
                return;
            };
            self.runs = rest;
            self.left = usize::from(u16::from_le_bytes([a, b]));
            self.style = StyleId(u32::from_le_bytes([c, d, e, f]));
        }
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    fn take_text(&mut self, count: usize) -> &'a str {
        // What was packed was text.
        std::str::from_utf8(self.take(count)).unwrap_or_default()
    }

    fn take_character(&mut self) -> &'a str {
        let length = match self.rest.first() {
            Some(0xf0..) => 4,
            Some(0xe0..) => 3,
            Some(0xc0..) => 2,
            _ => 1,
        };
        self.take_text(length)
    }

    fn take_marked(&mut self) -> Piece<'a> {
        match self.take(1) {
            [WIDE] => Piece::Whole(self.take_character(), 2),
            [ODD] => {
                let width = self.take(1).first().copied().unwrap_or(1);
                Piece::Odd(self.take_character(), width)
            }
            [CLUSTER] => {
                let (width, length) = match *self.take(2) {
                    [width, length] => (width, usize::from(length)),
                    _ => (1, 0),
                };
                let text = self.take_text(length);
                match width {
                    WHOLE => Piece::Whole(text, 2),
                    1 => Piece::Whole(text, 1),
                    _ => Piece::Odd(text, width),
                }
            }
            _ => Piece::Odd("", 0),
        }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = (Piece<'a>, StyleId);

    fn next(&mut self) -> Option<Self::Item> {
        let &first = self.rest.first()?;
        self.next_run();
        let within = self.rest.get(..self.left).unwrap_or(self.rest);
        let count = |is: fn(u8) -> bool| within.iter().position(|&byte| !is(byte)).unwrap_or(within.len());
        let piece = match first {
            NULL => Piece::Null(self.take(count(|byte| byte == NULL)).len()),
            0x20..0x80 => {
                let length = count(|byte| (0x20..0x80).contains(&byte));
                Piece::Ascii(self.take_text(length))
            }
            0x80.. => Piece::Whole(self.take_character(), 1),
            _ => self.take_marked(),
        };
        self.left = self.left.saturating_sub(piece.cells());
        Some((piece, self.style))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clusters() -> Interner<Box<str>> {
        Interner::new("".into())
    }

    fn check(cells: &[Cell], clusters: &mut Interner<Box<str>>) -> usize {
        let row = Row::of(cells.to_vec(), true);
        let packed = Packer::default().pack(&row, cells.len(), clusters);
        let again = packed.unpack(cells.len(), clusters);
        assert_eq!(again.cells(), cells);
        assert!(again.wrapped);
        packed.data.len()
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let mut clusters = clusters();
        let red = StyleId(7);
        let cluster = Cell::cluster(clusters.number(&"e\u{301}".into()), 1, red);
        let family = Cell::cluster(clusters.number(&"👩‍👧".into()), 2, red);
        let plain = StyleId::DEFAULT;
        check(&[], &mut clusters);
        check(&[Cell::EMPTY; 3], &mut clusters);
        check(
            &[Cell::ascii(b'a', plain), Cell::null(red), Cell::EMPTY],
            &mut clusters,
        );
        check(
            &[cluster, family, Cell::stub(red), Cell::ascii(b' ', plain)],
            &mut clusters,
        );
        let wide = Cell::character('漢', 2, plain);
        check(
            &[wide, Cell::stub(plain), wide, Cell::stub(red), wide],
            &mut clusters,
        );
        check(
            &[Cell::stub(plain), Cell::character('\u{200b}', 0, red), family],
            &mut clusters,
        );
        check(
            &[Cell::character('é', 1, plain), Cell::EMPTY, Cell::null(red)],
            &mut clusters,
        );
    }

    #[test]
    fn a_plain_row_costs_a_byte_per_cell() {
        let cells = [Cell::ascii(b'x', StyleId::DEFAULT); 120];
        assert_eq!(check(&cells, &mut clusters()), 120);
    }
}
