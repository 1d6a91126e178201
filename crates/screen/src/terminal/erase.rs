//! Erasing, inserting and deleting, in rows and of rows.

use super::Terminal;
use crate::attributes::Flags;
use crate::cell::Cell;
use crate::parser::Params;

impl Terminal {
    /// Erases cells of a row on the screen.
    fn erase_in_row(&mut self, y: usize, start: usize, end: usize, unwrap: bool, selective: bool) {
        let blank = self.blank();
        let styles = &self.styles;
        let buffer = if self.on_alternate {
            &mut self.alternate
        } else {
            &mut self.normal
        };
        let Some(row) = buffer.rows.get_mut(y) else { return };
        if selective {
            let flags = |style: crate::attributes::StyleId| {
                styles.get(style.0).map_or(Flags::default(), |style| style.flags)
            };
            row.erase_unprotected(start, end, blank, flags);
        } else {
            row.erase(start, end, blank);
        }
        if unwrap {
            row.wrapped = false;
        }
    }

    fn erase_row(&mut self, y: usize, selective: bool) {
        if selective {
            let length = self.buffer().rows.get(y).map_or(0, |row| row.len());
            self.erase_in_row(y, 0, length, true, true);
            return;
        }
        let blank = self.blank();
        if let Some(row) = self.buffer_mut().rows.get_mut(y) {
            row.cells_mut().fill(blank);
            row.wrapped = false;
        }
    }

    /// ED, DECSED.
    pub(super) fn erase_screen(&mut self, params: &Params, selective: bool) {
        let (cols, rows) = (self.cols, self.rows);
        self.restrict_to(cols);
        let (x, y) = (self.buffer().x, self.buffer().y);
        match params.get(0) {
            0 => {
                self.erase_in_row(y, x, cols, x == 0, selective);
                (y + 1..rows).for_each(|y| self.erase_row(y, selective));
            }
            1 if self.erases_all_above(x, y) => (0..rows).for_each(|y| self.erase_row(y, selective)),
            1 => {
                self.erase_in_row(y, 0, x + 1, true, selective);
                if x + 1 >= cols {
                    // Counted from the oldest row there is, as xterm.js does.
                    self.buffer_mut().unwrap_row(y + 1);
                }
                (0..y).for_each(|y| self.erase_row(y, selective));
            }
            2 => (0..rows).for_each(|y| self.erase_row(y, selective)),
            3 => self.erase_scrollback(),
            _ => {}
        }
    }

    /// Where xterm.js 6.0 would fail, the page erases the whole screen instead.
    fn erases_all_above(&self, x: usize, y: usize) -> bool {
        x + 1 >= self.cols && y + 1 >= self.buffer().scrollback.len() + self.rows
    }

    fn erase_scrollback(&mut self) {
        let buffer = self.buffer_mut();
        buffer.scrollback.clear();
    }

    /// EL, DECSEL.
    pub(super) fn erase_line(&mut self, params: &Params, selective: bool) {
        let cols = self.cols;
        self.restrict_to(cols);
        let (x, y) = (self.buffer().x, self.buffer().y);
        match params.get(0) {
            0 => self.erase_in_row(y, x, cols, x == 0, selective),
            1 => self.erase_in_row(y, 0, x + 1, false, selective),
            2 => self.erase_in_row(y, 0, cols, true, selective),
            _ => {}
        }
    }

    /// ECH.
    pub(super) fn erase_characters(&mut self, count: usize) {
        self.restrict();
        let (x, y) = (self.buffer().x, self.buffer().y);
        self.erase_in_row(y, x, x.saturating_add(count), false, false);
    }

    /// ICH.
    pub(super) fn insert_characters(&mut self, count: usize) {
        self.restrict();
        let blank = self.blank();
        let buffer = self.buffer_mut();
        let x = buffer.x;
        if let Some(row) = buffer.row() {
            row.insert(x, count, blank);
        }
    }

    /// DCH.
    pub(super) fn delete_characters(&mut self, count: usize) {
        self.restrict();
        let blank = self.blank();
        let buffer = self.buffer_mut();
        let x = buffer.x;
        if let Some(row) = buffer.row() {
            row.delete(x, count, blank);
        }
    }

    fn in_region(&self) -> bool {
        let buffer = self.buffer();
        (buffer.top..=buffer.bottom).contains(&buffer.y)
    }

    /// IL.
    pub(super) fn insert_lines(&mut self, count: usize) {
        self.restrict();
        if self.in_region() {
            let blank = self.blank();
            let cols = self.cols;
            let buffer = self.buffer_mut();
            for _ in 0..count.min(buffer.rows.len()) {
                buffer.insert_row(buffer.y, cols, blank);
            }
            buffer.x = 0;
        }
    }

    /// DL.
    pub(super) fn delete_lines(&mut self, count: usize) {
        self.restrict();
        if self.in_region() {
            let blank = self.blank();
            let cols = self.cols;
            let buffer = self.buffer_mut();
            for _ in 0..count.min(buffer.rows.len()) {
                buffer.delete_row(buffer.y, cols, blank);
            }
            buffer.x = 0;
        }
    }

    /// SU: nothing goes into the scrollback.
    pub(super) fn scroll_up(&mut self, count: usize) {
        let blank = self.blank();
        let cols = self.cols;
        let buffer = self.buffer_mut();
        for _ in 0..count.min(buffer.rows.len()) {
            buffer.delete_row(buffer.top, cols, blank);
        }
    }

    /// SD: the rows that come in have no background.
    pub(super) fn scroll_down(&mut self, count: usize) {
        let cols = self.cols;
        let buffer = self.buffer_mut();
        for _ in 0..count.min(buffer.rows.len()) {
            buffer.insert_row(buffer.top, cols, Cell::EMPTY);
        }
    }

    /// Moves columns of the region: SL and SR at the first column, DECIC and DECDC at the cursor's.
    pub(super) fn move_columns(&mut self, at_cursor: bool, inserts: bool, count: usize) {
        if !self.in_region() {
            return;
        }
        let blank = self.blank();
        let buffer = self.buffer_mut();
        let x = if at_cursor { buffer.x } else { 0 };
        let region = buffer
            .rows
            .get_mut(buffer.top..=buffer.bottom)
            .unwrap_or_default();
        for row in region {
            if inserts {
                row.insert(x, count, blank);
            } else {
                row.delete(x, count, blank);
            }
            row.wrapped = false;
        }
    }
}
