//! One row of the grid and the edits that keep wide characters whole: half of one never stays behind.

use crate::attributes::{Flags, StyleId};
use crate::cell::Cell;

/// A row of cells, and whether it goes on from the row above.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    cells: Vec<Cell>,
    /// From here on every cell is empty. Short lines are cleared and packed by what was written, not by the width.
    written: usize,
    pub(crate) wrapped: bool,
}

impl Row {
    /// A row of `cols` blanks.
    pub(crate) fn blank(cols: usize, blank: Cell) -> Self {
        Self::of(vec![blank; cols], false)
    }

    /// A row of these cells.
    pub(crate) fn of(cells: Vec<Cell>, wrapped: bool) -> Self {
        Self {
            written: cells.len(),
            cells,
            wrapped,
        }
    }

    /// Its cells from the left.
    pub(crate) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Its cells up to one behind which all are empty.
    pub(crate) fn written(&self) -> &[Cell] {
        self.cells.get(..self.written).unwrap_or(&self.cells)
    }

    /// Its cells, to be changed in any way.
    pub(crate) fn cells_mut(&mut self) -> &mut Vec<Cell> {
        self.written = usize::MAX;
        &mut self.cells
    }

    /// The cells of `start..end`, to be written; none if it has not so many.
    pub(crate) fn span_mut(&mut self, start: usize, end: usize) -> &mut [Cell] {
        self.written = self.written.max(end);
        self.cells.get_mut(start..end).unwrap_or_default()
    }

    /// Writes `text` from `at` on.
    pub(crate) fn put_ascii(&mut self, at: usize, text: &[u8], style: StyleId) {
        let cells = self.span_mut(at, at + text.len());
        for (cell, &byte) in cells.iter_mut().zip(text) {
            *cell = Cell::ascii(byte, style);
        }
    }

    /// Writes a character of one cell or two at `at`.
    pub(crate) fn put(&mut self, at: usize, c: char, width: u8, style: StyleId) {
        match self.span_mut(at, at + usize::from(width)) {
            [cell] => *cell = Cell::character(c, width, style),
            [cell, second] => (*cell, *second) = (Cell::character(c, width, style), Cell::stub(style)),
            _ => {}
        }
    }

    /// Makes this a blank row of `cols` cells, keeping its memory.
    pub(crate) fn clear(&mut self, cols: usize, blank: Cell) {
        self.wrapped = false;
        if self.len() == cols && blank == Cell::EMPTY {
            let written = self.written.min(cols);
            self.span_mut(0, written).fill(blank);
        } else {
            self.cells.clear();
            self.cells.resize(cols, blank);
        }
        self.written = if blank == Cell::EMPTY { 0 } else { cols };
    }

    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// The cell at `at`, empty beyond the end.
    pub(crate) fn get(&self, at: usize) -> Cell {
        self.cells.get(at).copied().unwrap_or(Cell::EMPTY)
    }

    /// Nothing happens beyond the end.
    pub(crate) fn set(&mut self, at: usize, cell: Cell) {
        if let Some(slot) = self.cells.get_mut(at) {
            *slot = cell;
            self.written = self.written.max(at + 1);
        }
    }

    /// Width of the cell at `at`; 1 beyond the end.
    pub(crate) fn width(&self, at: usize) -> u8 {
        self.get(at).width()
    }

    /// The cell at `at` is the second of a wide character.
    fn is_stub(&self, at: usize) -> bool {
        self.cells
            .get(at)
            .is_some_and(|cell| cell.width() == 0 && !cell.has_content())
    }

    /// Cells up to the last one written.
    pub(crate) fn trimmed_len(&self) -> usize {
        let last = self.cells.iter().rposition(|cell| cell.has_content());
        last.map_or(0, |last| last + usize::from(self.width(last)))
    }

    /// A wide character that begins left of `at` loses its half.
    pub(crate) fn cut_before(&mut self, at: usize, style: StyleId) {
        if at > 0 && self.width(at - 1) == 2 {
            self.set(at - 1, Cell::null(style));
        }
    }

    /// The second half of a wide character at `at`, whose first is gone, becomes blank.
    pub(crate) fn cut_at(&mut self, at: usize, style: StyleId) {
        if self.is_stub(at) {
            self.set(at, Cell::null(style));
        }
    }

