//! Tab stops of one buffer.

use sempre_protocol::limits::MAX_SIDE;

/// Columns between the stops of a terminal just reset.
const EVERY: usize = 8;

/// Which columns stop a tab. xterm.js keeps stops beyond the right edge of a window made narrower, out of sight, which no
/// snapshot could tell: here they go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tabs {
    stops: Vec<bool>,
}

impl Tabs {
    /// Every eighth of `cols` columns.
    pub(crate) fn new(cols: usize) -> Self {
        let mut tabs = Self {
            stops: vec![false; usize::from(MAX_SIDE) + 1],
        };
        tabs.fill(0, cols);
        tabs
    }

    fn fill(&mut self, from: usize, cols: usize) {
        let stops = self.stops.get_mut(..cols).unwrap_or_default();
        stops
            .iter_mut()
            .skip(from)
            .step_by(EVERY)
            .for_each(|stop| *stop = true);
    }

    fn is_set(&self, at: usize) -> bool {
        self.stops.get(at).copied().unwrap_or(false)
    }

    /// The terminal has `cols` columns now. What follows the last stop gets stops, as if from there on none had been set.
    pub(crate) fn resize(&mut self, cols: usize) {
        let from = if self.is_set(cols) {
            cols
        } else {
            self.before(cols, cols)
        };
        self.fill(from, cols);
        self.stops.iter_mut().skip(cols).for_each(|stop| *stop = false);
    }

    pub(crate) fn set(&mut self, at: usize) {
        if let Some(stop) = self.stops.get_mut(at) {
            *stop = true;
        }
    }

    pub(crate) fn clear(&mut self, at: usize) {
        if let Some(stop) = self.stops.get_mut(at) {
            *stop = false;
        }
    }

    pub(crate) fn clear_all(&mut self) {
        self.stops.fill(false);
    }

    /// The next stop right of `x`, the last column if there is none.
    pub(crate) fn after(&self, x: usize, cols: usize) -> usize {
        let next = (x + 1..cols).find(|&at| self.is_set(at));
        next.unwrap_or(cols.saturating_sub(1))
    }

    /// The next stop left of `x`, 0 if there is none.
    pub(crate) fn before(&self, x: usize, cols: usize) -> usize {
        let previous = (0..x).rev().find(|&at| self.is_set(at)).unwrap_or(0);
        previous.min(cols.saturating_sub(1))
    }

    /// The stops left of `cols`.
    pub(crate) fn iter(&self, cols: usize) -> impl Iterator<Item = usize> + '_ {
        (0..cols).filter(|&at| self.is_set(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_are_found_and_go_on_after_widening() {
        let mut tabs = Tabs::new(20);
        assert_eq!(
            (tabs.after(0, 20), tabs.after(16, 20), tabs.before(16, 20)),
            (8, 19, 8)
        );
        tabs.clear(16);
        tabs.resize(40);
        assert_eq!(tabs.iter(40).collect::<Vec<_>>(), [0, 8, 16, 24, 32]);
    }

    #[test]
    fn stops_that_a_narrower_window_hides_do_not_come_back() {
        let mut tabs = Tabs::new(40);
        tabs.set(21);
        tabs.set(35);
        tabs.resize(22);
        tabs.resize(40);
        assert_eq!(tabs.iter(40).collect::<Vec<_>>(), [0, 8, 16, 21, 29, 37]);
    }
}
