//! Long lines of the normal buffer take another width: rows that go on from one another (a chain) are cut anew.
//!
//! As in xterm.js the chain that holds the cursor is left alone, since the program that draws there will mend it, and
//! rows come and go above or below the cursor by the same rules. Only chains are unpacked.

use std::ops::Range;

use super::{Buffer, Clusters};
use crate::cell::Cell;
use crate::packed::{PackedRow, Packer};
use crate::row::Row;

/// A row in one of two forms.
#[derive(Debug, Default)]
struct Stored {
    packed: Option<PackedRow>,
    open: Option<Row>,
}

impl Stored {
    fn packed(row: PackedRow) -> Self {
        Self {
            packed: Some(row),
            open: None,
        }
    }

    fn opened(row: Row) -> Self {
        Self {
            packed: None,
            open: Some(row),
        }
    }

    fn wrapped(&self) -> bool {
        match (&self.open, &self.packed) {
            (Some(row), _) => row.wrapped,
            (None, Some(row)) => row.wrapped,
            (None, None) => false,
        }
    }

    /// The row for editing, `cols` long if it was packed.
    fn open(&mut self, cols: usize, clusters: &mut Clusters) -> &mut Row {
        let packed = self.packed.take();
        self.open
            .get_or_insert_with(|| packed.map(|row| row.unpack(cols, clusters)).unwrap_or_default())
    }

    fn into_open(mut self, cols: usize, clusters: &mut Clusters) -> Row {
        std::mem::take(self.open(cols, clusters))
    }

    fn into_packed(self, cols: usize, packer: &mut Packer, clusters: &mut Clusters) -> PackedRow {
        match self.packed {
            Some(row) if row.max_cells() <= cols => row,
            packed => {
                let row = Self {
                    packed,
                    open: self.open,
                }
                .into_open(cols, clusters);
                packer.pack(&row, cols, clusters)
            }
        }
    }

    /// Whether it cannot be longer than `cols`, as far as that is known without opening it.
    fn is_surely_within(&self, cols: usize) -> bool {
        self.packed.as_ref().is_some_and(|row| row.max_cells() <= cols)
    }
}

/// All rows of a buffer while they are laid out anew, and where screen and cursor stand among them.
struct Layout<'a> {
    lines: Vec<Stored>,
    /// How many of the rows stay: those after them made room for others, but may be cut anew still.
    kept: usize,
    /// Index of the screen's first row.
    base: usize,
    /// The cursor's row on the screen.
    y: usize,
    saved_y: usize,
    rows: usize,
    max_lines: usize,
    /// How many of the oldest rows found no place.
    dropped: usize,
    old_cols: usize,
    cols: usize,
    clusters: &'a mut Clusters,
}

impl Buffer {
    /// Wraps long lines for `cols` columns; the screen has as many rows as it shall have.
    pub(super) fn reflow(&mut self, old_cols: usize, cols: usize, clusters: &mut Clusters) {
        let rows = self.rows.len();
        let above = self.scrollback.take();
        let base = above.len();
        let lines = above.into_iter().map(Stored::packed);
        let lines: Vec<Stored> = lines.chain(self.rows.drain(..).map(Stored::opened)).collect();
        let mut layout = Layout {
            kept: lines.len(),
            lines,
            base,
            y: self.y,
            saved_y: self.saved.y,
            rows,
            max_lines: self.scrollback.limit() + rows,
            dropped: 0,
            old_cols,
            cols,
            clusters,
        };
        if cols > old_cols {
            layout.widen();
        } else {
            layout.narrow();
        }
        (self.y, self.saved.y) = (layout.y, layout.saved_y);
        let Layout {
            lines, base, dropped, ..
        } = layout;
        self.scrollback
            .start_at(self.scrollback.dropped() + dropped as u64);
        for (index, line) in lines.into_iter().enumerate() {
            if index < base {
                self.scrollback
                    .push(line.into_packed(cols, &mut self.packer, clusters));
            } else if self.rows.len() < rows {
                self.rows.push(line.into_open(cols.max(old_cols), clusters));
            }
        }
        self.rows.resize_with(rows, || Row::blank(cols, Cell::EMPTY));
    }
}

