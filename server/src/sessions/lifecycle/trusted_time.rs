//! Whether the wall clock can be trusted for something that cannot be undone, such as dropping a journal.
//!
//! A clock that jumps (a wrong battery, a person, NTP that mends either) must not make a week pass at once. So its
//! word counts only after it has run beside the monotonic clock for a number of looks; every jump starts that again.

/// Looks in a row at which the clocks must agree: an hour, at a look every five minutes.
const LOOKS: u32 = 12;

/// The clocks may drift apart by this much between two looks, ms: NTP slews, and a look may be late by itself.
const TOLERANCE_MS: u64 = 5_000;

/// What was seen of the clocks so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TrustedTime {
    last: Option<(u64, u64)>,
    agreed: u32,
}

impl TrustedTime {
    /// Looks at both clocks, ms; the wall clock's time if it can be trusted now.
    pub(super) fn look(&mut self, wall_ms: u64, monotonic_ms: u64) -> Option<u64> {
        let agrees = self.last.is_some_and(|(wall, monotonic)| {
            let went = i128::from(wall_ms) - i128::from(wall);
            let passed = i128::from(monotonic_ms) - i128::from(monotonic);
            (went - passed).unsigned_abs() <= u128::from(TOLERANCE_MS)
        });
        self.last = Some((wall_ms, monotonic_ms));
        self.agreed = match agrees {
            true => self.agreed.saturating_add(1),
            false => 0,
        };
        (self.agreed >= LOOKS).then_some(wall_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;
    const YEAR: u64 = 365 * 24 * 60 * MINUTE;

    /// Looks every five minutes at a wall clock that is `wall` ahead; when it was trusted.
    fn looks(time: &mut TrustedTime, from: u64, count: u64, wall: u64) -> Vec<Option<u64>> {
        let moments = (from..from + count).map(|n| n * 5 * MINUTE);
        moments.map(|at| time.look(at + wall, at)).collect()
    }

    #[test]
    fn a_clock_that_runs_evenly_is_trusted_after_an_hour() {
        let told = looks(&mut TrustedTime::default(), 0, 14, YEAR);
        assert_eq!(told.iter().position(Option::is_some), Some(12));
        assert_eq!(told[12], Some(YEAR + 60 * MINUTE));
        assert!(told[13].is_some());
    }

    #[test]
    fn after_a_jump_either_way_it_has_to_earn_trust_again() {
        for jumped in [50 * YEAR, YEAR - MINUTE, 0] {
            let mut time = TrustedTime::default();
            assert!(looks(&mut time, 0, 20, YEAR)[19].is_some());
            let told = looks(&mut time, 20, 13, jumped);
            assert_eq!(told.iter().position(Option::is_some), Some(12), "{jumped}");
        }
    }

    #[test]
    fn a_clock_that_was_mended_within_the_hour_was_never_believed() {
        let mut time = TrustedTime::default();
        looks(&mut time, 0, 20, YEAR);
        assert!(looks(&mut time, 20, 12, 30 * YEAR).iter().all(Option::is_none));
        assert!(looks(&mut time, 32, 12, YEAR).iter().all(Option::is_none));
    }

    #[test]
    fn a_machine_that_slept_is_a_jump() {
        let mut time = TrustedTime::default();
        looks(&mut time, 0, 20, YEAR);
        // The monotonic clock stood still for a night.
        assert_eq!(looks(&mut time, 20, 1, YEAR + 480 * MINUTE), [None]);
    }
}
