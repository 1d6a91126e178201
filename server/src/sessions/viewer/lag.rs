//! When a client that skips gets a snapshot instead of bytes. Pure: times and figures are arguments.
//!
//! One that cannot follow is not sent bytes between two snapshots: they would be old before it had drawn them, and what
//! it waits for (the prompt after Ctrl-C) would stand in line behind them.

use std::time::{Duration, Instant};

use sempre_protocol::Offset;

use super::pace::Pace;

/// Snapshots for a client in a flood follow each other no faster than this.
const SNAPSHOT_INTERVAL: Duration = Duration::from_millis(50);
/// For at least so long after a client interrupted its program it is shown today's screen before anything old.
const HURRY: Duration = Duration::from_secs(1);
/// While it is in a hurry it is sent as much old output as it takes in this time.
const NEAR: Duration = Duration::from_millis(20);
/// A client waits so long for today's screen. After that an older one is better than none.
const PATIENCE: Duration = Duration::from_millis(250);
/// So much old output is no matter for anybody, bytes.
const NEAR_LEAST: u64 = 4 * 1024;

/// What a client said that matters here.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Heard {
    /// It has drawn all before this.
    pub(super) drawn: Offset,
    /// When it last typed what interrupts or stops a program.
    pub(super) interrupted: Option<Instant>,
}

/// Where a client stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    /// The end of what it was sent.
    pub(super) cursor: Offset,
    /// The end of the output.
    pub(super) end: Offset,
}

/// What to do for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Send bytes.
    Bytes,
    /// Send a snapshot.
    Snapshot,
    /// Wait until it has drawn more.
    Drawn,
    /// Wait until then.
    Until(Instant),
}

/// One client's lag.
#[derive(Debug, Clone, Default)]
pub(super) struct Skipping {
    /// A snapshot was sent in the middle of the stream: nothing follows until it was drawn.
    undrawn: Option<Offset>,
    /// Since its last snapshot it has not caught up; when that was sent.
    flooded: Option<Instant>,
    /// When it last had drawn all there was.
    rested: Option<Instant>,
    /// Since when it waits for a snapshot.
    waits: Option<Instant>,
}

impl Skipping {
    /// What to do for a client at `position` of which `heard` was heard.
    pub(super) fn step(&mut self, now: Instant, position: Position, heard: Heard, pace: &Pace) -> Step {
        if self.undrawn.is_some_and(|offset| heard.drawn < offset) {
            return Step::Drawn;
        }
        self.undrawn = None;
        let behind = position.end.since(position.cursor);
        let in_a_hurry = self.is_in_a_hurry(now, heard);
        let takes_in = |time| pace.taken_in(time).unwrap_or(0).max(NEAR_LEAST);
        let limit = match self.flooded.map(|at| at + SNAPSHOT_INTERVAL) {
            _ if in_a_hurry => takes_in(NEAR),
            Some(next) if now < next => return Step::Until(next),
            // What came in that time it can take in that time.
            Some(_) => takes_in(SNAPSHOT_INTERVAL),
            None => pace.lag_limit(),
        };
        if behind <= limit {
            if !in_a_hurry {
                self.flooded = None;
            }
            self.waits = None;
            return Step::Bytes;
        }
        if heard.drawn < position.cursor {
            // Ready for a snapshot once all it was sent is drawn.
            return Step::Drawn;
        }
        Step::Snapshot
    }

    /// It interrupted a moment ago, or has not come to the end since.
    fn is_in_a_hurry(&self, now: Instant, heard: Heard) -> bool {
        heard.interrupted.is_some_and(|at| {
            now.saturating_duration_since(at) < HURRY || self.rested.is_none_or(|rested| rested <= at)
        })
    }

    /// Notes that the client has drawn all there is.
    pub(super) fn rests(&mut self, now: Instant) {
        self.rested = Some(now);
    }

    /// Until when a client that is to be sent a snapshot waits for today's screen and no other. Who asks again while it
    /// waits moves nothing.
    pub(super) fn patient_until(&mut self, now: Instant) -> Instant {
        *self.waits.get_or_insert(now) + PATIENCE
    }

