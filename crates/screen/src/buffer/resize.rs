//! A buffer takes another size, as xterm.js does it: rows first, the cursor held on the screen, then the long lines.

use super::{Buffer, Clusters};
use crate::attributes::StyleId;
use crate::cell::Cell;
use crate::row::Row;

impl Buffer {
    /// Changes the size. In the normal buffer, lines longer than a row are wrapped anew.
    pub(crate) fn resize(&mut self, old_cols: usize, cols: usize, rows: usize, clusters: &mut Clusters) {
        if cols > old_cols {
            self.set_cols(cols);
        }
        let from_above = self.resize_rows(old_cols, cols, rows, clusters);
        self.x = self.x.min(cols.saturating_sub(1));
        self.y = self.y.min(rows.saturating_sub(1)) + from_above;
        self.saved.x = self.saved.x.min(cols.saturating_sub(1));
        (self.top, self.bottom) = (0, rows.saturating_sub(1));
        if self.reflows && cols != old_cols {
            self.reflow(old_cols, cols, clusters);
        }
        if cols < old_cols {
            self.set_cols(cols);
        }
        self.y = self.y.min(rows.saturating_sub(1));
        self.tabs.resize(cols);
    }

    fn set_cols(&mut self, cols: usize) {
        for row in &mut self.rows {
            row.cells_mut().resize(cols, Cell::EMPTY);
            // Half a character at the edge is no character, though xterm.js keeps it: no snapshot could tell it.
            row.cut_end(StyleId::DEFAULT);
        }
    }

    /// Adds or removes rows at the bottom; once there is nothing below the cursor to remove, or nothing missing, rows
    /// move between screen and scrollback. Returns by how many rows the screen moved down.
    fn resize_rows(&mut self, old_cols: usize, cols: usize, rows: usize, clusters: &mut Clusters) -> usize {
        let mut from_above = 0;
        while self.rows.len() < rows {
            if self.y + from_above + 1 >= self.rows.len()
                && let Some(row) = self.scrollback.pop()
            {
                self.rows.insert(0, row.unpack(cols.max(old_cols), clusters));
                from_above += 1;
            } else {
                self.rows.push(Row::blank(cols, Cell::EMPTY));
            }
        }
        while self.rows.len() > rows {
            if self.rows.len() > self.y + 1 {
                self.rows.pop();
            } else {
                self.push_top(clusters);
            }
        }
        from_above
    }

    /// The top row leaves the screen, and the cursor's row moves up with the others.
    fn push_top(&mut self, clusters: &Clusters) {
        let row = self.rows.remove(0);
        let dropped = self.scrollback.dropped();
        self.scrollback.push(self.packer.pack(&row, row.len(), clusters));
        let trimmed = usize::try_from(self.scrollback.dropped() - dropped).unwrap_or(0);
        self.saved.y = self.saved.y.saturating_sub(trimmed);
        self.y = self.y.saturating_sub(1);
    }
}
