//! Moving the cursor, tabs, the scroll region, saving and restoring.

use super::Terminal;
use crate::buffer::Saved;
use crate::parser::Params;

impl Terminal {
    fn last_x(&self) -> usize {
        self.cols.saturating_sub(1)
    }

    /// Into the screen; in origin mode into the region. The cursor leaves the place past the last column.
    pub(super) fn restrict(&mut self) {
        self.restrict_to(self.last_x());
    }

    pub(super) fn restrict_to(&mut self, last_x: usize) {
        let origin = self.modes.origin;
        let last_y = self.rows.saturating_sub(1);
        let buffer = self.buffer_mut();
        buffer.x = buffer.x.min(last_x);
        buffer.y = if origin {
            buffer.y.clamp(buffer.top, buffer.bottom)
        } else {
            buffer.y.min(last_y)
        };
    }

    /// To a place; in origin mode rows are counted from the region's top.
    pub(super) fn go_to(&mut self, x: usize, y: usize) {
        let origin = self.modes.origin;
        let buffer = self.buffer_mut();
        buffer.x = x;
        buffer.y = if origin { buffer.top.saturating_add(y) } else { y };
        self.restrict();
    }

    /// By so many columns and rows. xterm.js goes on from here as to a place, so origin mode counts again.
    fn go_by(&mut self, columns: isize, rows: isize) {
        self.restrict();
        let (x, y) = (self.buffer().x, self.buffer().y);
        let origin = if self.modes.origin { self.buffer().top } else { 0 };
        let to = |at: usize, by: isize| isize::try_from(at).unwrap_or(0).saturating_add(by);
        let x = to(x, columns).max(0).cast_unsigned();
        let y = to(y + origin, rows).max(0).cast_unsigned();
        let buffer = self.buffer_mut();
        (buffer.x, buffer.y) = (x, y);
        self.restrict();
    }

    pub(super) fn up(&mut self, count: usize) {
        let buffer = self.buffer();
        let count = match buffer.y.checked_sub(buffer.top) {
            Some(room) => count.min(room),
            None => count,
        };
        self.go_by(0, signed(count).saturating_neg());
    }

    pub(super) fn down(&mut self, count: usize) {
        let buffer = self.buffer();
        let count = match buffer.bottom.checked_sub(buffer.y) {
            Some(room) => count.min(room),
            None => count,
        };
        self.go_by(0, signed(count));
    }

    pub(super) fn right(&mut self, count: usize) {
        self.go_by(signed(count), 0);
    }

    pub(super) fn left(&mut self, count: usize) {
        self.go_by(signed(count).saturating_neg(), 0);
    }

    pub(super) fn down_by(&mut self, count: usize) {
        self.go_by(0, signed(count));
    }

    pub(super) fn go_to_column(&mut self, params: &Params) {
        let y = self.buffer().y;
        self.go_to(params.count(0) - 1, y);
    }

    pub(super) fn go_to_row(&mut self, params: &Params) {
        let x = self.buffer().x;
        self.go_to(x, params.count(0) - 1);
    }

    pub(super) fn go_to_place(&mut self, params: &Params) {
        let column = if params.len() >= 2 { params.count(1) - 1 } else { 0 };
        self.go_to(column, params.count(0) - 1);
    }

    pub(super) fn tab(&mut self, count: usize) {
        let cols = self.cols;
        let buffer = self.buffer_mut();
        if buffer.x < cols {
            for _ in 0..count.min(cols) {
                buffer.x = buffer.tabs.after(buffer.x, cols);
            }
        }
    }

    pub(super) fn tab_back(&mut self, count: usize) {
        let cols = self.cols;
        let buffer = self.buffer_mut();
        if buffer.x < cols {
            for _ in 0..count.min(cols) {
                buffer.x = buffer.tabs.before(buffer.x, cols);
            }
        }
    }

    pub(super) fn clear_tabs(&mut self, params: &Params) {
        let buffer = self.buffer_mut();
        match params.get(0) {
            0 => buffer.tabs.clear(buffer.x),
            3 => buffer.tabs.clear_all(),
            _ => {}
        }
    }

    pub(super) fn set_region(&mut self, params: &Params) {
        let rows = self.rows;
        let top = params.count(0);
        let asked = usize::try_from(params.get(1)).unwrap_or(0);
        let bottom = if params.len() < 2 || asked > rows || asked == 0 {
            rows
        } else {
            asked
        };
        if bottom > top {
            let buffer = self.buffer_mut();
            (buffer.top, buffer.bottom) = (top - 1, bottom - 1);
            self.go_to(0, 0);
        }
    }

    pub(super) fn save_cursor(&mut self) {
        let (pen, extended) = (*self.pen.attributes(), self.pen.extended());
        let charset = self.charsets.current;
        let buffer = self.buffer_mut();
        buffer.saved = Saved {
            x: buffer.x,
            y: buffer.scrollback.len() + buffer.y,
            pen,
            extended,
            charset,
        };
    }

    pub(super) fn restore_cursor(&mut self) {
        let buffer = self.buffer_mut();
        buffer.x = buffer.saved.x;
        buffer.y = buffer.saved_y();
        let Saved {
            pen,
            extended,
            charset,
            ..
        } = buffer.saved;
        self.pen.restore(&pen, extended);
        self.charsets.current = charset;
        self.restrict();
    }
}

fn signed(count: usize) -> isize {
    isize::try_from(count).unwrap_or(isize::MAX)
}