    /// A wide character whose first half stands in the last cell does not fit.
    pub(crate) fn cut_end(&mut self, style: StyleId) {
        let last = self.len().saturating_sub(1);
        if self.len() > 0 && self.width(last) == 2 {
            self.set(last, Cell::null(style));
        }
    }

    /// Moves the cells from `at` on to the right by `count`; `fill` comes in, the end falls off (ICH).
    pub(crate) fn insert(&mut self, at: usize, count: usize, fill: Cell) {
        let at = if self.len() == 0 { return } else { at % self.len() };
        self.cut_before(at, fill.style);
        let count = count.min(self.len() - at);
        if let Some(tail) = self.cells_mut().get_mut(at..) {
            tail.rotate_right(count);
            tail.iter_mut().take(count).for_each(|cell| *cell = fill);
        }
        self.cut_end(fill.style);
    }

    /// Removes `count` cells at `at`; the rest moves left, `fill` comes in at the end (DCH).
    pub(crate) fn delete(&mut self, at: usize, count: usize, fill: Cell) {
        let at = if self.len() == 0 { return } else { at % self.len() };
        let count = count.min(self.len() - at);
        if let Some(tail) = self.cells_mut().get_mut(at..) {
            tail.rotate_left(count);
            tail.iter_mut().rev().take(count).for_each(|cell| *cell = fill);
        }
        self.cut_before(at, fill.style);
        self.cut_at(at, fill.style);
    }

    /// Overwrites `start..end` with `fill`.
    pub(crate) fn erase(&mut self, start: usize, end: usize, fill: Cell) {
        self.cut_before(start, fill.style);
        if end < self.len() && end > 0 && self.width(end - 1) == 2 {
            self.set(end, Cell::null(fill.style));
        }
        let end = end.min(self.len());
        self.span_mut(start.min(end), end).fill(fill);
    }

    /// Overwrites the cells of `start..end` that are not protected (DECSED, DECSEL).
    pub(crate) fn erase_unprotected(
        &mut self,
        start: usize,
        end: usize,
        fill: Cell,
        flags: impl Fn(StyleId) -> Flags,
    ) {
        let is_free = |row: &Self, at: usize| !flags(row.get(at).style).has(Flags::PROTECTED);
        if start > 0 && self.width(start - 1) == 2 && is_free(self, start - 1) {
            self.set(start - 1, Cell::null(fill.style));
        }
        if end < self.len() && end > 0 && self.width(end - 1) == 2 && is_free(self, end) {
            self.set(end, Cell::null(fill.style));
        }
        for at in start..end.min(self.len()) {
            if is_free(self, at) {
                self.set(at, fill);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Cell = Cell::character('漢', 2, StyleId::DEFAULT);
    const STUB: Cell = Cell::stub(StyleId::DEFAULT);
    const A: Cell = Cell::ascii(b'a', StyleId::DEFAULT);
    const B: Cell = Cell::ascii(b'b', StyleId::DEFAULT);

    fn row(cells: &[Cell]) -> Row {
        Row::of(cells.to_vec(), false)
    }

    #[test]
    fn no_half_of_a_wide_character_stays_behind() {
        let mut inserted = row(&[WIDE, STUB, A, B]);
        inserted.insert(1, 1, Cell::EMPTY);
        assert_eq!(inserted.cells, [Cell::EMPTY, Cell::EMPTY, STUB, A]);
        let mut at_the_end = row(&[A, WIDE, STUB]);
        at_the_end.insert(0, 1, Cell::EMPTY);
        assert_eq!(at_the_end.cells, [Cell::EMPTY, A, Cell::EMPTY]);
        let mut deleted = row(&[WIDE, STUB, A, B]);
        deleted.delete(0, 1, Cell::EMPTY);
        assert_eq!(deleted.cells, [Cell::EMPTY, A, B, Cell::EMPTY]);
        let mut erased = row(&[A, WIDE, STUB, B]);
        erased.erase(0, 2, Cell::EMPTY);
        assert_eq!(erased.cells, [Cell::EMPTY, Cell::EMPTY, Cell::EMPTY, B]);
    }

    #[test]
    fn a_space_is_content_and_a_blank_is_not() {
        let space = Cell::ascii(b' ', StyleId::DEFAULT);
        assert_eq!(row(&[A, space, Cell::EMPTY]).trimmed_len(), 2);
        assert_eq!(row(&[WIDE, STUB, Cell::EMPTY]).trimmed_len(), 2);
        assert_eq!(row(&[Cell::EMPTY]).trimmed_len(), 0);
    }
}
