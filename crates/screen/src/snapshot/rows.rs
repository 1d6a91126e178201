//! Rows as text: printed so that wraps, blanks and backgrounds come out as they were.

use std::io::Write;

use crate::attributes::{Attributes, StyleId};
use crate::packed::{PackedRow, Piece};
use crate::snapshot::sgr;
use crate::terminal::Terminal;
use crate::width::Joining;

/// Ends the chance that the next character joins the last, and does nothing else (ST).
const APART: &[u8] = b"\x1b\\";

/// A wide character to be cut in half.
pub(super) const HALVED: &str = "漢";

/// Writes a snapshot and knows what the terminal that reads it would have become so far.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    terminal: &'a Terminal,
    out: Vec<u8>,
    /// The pen there.
    pen: Attributes,
    joining: Joining,
}

impl<'a> Writer<'a> {
    pub(super) fn new(terminal: &'a Terminal) -> Self {
        Self {
            terminal,
            out: Vec::new(),
            pen: Attributes::default(),
            joining: Joining::default(),
        }
    }

    pub(super) fn reserve(&mut self, bytes: usize) {
        self.out.reserve(bytes);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.out
    }

    /// A sequence.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        self.joining = Joining::default();
    }

    /// A sequence that has to be put together.
    pub(super) fn format(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to memory does not fail.
        let _ = self.out.write_fmt(arguments);
        self.joining = Joining::default();
    }

    /// To a place on the screen.
    pub(super) fn go_to(&mut self, x: usize, y: usize) {
        self.format(format_args!("\x1b[{};{}H", y + 1, x + 1));
    }

    /// Makes `attributes` the pen.
    pub(super) fn pen(&mut self, attributes: &Attributes) {
        if self.pen == *attributes {
            return;
        }
        sgr::write(&self.pen, attributes, &self.terminal.links, &mut self.out);
        self.pen = *attributes;
        self.joining = Joining::default();
    }

    fn attributes(&self, style: StyleId) -> Attributes {
        self.terminal.styles.get(style.0).copied().unwrap_or_default()
    }

    /// Whatever is printed next joins nothing.
    pub(super) fn apart(&mut self) {
        if !self.joining.is_none() {
            self.bytes(APART);
        }
    }

    /// Prints text that takes no part in what stands before it.
    pub(super) fn text(&mut self, text: &str) {
        let Some(first) = text.chars().next() else { return };
        if self.joining.next(first).joins() {
            self.apart();
        }
        self.out.extend_from_slice(text.as_bytes());
        self.joining = match text.as_bytes().last() {
            Some(&last) if last < 0x80 => Joining::default().next(char::from(last)),
            _ => text.chars().fold(self.joining, Joining::next),
        };
    }

    /// A row of which the next one goes on.
    pub(super) fn lead_in(&mut self) {
        self.format(format_args!("\x1b[{}G", self.terminal.cols));
        self.text("  ");
        self.bytes(b"\r");
    }

    /// The rows of a buffer, the cursor standing at the start of an empty one. `filler`: something was printed into
    /// its first cell to make the row go on from the one above.
    pub(super) fn rows<'r>(&mut self, rows: impl Iterator<Item = &'r PackedRow>, filler: bool) {
        let mut rows = rows.peekable();
        let mut filler = filler;
        while let Some(row) = rows.next() {
            let next = rows.peek().filter(|next| next.wrapped);
            if next.is_none() && row.is_plain() && !filler {
                self.pen(&Attributes::default());
                self.out.extend_from_slice(row.plain_text());
            } else {
                let x = self.row(row, filler);
                filler = false;
                if let Some(next) = next {
                    filler = self.wrap(row, x, next);
                    continue;
                }
            }
            if rows.peek().is_some() {
                if self.pen.background != Default::default() {
                    self.pen(&Attributes::default());
                }
                self.bytes(b"\r\n");
            }
        }
    }

    /// One row's cells; returns the column after the last one printed.
    fn row(&mut self, row: &PackedRow, filler: bool) -> usize {
        let mut x = 0;
        let mut at = 0;
        if filler && !matches!(row.pieces().next(), Some((Piece::Ascii(_) | Piece::Whole(..), _))) {
            self.pen(&Attributes::default());
            self.bytes(b"\x1b[X");
        }
        let mut pieces = row.pieces().peekable();
        while let Some((piece, style)) = pieces.next() {
            let cells = piece.cells();
            match piece {
                Piece::Null(_) if style == StyleId::DEFAULT => {}
                Piece::Odd(text, 2) if at + 2 == self.terminal.cols => {
                    self.skip(at - x);
                    x = at + self.halved(text, style, pieces.peek());
                    break;
                }
                Piece::Null(_) | Piece::Odd(..) => {
                    self.skip(at - x);
                    x = at + self.null(at, cells, style);
                }
                Piece::Ascii(text) | Piece::Whole(text, _) => {
                    self.skip(at - x);
                    self.pen(&self.attributes(style));
                    self.text(text);
                    x = at + cells;
                }
            }
            at += cells;
        }
        x
    }

    /// Cells never written, in a style, the cursor before them; returns by how many cells it moved.
    fn null(&mut self, at: usize, cells: usize, style: StyleId) -> usize {
        let attributes = self.attributes(style);
        let has_room = at + cells < self.terminal.cols;
        if attributes == erased(&attributes) || !has_room {
            self.pen(&attributes);
            self.format(format_args!("\x1b[{cells}X"));
            return 0;
        }
        // What is left of a wide character whose other half is overwritten has all of that pen.
        self.pen(&attributes);
        for column in at + 2..at + 2 + cells {
            self.text(HALVED);
            self.format(format_args!("\x1b[{column}G"));
            self.text(" ");
            self.format(format_args!("\x1b[{column}G"));
        }
        self.pen(&Attributes::default());
        self.bytes(b"\x1b[X");
        cells
    }

    /// The last cell of the row, never written, in a style; the cursor is on it.
    fn null_at_the_end(&mut self, row: &PackedRow, style: StyleId) {
        let attributes = self.attributes(style);
        let Some(before) = self.terminal.cols.checked_sub(2) else {
            return;
        };
        let erased = erased(&attributes);
        if attributes == erased {
            self.pen(&erased);
            self.bytes(b"\x1b[X");
            return;
        }
        // The half that is left of a wide character has all of the pen that overwrites the other; which is mended then.
        self.format(format_args!("\x1b[D{HALVED}\x1b[{}G", before + 1));
        self.pen(&attributes);
        self.text(" ");
        let mut at = 0;
        for (piece, style) in row.pieces() {
            let end = at + piece.cells();
            if end > before {
                self.pen(&self.attributes(style));
                match piece {
                    Piece::Ascii(text) => {
                        self.format(format_args!("\x1b[{}G", before + 1));
                        self.text(text.get(before - at..=before - at).unwrap_or_default());
                    }
                    Piece::Whole(text, _) => {
                        self.format(format_args!("\x1b[{}G", at + 1));
                        self.text(text);
                    }
                    Piece::Null(_) | Piece::Odd(..) => {
                        self.format(format_args!("\x1b[{}G\x1b[X", before + 1))
                    }
                }
                return;
            }
            at = end;
        }
    }

    /// A wide character in the last two columns whose second cell is another's, as is left when what follows neither
    /// fits nor wraps; returns by how many cells the cursor moved.
    fn halved(&mut self, text: &str, style: StyleId, next: Option<&(Piece<'_>, StyleId)>) -> usize {
        self.pen(&self.attributes(style));
        self.bytes(b"\x1b[?7l");
        self.text(text);
        let moved = match next {
            Some(&(Piece::Ascii(last) | Piece::Whole(last, 1), style)) => {
                self.pen(&self.attributes(style));
                self.text(last);
                2
            }
            _ => {
                self.text(HALVED);
                1
            }
        };
        self.bytes(b"\x1b[?7h");
        moved
    }

    fn skip(&mut self, cells: usize) {
        match cells {
            0 => {}
            1 => self.bytes(b"\x1b[C"),
            _ => self.format(format_args!("\x1b[{cells}C")),
        }
    }

    /// Makes the next row go on from this one, of which `x` cells are drawn. True if a space stands in its first cell
    /// then and the cursor before that; else the next character printed wraps.
    fn wrap(&mut self, row: &PackedRow, x: usize, next: &PackedRow) -> bool {
        let cols = self.terminal.cols;
        let first = next.pieces().next();
        let has_background = |style: StyleId| self.attributes(style).background != Default::default();
        let wraps_by_itself = match first {
            Some((Piece::Ascii(_), style)) => x == cols && !has_background(style),
            Some((Piece::Whole(_, width), style)) => {
                let left_over = last_cell(row, cols);
                !has_background(style)
                    && (x == cols || width == 2 && x + 1 == cols && left_over == Some(style))
            }
            _ => false,
        };
        if wraps_by_itself {
            return false;
        }
        let plain = Attributes::default();
        self.pen(&plain);
        if x == cols {
            self.text(" ");
        } else {
            self.skip((cols - 1).saturating_sub(x));
            self.text("  ");
            self.format(format_args!("\x1b[A\x1b[{cols}G"));
            self.null_at_the_end(row, last_cell(row, cols).unwrap_or_default());
            self.bytes(b"\x1b[B");
        }
        self.bytes(b"\r");
        true
    }
}

/// What erasing with this pen leaves.
fn erased(attributes: &Attributes) -> Attributes {
    Attributes {
        background: attributes.background,
        ..Attributes::default()
    }
}

/// The style of the last of `cols` cells, if nothing was written there.
fn last_cell(row: &PackedRow, cols: usize) -> Option<StyleId> {
    let mut end = 0;
    let mut last = None;
    for (piece, style) in row.pieces() {
        end += piece.cells();
        last = matches!(piece, Piece::Null(_)).then_some(style);
    }
    if end < cols { Some(StyleId::DEFAULT) } else { last }
}
