//! How fast a client takes output, by what it acknowledges, and how much it is sent ahead of that. No clock: times
//! are arguments.

use std::time::{Duration, Instant};

use sempre_protocol::Offset;
use sempre_protocol::limits::OUTPUT_WINDOW_BYTES;

/// A client is sent what it takes in this time, beyond a round trip.
const AHEAD: Duration = Duration::from_millis(100);
/// Least and most that is sent ahead, bytes, and how much before anything is known.
const WINDOW_LEAST: u64 = 16 * 1024;
const WINDOW_FIRST: u64 = 64 * 1024;
const WINDOW_MOST: u64 = OUTPUT_WINDOW_BYTES;
/// A client further behind than it takes in a second, within these bytes, is given up catching up.
const LAG_LEAST: u64 = 256 * 1024;
const LAG_MOST: u64 = 1024 * 1024;
/// A rate is believed from this many bytes on: fewer measure how fast someone types.
const SAMPLE_BYTES: u64 = 8 * 1024;
/// Longest round trip that counts: beyond it a client is slow, not far.
const ROUND_TRIP_MOST: Duration = Duration::from_millis(300);

/// The pace of one client.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace {
    /// Bytes a second, as measured lately.
    rate: Option<f64>,
    /// The shortest time between sending something and hearing that it was drawn.
    round_trip: Option<Duration>,
    /// Since when something is on its way, and where it began.
    sample: Option<(Instant, Offset)>,
    /// Whether the sample's beginning was sent to a client that had drawn everything.
    from_rest: bool,
    drawn: Offset,
}

impl Pace {
    /// Notes that output from `from` on is sent.
    pub(super) fn sent(&mut self, now: Instant, from: Offset) {
        if self.sample.is_none() {
            self.sample = Some((now, from));
            self.from_rest = true;
        }
    }

    /// Notes that the client has drawn everything before `drawn`, of `sent` that were sent.
    pub(super) fn drew(&mut self, now: Instant, drawn: Offset, sent: Offset) {
        if drawn <= self.drawn {
            return;
        }
        self.drawn = drawn;
        let Some((since, from)) = self.sample else {
            return;
        };
        let took = now.saturating_duration_since(since);
        if std::mem::take(&mut self.from_rest) {
            let shortest = self.round_trip.map_or(took, |shortest| shortest.min(took));
            self.round_trip = Some(shortest.min(ROUND_TRIP_MOST));
        }
        let bytes = drawn.since(from);
        let enough = bytes >= SAMPLE_BYTES;
        if enough {
            // A clock that stood still in between measured nothing slower than this.
            let rate = bytes as f64 / took.as_secs_f64().max(1e-4);
            self.rate = Some(self.rate.map_or(rate, |before| (before + rate) / 2.0));
        }
        if drawn >= sent {
            self.sample = None;
        } else if enough {
            self.sample = Some((now, drawn));
        }
    }

    /// Notes that the stream goes on at `offset` with a snapshot: what that takes measures nothing.
    pub(super) fn jumped(&mut self) {
        self.sample = None;
    }

    /// Bytes it takes in `time`, once its rate is known.
    pub(super) fn taken_in(&self, time: Duration) -> Option<u64> {
        self.rate.map(|rate| (rate * time.as_secs_f64()) as u64)
    }

    /// Bytes that may be sent ahead of what was drawn.
    pub(super) fn window(&self) -> u64 {
        let time = AHEAD + self.round_trip.unwrap_or_default();
        self.taken_in(time)
            .map_or(WINDOW_FIRST, |bytes| bytes.clamp(WINDOW_LEAST, WINDOW_MOST))
    }

    /// Bytes the client may be behind before it gets a snapshot instead of them.
    pub(super) fn lag_limit(&self) -> u64 {
        self.taken_in(Duration::from_secs(1))
            .map_or(LAG_MOST, |bytes| bytes.clamp(LAG_LEAST, LAG_MOST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets a link of `rate` bytes a second and `round_trip` carry windows for a while.
    fn carried(rate: f64, round_trip: Duration) -> Pace {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        let mut at = Offset(0);
        for _ in 0..50 {
            pace.sent(now, at);
            let window = pace.window();
            now += round_trip + Duration::from_secs_f64(window as f64 / rate);
            at = at.plus(window);
            pace.drew(now, at, at);
        }
        pace
    }

    #[test]
    fn a_slow_link_is_sent_a_tenth_of_a_second_ahead() {
        let pace = carried(256_000.0, Duration::ZERO);
        let ahead = pace.window() as f64 / 256_000.0;
        assert!(ahead < 0.45, "{ahead} s");
        assert!(
            (LAG_LEAST..=300_000).contains(&pace.lag_limit()),
            "{}",
            pace.lag_limit()
        );
        assert_eq!(carried(1_000.0, Duration::ZERO).window(), WINDOW_LEAST);
    }

    #[test]
    fn a_fast_link_is_sent_all_that_is_allowed_also_from_far_away() {
        for round_trip in [0, 1, 40, 200] {
            let pace = carried(50e6, Duration::from_millis(round_trip));
            assert_eq!(pace.window(), WINDOW_MOST, "{round_trip} ms away");
        }
        assert_eq!(carried(50e6, Duration::ZERO).lag_limit(), LAG_MOST);
    }

    #[test]
    fn typing_measures_nothing() {
        let mut pace = carried(50e6, Duration::from_millis(1));
        let mut now = Instant::now();
        let mut at = pace.drawn;
        for _ in 0..1000 {
            pace.sent(now, at);
            at = at.plus(1);
            now += Duration::from_millis(40);
            pace.drew(now, at, at);
        }
        assert_eq!(pace.window(), WINDOW_MOST);
    }
}
