//! Which rows are where in the scrolled column, and which of them are wanted.
//!
//! Rows have one height. Browsers draw no element higher than some ten million pixels, so the column holds a stretch of
//! a very long history and moves along when one scrolls near its end.

use std::ops::Range;

/// Height of a row, CSS pixels.
pub const ROW_PX: f64 = 18.0;
/// Rows loaded and drawn together.
pub(super) const PAGE_ROWS: u64 = 200;
/// Rows the column holds when it moves along …
const STRETCH_ROWS: u64 = 400_000;
/// … and at most, once more came at its end.
const MAX_STRETCH_ROWS: u64 = 550_000;
/// Rows drawn above and below what is seen.
const MARGIN_ROWS: u64 = 150;

/// The column's place in the history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// The oldest row there is.
    pub(super) first: u64,
    /// One past the newest.
    pub(super) end: u64,
    /// The row at the top of the column.
    base: u64,
    /// Rows the column may hold.
    stretch: u64,
}

impl Window {
    pub(super) fn new(first: u64, end: u64) -> Self {
        let mut window = Self {
            first,
            end,
            base: first,
            stretch: STRETCH_ROWS,
        };
        window.hold(end);
        window
    }

    /// Takes what there is now. The rows that are there keep their places, so that nothing jumps.
    pub(super) fn grow(&mut self, first: u64, end: u64) {
        if end < self.base {
            *self = Self::new(first, end);
        }
        if self.stretch_end() == self.end {
            self.stretch = (end - self.base).clamp(STRETCH_ROWS, MAX_STRETCH_ROWS);
        }
        (self.first, self.end) = (first.min(end), end);
    }

    fn stretch_end(&self) -> u64 {
        self.end.min(self.base + self.stretch)
    }

    /// Height of the column.
    pub(super) fn height_px(&self) -> f64 {
        (self.stretch_end() - self.base) as f64 * ROW_PX
    }

    /// Where the row's top is, from the column's top.
    pub(super) fn px_of(&self, row: u64) -> f64 {
        row.saturating_sub(self.base) as f64 * ROW_PX
    }

    /// The row at this height.
    pub(super) fn row_at(&self, px: f64) -> u64 {
        // Below 2^53: heights are.
        (self.base + (px.max(0.0) / ROW_PX) as u64).min(self.end.saturating_sub(1).max(self.first))
    }

    /// Whether the row is near an end of the stretch that is no end of the history.
    pub(super) fn is_near_an_end(&self, row: u64) -> bool {
        let near = STRETCH_ROWS / 8;
        let above = row < self.base + near && self.base > self.first;
        let below = row + near > self.stretch_end() && self.stretch_end() < self.end;
        above || below
    }

    /// Moves the stretch, if it must be, so that `row` is well inside it; whether it moved.
    pub(super) fn hold(&mut self, row: u64) -> bool {
        let moves = self.is_near_an_end(row);
        if moves {
            let last_base = self.end.saturating_sub(STRETCH_ROWS).max(self.first);
            self.stretch = STRETCH_ROWS;
            self.base = row.saturating_sub(STRETCH_ROWS / 2).clamp(self.first, last_base);
        }
        moves
    }

    /// The pages wanted while the column shows `height_px` from `top_px` on.
    pub(super) fn pages(&self, top_px: f64, height_px: f64) -> Range<u64> {
        let from = self.row_at(top_px).saturating_sub(MARGIN_ROWS).max(self.first);
        let to = (self.row_at(top_px + height_px) + MARGIN_ROWS).min(self.end);
        from / PAGE_ROWS..to.div_ceil(PAGE_ROWS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_history_is_held_whole() {
        let window = Window::new(10, 1_010);
        assert_eq!(window.height_px(), 1_000.0 * ROW_PX);
        assert_eq!((window.px_of(10), window.row_at(0.0)), (0.0, 10));
        assert_eq!(window.row_at(1e9), 1_009);
        assert_eq!(window.pages(0.0, 30.0 * ROW_PX), 0..1);
        assert_eq!(window.pages(window.px_of(980), 30.0 * ROW_PX), 4..6);
        assert_eq!(Window::new(0, 0).pages(0.0, 500.0), 0..0);
    }

    #[test]
    fn what_grows_keeps_its_rows_where_they_are() {
        let mut window = Window::new(10, 1_010);
        window.grow(10, 1_500);
        assert_eq!((window.px_of(1_009), window.row_at(1e9)), (999.0 * ROW_PX, 1_499));
        assert_eq!(window.height_px(), 1_490.0 * ROW_PX);
        window.grow(200, 1_500);
        assert_eq!(
            window.px_of(1_009),
            999.0 * ROW_PX,
            "the oldest went, the others stay"
        );
        assert_eq!(window.row_at(window.px_of(1_009)), 1_009);
        window.grow(0, 5);
        assert_eq!((window.height_px(), window.row_at(0.0)), (5.0 * ROW_PX, 0));
        let mut long = Window::new(0, 10_000_000);
        let newest = long.px_of(9_999_999);
        long.grow(0, 10_100_000);
        assert!(
            !long.is_near_an_end(9_999_999),
            "the column grows with what comes …"
        );
        long.grow(0, 10_200_000);
        assert_eq!(long.px_of(9_999_999), newest);
        assert!(long.height_px() <= 10_000_000.0, "… as far as browsers draw");
        assert!(
            long.is_near_an_end(10_140_000),
            "and then moves along with who scrolls"
        );
    }

    #[test]
    fn a_long_one_is_held_in_stretches_that_meet() {
        let mut window = Window::new(0, 10_000_000);
        assert!(window.height_px() <= 8_000_000.0);
        let mut row = window.row_at(window.height_px() - 500.0);
        assert_eq!(row, 9_999_972);
        let mut moves = 0;
        while row > 0 {
            row = row.saturating_sub(30_000);
            assert_eq!(window.row_at(window.px_of(row)), row, "the row is in the stretch");
            moves += u32::from(window.hold(row));
        }
        assert!(moves > 40);
        assert_eq!(window.px_of(0), 0.0);
        assert!(!window.hold(0), "nothing lies above the first row");
        window.hold(5_000_000);
        assert_eq!(window.row_at(window.px_of(5_000_000)), 5_000_000);
    }
}
