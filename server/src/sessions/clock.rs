//! The two clocks a session's life is measured by, behind a trait so that tests can set them.

use std::fmt::Debug;

use rustix::time::{ClockId, clock_gettime};

/// Tells the time.
pub trait Clock: Debug + Send + Sync {
    /// What a person's watch says, ms since the Unix epoch. Anyone may set it, forwards and backwards.
    fn wall_ms(&self) -> u64;

    /// Time that passed while the machine was awake, ms since some moment of this boot. Nobody sets it, and a server
    /// that is started again goes on where the one before was.
    fn monotonic_ms(&self) -> u64;
}

/// The system's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall_ms(&self) -> u64 {
        wall_ms()
    }

    fn monotonic_ms(&self) -> u64 {
        let now = clock_gettime(ClockId::Monotonic);
        let (seconds, nanos) = (now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs());
        seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000)
    }
}

/// The wall clock of the system, ms since the Unix epoch.
pub(super) fn wall_ms() -> u64 {
    crate::calendar::now_ms()
}
