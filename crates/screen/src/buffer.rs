//! One of the two buffers: the rows on the screen, the cursor, and what belongs to the buffer and not to the terminal.
//! How rows scroll; resizing is in `resize`, long lines in `reflow`.

mod reflow;
mod resize;

use crate::attributes::{Attributes, Interner};
use crate::cell::Cell;
use crate::charset::Charset;
use crate::packed::Packer;
use crate::row::Row;
use crate::scrollback::Scrollback;
use crate::tabs::Tabs;

/// Clusters by number.
pub(crate) type Clusters = Interner<Box<str>>;

/// What DECSC keeps.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Saved {
    pub(crate) x: usize,
    /// Counted from the oldest row kept, so that it stays with its line while rows scroll off.
    pub(crate) y: usize,
    pub(crate) pen: Attributes,
    /// Whether underline style, underline colour and link are drawn with.
    pub(crate) extended: bool,
    pub(crate) charset: Charset,
}

/// A buffer.
#[derive(Debug, Clone)]
pub(crate) struct Buffer {
    /// The rows on the screen from the top.
    pub(crate) rows: Vec<Row>,
    pub(crate) scrollback: Scrollback,
    /// Column of the cursor; one past the last while a wrap is pending.
    pub(crate) x: usize,
    pub(crate) y: usize,
    /// First and last row of the scroll region.
    pub(crate) top: usize,
    pub(crate) bottom: usize,
    pub(crate) tabs: Tabs,
    pub(crate) saved: Saved,
    /// Long lines are wrapped anew when the width changes: in the normal buffer.
    reflows: bool,
    packer: Packer,
}

impl Buffer {
    /// A normal buffer of blank rows that keeps `scrollback` rows above them.
    pub(crate) fn normal(cols: usize, rows: usize, scrollback: usize) -> Self {
        Self {
            reflows: true,
            ..Self::new(cols, rows, scrollback)
        }
    }

    /// An alternate buffer of blank rows.
    pub(crate) fn alternate(cols: usize, rows: usize) -> Self {
        Self::new(cols, rows, 0)
    }

    fn new(cols: usize, rows: usize, scrollback: usize) -> Self {
        Self {
            rows: vec![Row::blank(cols, Cell::EMPTY); rows],
            scrollback: Scrollback::new(scrollback),
            x: 0,
            y: 0,
            top: 0,
            bottom: rows.saturating_sub(1),
            tabs: Tabs::new(cols),
            saved: Saved::default(),
            reflows: false,
            packer: Packer::default(),
        }
    }

    /// Makes the screen blank and everything but the saved cursor as new, as the alternate buffer is on leaving it.
    pub(crate) fn clear(&mut self, cols: usize, blank: Cell) {
        let rows = self.rows.len();
        self.rows.iter_mut().for_each(|row| row.clear(cols, blank));
        self.scrollback.clear();
        (self.x, self.y, self.top, self.bottom) = (0, 0, 0, rows.saturating_sub(1));
        self.tabs = Tabs::new(cols);
    }

    /// The cursor's row.
    pub(crate) fn row(&mut self) -> Option<&mut Row> {
        self.rows.get_mut(self.y)
    }

    /// Scrolls the region up by a row; `wrapped`: the new row goes on from the one above. Off the top of the screen
    /// rows go into the scrollback.
    pub(crate) fn scroll(&mut self, cols: usize, blank: Cell, wrapped: bool, clusters: &Clusters) {
        if self.top == 0
            && self.reflows
            && let Some(row) = self.rows.first()
        {
            self.scrollback.push(self.packer.pack(row, cols, clusters));
        }
        self.delete_row(self.top, cols, blank);
        if let Some(row) = self.rows.get_mut(self.bottom) {
            row.wrapped = wrapped;
        }
    }

    /// Removes row `at`; those below move up, a blank one comes in at the region's bottom.
    pub(crate) fn delete_row(&mut self, at: usize, cols: usize, blank: Cell) {
        let Some(region) = self.rows.get_mut(at..=self.bottom) else {
            return;
        };
        region.rotate_left(1);
        if let Some(row) = region.last_mut() {
            row.clear(cols, blank);
        }
    }

    /// Puts a blank row at `at`; those below move down, the region's last is gone.
    pub(crate) fn insert_row(&mut self, at: usize, cols: usize, blank: Cell) {
        let Some(region) = self.rows.get_mut(at..=self.bottom) else {
            return;
        };
        region.rotate_right(1);
        if let Some(row) = region.first_mut() {
            row.clear(cols, blank);
        }
    }

    /// The saved cursor's row on the screen.
    pub(crate) fn saved_y(&self) -> usize {
        self.saved.y.saturating_sub(self.scrollback.len())
    }

    /// A row counted from the oldest kept goes on from the one above no longer.
    pub(crate) fn unwrap_row(&mut self, index: usize) {
        let above = self.scrollback.len();
        if let Some(row) = self.scrollback.get_mut(index) {
            row.wrapped = false;
        } else if let Some(row) = index
            .checked_sub(above)
            .and_then(|index| self.rows.get_mut(index))
        {
            row.wrapped = false;
        }
    }
}
