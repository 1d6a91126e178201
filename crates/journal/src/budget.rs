//! Which segments go when the budget is spent. A pure decision; the writer does the unlinking.

/// A keyframe protects what comes after it until the journal is this many times its budget.
pub(crate) const KEYFRAME_FACTOR: u64 = 4;

/// A segment that is no longer written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClosedSegment {
    /// Offset of its first byte.
    pub(crate) base_offset: u64,
    /// Offset after its last byte.
    pub(crate) end_offset: u64,
    /// Output and index together, bytes on disk.
    pub(crate) bytes: u64,
}

/// True if `oldest` has to go while the journal takes `total_bytes`.
///
/// Without a keyframe: whenever the total is over the budget. With one: a segment that ends after it is needed to
/// rebuild the screen, and stays until [`KEYFRAME_FACTOR`] times the budget.
pub(crate) fn must_go(
    oldest: &ClosedSegment,
    total_bytes: u64,
    budget_bytes: u64,
    keyframe: Option<u64>,
) -> bool {
    let protected = keyframe.is_some_and(|keyframe| oldest.end_offset > keyframe);
    let limit = if protected {
        budget_bytes.saturating_mul(KEYFRAME_FACTOR)
    } else {
        budget_bytes
    };
    total_bytes > limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyframe_protects_what_ends_after_it_up_to_four_budgets() {
        let oldest = ClosedSegment {
            base_offset: 0,
            end_offset: 100,
            bytes: 132,
        };
        assert!(!must_go(&oldest, 1000, 1000, None));
        assert!(must_go(&oldest, 1001, 1000, None));
        assert!(must_go(&oldest, 1001, 1000, Some(100)));
        assert!(!must_go(&oldest, 1001, 1000, Some(99)));
        assert!(!must_go(&oldest, 4000, 1000, Some(99)));
        assert!(must_go(&oldest, 4001, 1000, Some(99)));
    }
}