impl Layout<'_> {
    fn open(&mut self, index: usize) -> Option<&mut Row> {
        let line = self.lines.get_mut(index)?;
        Some(line.open(self.old_cols, self.clusters))
    }

    fn is_wrapped(&self, index: usize) -> bool {
        self.lines.get(index).is_some_and(Stored::wrapped)
    }

    fn has_cursor(&self, chain: &Range<usize>) -> bool {
        chain.contains(&(self.base + self.y))
    }

    /// The chain's cells without line ends, the last row's only as far as something was written.
    fn cells(&mut self, chain: Range<usize>) -> Vec<Cell> {
        let mut cells = Vec::new();
        for index in chain.clone() {
            let next_is_wide =
                index + 1 < chain.end && self.open(index + 1).is_some_and(|row| row.width(0) == 2);
            let is_last = index + 1 == chain.end;
            let old_cols = self.old_cols;
            let Some(row) = self.open(index) else { continue };
            let last = row.get(old_cols.saturating_sub(1));
            let length = if is_last {
                row.trimmed_len()
            } else if next_is_wide && !last.has_content() && last.width() == 1 {
                // A wide character did not fit there.
                old_cols.saturating_sub(1)
            } else {
                old_cols
            };
            cells.extend((0..length).map(|at| row.get(at)));
        }
        cells
    }

    /// Cuts cells into rows of `cols`, never through a wide character.
    fn cut(&self, cells: &[Cell]) -> Vec<Range<usize>> {
        let mut cuts = Vec::new();
        let mut start = 0;
        while start < cells.len() {
            let mut end = (start + self.cols).min(cells.len());
            let is_cut = end - start == self.cols && cells.get(end - 1).is_some_and(|cell| cell.width() == 2);
            if is_cut && end - start > 1 {
                end -= 1;
            }
            cuts.push(start..end);
            start = end;
        }
        cuts
    }

    /// More columns: chains take fewer rows.
    fn widen(&mut self) {
        let mut removed: Vec<Range<usize>> = Vec::new();
        let mut start = 0;
        while start + 1 < self.lines.len() {
            let length = (start + 1..self.lines.len())
                .take_while(|&index| self.is_wrapped(index))
                .count();
            let chain = start..start + 1 + length;
            start = chain.end;
            if length > 0 && !self.has_cursor(&chain) {
                let kept = self.join(chain.clone());
                removed.push(kept..chain.end);
            }
        }
        let count = removed.iter().map(ExactSizeIterator::len).sum();
        let mut index = 0;
        let mut gone = removed.into_iter().flatten().peekable();
        self.lines.retain(|_| {
            let goes = gone.next_if_eq(&index).is_some();
            index += 1;
            !goes
        });
        self.close_up(count);
    }

    /// Fills a chain's rows anew and returns the index after the last that is still needed.
    fn join(&mut self, chain: Range<usize>) -> usize {
        let cells = self.cells(chain.clone());
        let cuts = self.cut(&cells);
        let cols = self.cols;
        for (index, cut) in chain.clone().zip(&cuts) {
            if let Some(row) = self.open(index) {
                let row = row.cells_mut();
                row.clear();
                row.extend(cells.get(cut.clone()).unwrap_or_default());
                row.resize(cols, Cell::EMPTY);
            }
        }
        let mut end = (chain.start + cuts.len()).max(chain.start + 1);
        while end > chain.start + 1 && self.open(end - 1).is_some_and(|row| row.trimmed_len() == 0) {
            end -= 1;
        }
        if cuts.is_empty()
            && let Some(row) = self.open(chain.start)
        {
            *row.cells_mut() = vec![Cell::EMPTY; cols];
        }
        end
    }

    /// `count` rows fewer: the scrollback gives its rows to the screen, and without any the cursor moves up.
    fn close_up(&mut self, count: usize) {
        for _ in 0..count {
            if self.base > 0 {
                self.base -= 1;
                continue;
            }
            self.y = self.y.saturating_sub(1);
            if self.lines.len() < self.rows {
                self.lines
                    .push(Stored::opened(Row::blank(self.cols, Cell::EMPTY)));
            }
        }
        self.saved_y = self.saved_y.saturating_sub(count);
    }

    /// Fewer columns: lines take more rows. Like xterm.js, which finds rows that it has just removed where they were, a line
    /// that went to make room leaves the rows that it needs more.
    fn narrow(&mut self) {
        // From the bottom, as rows below the cursor make room for new ones. Where, and which.
        let mut inserts: Vec<(usize, Vec<Row>)> = Vec::new();
        let mut inserted = 0;
        let mut end = self.lines.len();
        while end > 0 {
            let mut start = end - 1;
            if !self.is_wrapped(start) && !self.is_too_long(start) {
                end = start;
                continue;
            }
            while start > 0 && self.is_wrapped(start) {
                start -= 1;
            }
            let chain = start..end;
            end = start;
            if self.has_cursor(&chain) {
                continue;
            }
            let at = chain.end;
            let new = self.split(chain);
            let count = new.len();
            inserted += count;
            self.make_room(count, inserted);
            if count > 0 {
                inserts.push((at, new));
            }
        }
        self.insert(inserts);
    }

    fn is_too_long(&mut self, index: usize) -> bool {
        let cols = self.cols;
        let is_within = self
            .lines
            .get(index)
            .is_some_and(|line| line.is_surely_within(cols));
        !is_within && self.open(index).is_some_and(|row| row.trimmed_len() > cols)
    }

    /// Fills a chain's rows anew and returns the rows that it needs more.
    fn split(&mut self, chain: Range<usize>) -> Vec<Row> {
        let cells = self.cells(chain.clone());
        let cuts = self.cut(&cells);
        let cols = self.cols;
        let mut new: Vec<Row> = Vec::new();
        for (nth, cut) in cuts.into_iter().enumerate() {
            let cells = cells.get(cut).unwrap_or_default();
            if nth >= chain.len() {
                let mut row = Row::blank(cols, Cell::EMPTY);
                row.wrapped = true;
                fill(&mut row, cells, cols);
                new.push(row);
            } else if let Some(row) = self.open(chain.start + nth) {
                fill(row, cells, cols);
            }
        }
        new
    }

    /// `count` rows more: rows below the cursor go, and when there are none the screen moves down. `inserted` is
    /// how many rows wait for their place, these included.
    fn make_room(&mut self, count: usize, inserted: usize) {
        let last = self.kept.saturating_sub(1);
        let used = if self.base == 0 && self.y != last {
            self.y
        } else {
            self.kept
        };
        let trimmed = (used + count).saturating_sub(self.max_lines);
        for _ in 0..count.saturating_sub(trimmed) {
            if self.base > 0 {
                let most = self.max_lines.min(self.kept + inserted).saturating_sub(self.rows);
                self.base = (self.base + 1).min(most.max(self.base));
            } else if self.y + 1 < self.rows {
                self.y += 1;
                self.kept = self.kept.saturating_sub(1);
            } else {
                self.base += 1;
            }
        }
        self.saved_y = (self.saved_y + count).min((self.base + self.rows).saturating_sub(1));
    }

    /// Puts the new rows, listed from the bottom, in their places; the oldest rows go if there are too many.
    fn insert(&mut self, mut inserts: Vec<(usize, Vec<Row>)>) {
        let mut old = std::mem::take(&mut self.lines);
        old.truncate(self.kept);
        let mut put = |lines: &mut Vec<Stored>, upto: usize| {
            while inserts.last().is_some_and(|&(at, _)| at <= upto) {
                let rows = inserts.pop().map(|(_, rows)| rows).unwrap_or_default();
                lines.extend(rows.into_iter().map(Stored::opened));
            }
        };
        for (index, line) in old.into_iter().enumerate() {
            put(&mut self.lines, index);
            self.lines.push(line);
        }
        put(&mut self.lines, usize::MAX);
        let excess = self.lines.len().saturating_sub(self.max_lines);
        self.lines.drain(..excess);
        self.dropped = excess;
    }
}

/// Writes `cells` at the row's start; what stood behind them stays, but for the cell next to them.
fn fill(row: &mut Row, cells: &[Cell], cols: usize) {
    let row_cells = row.cells_mut();
    if row_cells.len() < cells.len() {
        row_cells.resize(cells.len(), Cell::EMPTY);
    }
    if let Some(start) = row_cells.get_mut(..cells.len()) {
        start.copy_from_slice(cells);
    }
    if cells.len() < cols {
        row.set(cells.len(), Cell::EMPTY);
    }
}
