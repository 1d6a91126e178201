//! The newest of what is measured, for people who look at the health page (row P10). Prometheus has its own sums; these
//! are exact, of a fixed number of the newest, and forgotten with the server.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sempre_protocol::api::{Quantiles, RecoveryFigures};

/// Values of each kind that are kept.
const MAX_VALUES: usize = 1024;
/// Reconnects of this time are counted for the rate, minute by minute.
const MINUTES: usize = 60;

/// The newest values of one kind.
#[derive(Debug)]
struct Newest(VecDeque<u64>);

impl Newest {
    const fn new() -> Self {
        Self(VecDeque::new())
    }

    fn push(&mut self, value: u64) {
        if self.0.len() == MAX_VALUES {
            self.0.pop_front();
        }
        self.0.push_back(value);
    }

    /// The nearest-rank quantiles; none of nothing.
    fn quantiles(&self) -> Option<Quantiles> {
        let mut sorted: Vec<_> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        let rank = |percent: usize| {
            sorted
                .get((sorted.len() * percent).div_ceil(100).saturating_sub(1))
                .copied()
        };
        Some(Quantiles {
            count: u32::try_from(sorted.len()).unwrap_or(u32::MAX),
            p50: rank(50)?,
            p95: rank(95)?,
            p99: rank(99)?,
            max: sorted.last().copied()?,
        })
    }
}

/// How many of something there were in each of the newest minutes.
#[derive(Debug)]
struct PerMinute {
    /// When the first was counted; minutes are numbered from there.
    begin: Option<Instant>,
    /// The number of the minute that is counted in its slot, and the count.
    slots: [(u64, u64); MINUTES],
}

impl PerMinute {
    const fn new() -> Self {
        Self {
            begin: None,
            slots: [(0, 0); MINUTES],
        }
    }

    fn minute(&self, now: Instant) -> u64 {
        let since = self.begin.map(|begin| now.saturating_duration_since(begin));
        since.map_or(0, |since| since.as_secs() / 60)
    }

    fn count(&mut self, now: Instant) {
        self.begin.get_or_insert(now);
        let minute = self.minute(now);
        let slots = MINUTES as u64;
        if let Some(slot) = self
            .slots
            .get_mut(usize::try_from(minute % slots).unwrap_or_default())
        {
            let before = if slot.0 == minute { slot.1 } else { 0 };
            *slot = (minute, before + 1);
        }
    }

    /// How many there were in the last hour, the minute that runs included.
    fn last_hour(&self, now: Instant) -> u64 {
        let (now, slots) = (self.minute(now), MINUTES as u64);
        let recent = self.slots.iter().filter(|(minute, _)| minute + slots > now);
        recent.map(|(_, count)| count).sum()
    }
}

#[derive(Debug)]
struct Numbers {
    snapshot_bytes: Newest,
    recovery_us: Newest,
    reconnects: PerMinute,
    reconnects_total: u64,
    failed_total: u64,
}

/// What is kept; once per process.
#[derive(Debug)]
pub(super) struct Recent(Mutex<Numbers>);

impl Recent {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Numbers {
            snapshot_bytes: Newest::new(),
            recovery_us: Newest::new(),
            reconnects: PerMinute::new(),
            reconnects_total: 0,
            failed_total: 0,
        }))
    }

    fn note(&self, change: impl FnOnce(&mut Numbers)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A snapshot of so many bytes was made.
    pub(super) fn snapshot(&self, bytes: usize) {
        self.note(|numbers| numbers.snapshot_bytes.push(bytes as u64));
    }

    /// A client came back: how long it took, or none if it could not be given the session.
    pub(super) fn reconnect(&self, took: Option<Duration>, now: Instant) {
        self.note(|numbers| {
            numbers.reconnects.count(now);
            numbers.reconnects_total += 1;
            match took {
                Some(took) => {
                    let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
                    numbers.recovery_us.push(us);
                }
                None => numbers.failed_total += 1,
            }
        });
    }

    /// The figures of now.
    pub(super) fn figures(&self, now: Instant) -> RecoveryFigures {
        let numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        RecoveryFigures {
            snapshot_bytes: numbers.snapshot_bytes.quantiles(),
            recovery_us: numbers.recovery_us.quantiles(),
            reconnects: numbers.reconnects_total,
            reconnects_last_hour: numbers.reconnects.last_hour(now),
            failed_recoveries: numbers.failed_total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p10_quantiles_are_of_the_newest_and_none_of_nothing() {
        let (recent, now) = (Recent::new(), Instant::now());
        let none = recent.figures(now);
        assert_eq!((none.recovery_us, none.snapshot_bytes), (None, None));
        for ms in 1..=200 {
            recent.reconnect(Some(Duration::from_millis(ms)), now);
        }
        recent.reconnect(None, now);
        let figures = recent.figures(now);
        let took = figures.recovery_us.unwrap();
        assert_eq!(
            (took.count, took.p50, took.p95, took.p99, took.max),
            (200, 100_000, 190_000, 198_000, 200_000)
        );
        assert_eq!((figures.reconnects, figures.failed_recoveries), (201, 1));
        for _ in 0..MAX_VALUES {
            recent.snapshot(7);
        }
        recent.snapshot(9);
        let sizes = recent.figures(now).snapshot_bytes.unwrap();
        assert_eq!((sizes.count as usize, sizes.p99, sizes.max), (MAX_VALUES, 7, 9));
    }

    #[test]
    fn p10_the_rate_is_of_the_last_hour() {
        let (recent, begin) = (Recent::new(), Instant::now());
        let after = |minutes: u64| begin + Duration::from_secs(60 * minutes);
        for minutes in [0, 0, 10, 59] {
            recent.reconnect(None, after(minutes));
        }
        let last_hour = |minutes| recent.figures(after(minutes)).reconnects_last_hour;
        assert_eq!(
            (last_hour(59), last_hour(60), last_hour(70), last_hour(119)),
            (4, 2, 1, 0)
        );
        recent.reconnect(None, after(120));
        assert_eq!((last_hour(120), last_hour(1000)), (1, 0));
    }
}
