//! Rows of a session's whole journal, in order: each as it was when it left the memory of the live screen.
//!
//! An engine with as much memory as the live one, started at a keyframe, goes the same way again: so a row has the
//! same number whenever it is looked at. Rows that are still in that memory belong to the live screen.

use std::collections::VecDeque;
use std::io;
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;

use sempre_journal::{ReadError, Reader};
use sempre_protocol::{Offset, Size};
use sempre_screen::{Line, SCROLLBACK_LINES, Screen as _};

use super::follower::{Follower, Reached, Target, View};
use super::keyframe::{Keyframe, KeyframeHead};
use super::keyframes::Keyframes;
use super::snapshot::Snapshot;
use crate::sessions::Session;

/// Output drawn between two looks, bytes: it cannot bring more rows than the engine keeps.
const STEP_BYTES: u64 = 4 * 1024;
/// Output drawn at once when no row is looked at, bytes.
const STRIDE_BYTES: u64 = 1024 * 1024;

/// A journal to be walked through, and the screen at whose offset walks end.
pub(super) struct Source {
    directory: PathBuf,
    base: Offset,
    /// The size at the beginning, if no index says so.
    size: Size,
    /// The live screen.
    pub(super) view: View,
}

/// A place where a walk can begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    offset: Offset,
    /// Number of the oldest row there.
    pub(super) first_line: u64,
    pub(super) inexact: bool,
}

fn io_error(error: ReadError) -> io::Error {
    match error {
        ReadError::Io(error) => error,
        outrun @ ReadError::Outrun => io::Error::other(outrun),
    }
}

impl Source {
    /// The session's journal up to where `view` stands.
    pub(super) fn of(session: &Session, view: View) -> Self {
        Self {
            directory: session.directory().to_path_buf(),
            base: session.status().base_offset,
            size: session.manifest().size,
            view,
        }
    }

    fn end(&self) -> Target {
        let engine = &self.view.engine;
        Target {
            offset: engine.offset(),
            size: engine.size(),
            size_offset: engine.offset(),
        }
    }

    /// Where walks can begin, oldest first: the session's beginning if that is kept, and keyframes.
    pub(super) fn positions(&self) -> Vec<Position> {
        let beginning = Position {
            offset: Offset::ZERO,
            first_line: 0,
            inexact: false,
        };
        let of_keyframe = |head: KeyframeHead| Position {
            offset: head.offset,
            first_line: head.first_line,
            inexact: head.inexact,
        };
        let heads = Keyframes::of(&self.directory).heads(self.view.engine.offset());
        let kept = heads.into_iter().filter(|head| head.offset >= self.base);
        let beginning = (self.base == Offset::ZERO).then_some(beginning);
        beginning.into_iter().chain(kept.map(of_keyframe)).collect()
    }

    fn begin(&self, position: Position, scrollback: usize) -> io::Result<Option<Follower>> {
        if let Some(keyframe) = Keyframes::of(&self.directory).read(position.offset) {
            return Ok(Some(Follower::at(&self.directory, &keyframe, scrollback)));
        }
        if position.offset > Offset::ZERO {
            // Pruned or found damaged since it was listed.
            return Ok(None);
        }
        let size = Reader::open(&self.directory)?.size_at(0)?;
        let size = size.map_or(self.size, |size| Size::new(size.cols, size.rows));
        let empty = Keyframe {
            head: KeyframeHead {
                offset: Offset::ZERO,
                size,
                first_line: 0,
                end_line: 0,
                inexact: false,
            },
            ansi: Vec::new(),
        };
        Ok(Some(Follower::at(&self.directory, &empty, scrollback)))
    }

