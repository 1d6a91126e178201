//! How large a journal and its segments may become. No behaviour.

/// What a journal may take on disk unless its caller says otherwise: 64 MiB, data and index together.
pub const DEFAULT_BUDGET_BYTES: u64 = 64 * 1024 * 1024;

const MAX_SEGMENT_BYTES: u64 = 4 * 1024 * 1024;
const MIN_SEGMENT_BYTES: u64 = 64 * 1024;
const SEGMENTS_PER_BUDGET: u64 = 16;
const SEGMENT_BYTES_PER_INDEX_BYTE: u64 = 4;

/// Sizes a journal keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Data and index together, bytes. Past it the oldest segments go; the one being written never does.
    pub budget_bytes: u64,
    /// A new segment begins when the output file reaches this, bytes.
    pub segment_bytes: u64,
    /// A new segment begins when the index file reaches this, bytes.
    pub index_bytes: u64,
}

impl Options {
    /// The usual segment sizes for a budget: a sixteenth of it, within 64 KiB to 4 MiB (index: a quarter of that).
    pub const fn with_budget(budget_bytes: u64) -> Self {
        let share = budget_bytes / SEGMENTS_PER_BUDGET;
        let segment_bytes = if share < MIN_SEGMENT_BYTES {
            MIN_SEGMENT_BYTES
        } else if share > MAX_SEGMENT_BYTES {
            MAX_SEGMENT_BYTES
        } else {
            share
        };
        Self {
            budget_bytes,
            segment_bytes,
            index_bytes: segment_bytes / SEGMENT_BYTES_PER_INDEX_BYTE,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::with_budget(DEFAULT_BUDGET_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_follow_the_budget_within_limits() {
        let segment_bytes = |budget| Options::with_budget(budget).segment_bytes;
        assert_eq!(segment_bytes(0), 64 * 1024);
        assert_eq!(segment_bytes(16 * 1024 * 1024), 1024 * 1024);
        assert_eq!(segment_bytes(u64::MAX), 4 * 1024 * 1024);
        assert_eq!(Options::default().index_bytes, 1024 * 1024);
    }
}