    /// Notes that a snapshot at `offset` is sent.
    pub(super) fn skipped(&mut self, now: Instant, offset: Offset) {
        self.waits = None;
        self.undrawn = Some(offset);
        self.flooded = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A pace of `rate` bytes a second.
    fn pace(rate: u64, now: Instant) -> Pace {
        let mut pace = Pace::default();
        pace.sent(now, Offset(0));
        pace.drew(now + Duration::from_secs(1), Offset(rate), Offset(rate));
        pace
    }

    fn at(cursor: u64, end: u64) -> Position {
        Position {
            cursor: Offset(cursor),
            end: Offset(end),
        }
    }

    fn drawn(offset: u64) -> Heard {
        Heard {
            drawn: Offset(offset),
            interrupted: None,
        }
    }

    #[test]
    fn in_a_flood_no_bytes_stand_between_two_snapshots() {
        let now = Instant::now();
        let pace = pace(256_000, now);
        let mut skipping = Skipping::default();
        let mut step = |ms: u32, position, heard| {
            let step = skipping.step(now + MS * ms, position, heard, &pace);
            if step == Step::Snapshot {
                skipping.skipped(now + MS * ms, position.end);
            }
            step
        };
        assert_eq!(step(0, at(0, 1000), drawn(0)), Step::Bytes);
        assert_eq!(step(1, at(1000, 900_000), drawn(0)), Step::Drawn);
        assert_eq!(step(2, at(1000, 900_000), drawn(1000)), Step::Snapshot);
        assert_eq!(step(3, at(900_000, 920_000), drawn(1000)), Step::Drawn);
        assert_eq!(
            step(4, at(900_000, 930_000), drawn(900_000)),
            Step::Until(now + 52 * MS),
            "soon enough for anybody who looks"
        );
        assert_eq!(step(52, at(900_000, 1_200_000), drawn(900_000)), Step::Snapshot);
        // The flood ends: what came in the meantime it can take.
        assert_eq!(step(102, at(1_200_000, 1_205_000), drawn(1_200_000)), Step::Bytes);
        assert_eq!(step(103, at(1_205_000, 1_305_000), drawn(1_205_000)), Step::Bytes);
    }

    #[test]
    fn a_client_waits_a_moment_for_each_snapshot_however_often_it_asks() {
        let now = Instant::now();
        let pace = pace(256_000, now);
        let mut skipping = Skipping::default();
        let behind = at(1000, 900_000);
        assert_eq!(skipping.step(now, behind, drawn(1000), &pace), Step::Snapshot);
        assert_eq!(skipping.patient_until(now), now + PATIENCE);
        let later = now + PATIENCE + MS;
        assert_eq!(skipping.step(later, behind, drawn(1000), &pace), Step::Snapshot);
        assert_eq!(skipping.patient_until(later), now + PATIENCE, "it waits already");
        // An older one came: it is behind still, and begins anew.
        skipping.skipped(later, Offset(500_000));
        let (behind, later) = (at(500_000, 900_000), later + SNAPSHOT_INTERVAL);
        assert_eq!(
            skipping.step(later, behind, drawn(500_000), &pace),
            Step::Snapshot
        );
        assert_eq!(skipping.patient_until(later), later + PATIENCE);
    }

    #[test]
    fn who_interrupts_waits_for_nothing_old() {
        let now = Instant::now();
        let pace = pace(256_000, now);
        let interrupted = |offset| Heard {
            interrupted: Some(now),
            ..drawn(offset)
        };
        let mut skipping = Skipping::default();
        // As much as it takes in half a second: it would have been sent as it is.
        let position = at(0, 128_000);
        assert_eq!(skipping.step(now, position, drawn(0), &pace), Step::Bytes);
        assert_eq!(
            skipping.step(now, position, interrupted(0), &pace),
            Step::Snapshot
        );
        skipping.skipped(now, Offset(128_000));
        // The prompt comes a moment later: neither the interval nor the flood holds it up.
        let prompt = at(128_000, 128_100);
        assert_eq!(
            skipping.step(now + MS, prompt, interrupted(0), &pace),
            Step::Drawn
        );
        assert_eq!(
            skipping.step(now + MS, prompt, interrupted(128_000), &pace),
            Step::Bytes
        );
        let more = at(128_000, 300_000);
        assert_eq!(
            skipping.step(now + MS, more, interrupted(128_000), &pace),
            Step::Snapshot
        );
        // A link so slow that it takes a while to come to the end.
        let later = now + HURRY + MS;
        assert_eq!(
            skipping.step(later, more, interrupted(128_000), &pace),
            Step::Snapshot
        );
        skipping.skipped(later, Offset(300_000));
        skipping.rests(later + MS);
        // Afterwards it is as if nothing had been.
        let later = later + SNAPSHOT_INTERVAL;
        let few = at(300_000, 300_100);
        assert_eq!(
            skipping.step(later, few, interrupted(300_000), &pace),
            Step::Bytes
        );
        let burst = at(300_100, 500_000);
        assert_eq!(
            skipping.step(later, burst, interrupted(300_100), &pace),
            Step::Bytes
        );
    }
}