    /// Gives `take` the rows numbered `rows`, in order, as far as there are any, until it breaks.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub(super) fn walk(
        &self,
        from: Position,
        rows: Range<u64>,
        mut take: impl FnMut(u64, Line) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let Some(mut follower) = self.begin(from, SCROLLBACK_LINES)? else {
            return Ok(());
        };
        let mut seen = Seen {
            next: rows.start,
            rows: VecDeque::new(),
        };
        let mut resizes = follower.resizes_until(self.end().offset)?;
        loop {
            let first = follower.first_line();
            while let Some((number, line)) = seen.rows.pop_front_if(|(number, _)| *number < first) {
                if take(number, line).is_break() {
                    return Ok(());
                }
            }
            seen.look(&follower, rows.end);
            if first >= rows.end || follower.offset() >= self.end().offset {
                break;
            }
            let here = follower.offset();
            while resizes.front().is_some_and(|&at| at < here) {
                resizes.pop_front();
            }
            // Where the size changes, rows are wrapped anew: looked at just before and just after.
            let sized = resizes.pop_front_if(|at| *at == here).map(|_| starts(&follower));
            let step = match (&sized, resizes.front()) {
                (Some(_), _) => 1,
                (None, Some(next)) => next.since(here).min(STEP_BYTES),
                (None, None) => STEP_BYTES,
            };
            if follower.advance(self.end(), step).map_err(io_error)? == Reached::DiskEnd {
                break;
            }
            if let Some(before) = sized {
                seen.wrapped_anew(&follower, &before, rows.start);
            }
        }
        for (number, line) in seen.rows {
            if take(number, line).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The live screen with more rows above it than the live engine keeps.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub(super) fn deep_snapshot(&self, lines: usize) -> io::Result<Snapshot> {
        let end = self.end();
        let above = lines as u64 + u64::from(end.size.rows);
        let wanted = self.view.end_line().saturating_sub(above);
        let positions = self.positions();
        let before = positions
            .iter()
            .rev()
            .find(|position| position.first_line <= wanted);
        let from = before.or(positions.first());
        let more = from.filter(|position| position.first_line < self.view.first_line());
        let follower = match more {
            Some(&position) => self.begin(position, lines)?,
            None => None,
        };
        let ansi = match follower {
            Some(mut follower) => {
                while follower.advance(end, STRIDE_BYTES).map_err(io_error)? == Reached::Limit {}
                follower.engine().snapshot(lines)
            }
            None => self.view.engine.snapshot(lines),
        };
        Ok(Snapshot {
            offset: end.offset,
            size: end.size,
            ansi,
        })
    }
}

/// Rows that were seen above the screen and have not left the engine yet.
struct Seen {
    /// The next row to look at.
    next: u64,
    rows: VecDeque<(u64, Line)>,
}

impl Seen {
    /// Looks at the rows above the screen that are new, below number `end`.
    fn look(&mut self, follower: &Follower, end: u64) {
        let screen = follower
            .end_line()
            .saturating_sub(u64::from(follower.engine().size().rows));
        self.next = self.next.max(follower.first_line());
        while self.next < screen.min(end) {
            if let Some(line) = follower.line(self.next) {
                self.rows.push_back((self.next, line));
            }
            self.next += 1;
        }
    }

    /// The engine has wrapped its rows anew, and may have let go of some that nobody saw like that: of those, what
    /// was seen before stands in. The rest is looked at again,
    /// from row `start` on. `before` are the lines it had.
    fn wrapped_anew(&mut self, follower: &Follower, before: &[u64], start: u64) {
        let gone = before.len().saturating_sub(starts(follower).len());
        // The first row of the first line that is still there.
        let kept_from = match gone {
            0 => 0,
            gone => before.get(gone).copied().unwrap_or(u64::MAX),
        };
        let first = follower.first_line();
        self.rows.retain(|&(number, _)| number < kept_from.min(first));
        self.next = first.max(start);
    }
}

/// Numbers of the rows that begin a line, down to the last one that shows something.
fn starts(follower: &Follower) -> Vec<u64> {
    let mut starts = Vec::new();
    let mut shown = 0;
    for number in follower.first_line()..follower.end_line() {
        let Some(line) = follower.line(number) else {
            continue;
        };
        if !line.wrapped {
            starts.push(number);
        }
        if !line.runs.is_empty() {
            shown = starts.len();
        }
    }
    starts.truncate(shown);
    starts
}
