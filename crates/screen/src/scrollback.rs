//! Rows that left the screen at the top, oldest first, up to a limit.

use std::collections::VecDeque;

use crate::packed::PackedRow;

/// The rows above the screen.
#[derive(Debug, Clone)]
pub(crate) struct Scrollback {
    rows: VecDeque<PackedRow>,
    limit: usize,
    /// How many rows went before the oldest one kept.
    dropped: u64,
}

impl Scrollback {
    /// Keeps `limit` rows.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            rows: VecDeque::new(),
            limit,
            dropped: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Counts as if `dropped` rows had gone before.
    pub(crate) fn start_at(&mut self, dropped: u64) {
        self.dropped = dropped;
    }

    pub(crate) fn push(&mut self, row: PackedRow) {
        if self.limit == 0 {
            self.dropped += 1;
            return;
        }
        while self.rows.len() >= self.limit && self.rows.pop_front().is_some() {
            self.dropped += 1;
        }
        self.rows.push_back(row);
    }

    /// Takes back the newest row.
    pub(crate) fn pop(&mut self) -> Option<PackedRow> {
        self.rows.pop_back()
    }

    pub(crate) fn drop_oldest(&mut self, count: usize) {
        let count = count.min(self.rows.len());
        self.rows.drain(..count);
        self.dropped += count as u64;
    }

    pub(crate) fn get(&self, index: usize) -> Option<&PackedRow> {
        self.rows.get(index)
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut PackedRow> {
        self.rows.get_mut(index)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &PackedRow> + ExactSizeIterator {
        self.rows.iter()
    }

    /// Takes all rows out, to be put back in another layout.
    pub(crate) fn take(&mut self) -> VecDeque<PackedRow> {
        std::mem::take(&mut self.rows)
    }

    /// Forgets all rows.
    pub(crate) fn clear(&mut self) {
        self.drop_oldest(self.rows.len());
        self.rows.shrink_to_fit();
    }
}
