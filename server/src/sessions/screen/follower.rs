//! An engine that reads a session's journal by itself: bytes and sizes in stream order, over gaps, from the newest
//! keyframe. Blocking file reads; knows no task and no viewer.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use sempre_journal::{ReadAt, ReadError, Reader};
use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, Event, SCROLLBACK_LINES, Screen, Theme};

use super::doubt::doubtful_ends;
use super::exactness::Exactness;
use super::keyframe::{Keyframe, KeyframeHead};
use super::keyframes::Keyframes;

/// Bytes read and drawn at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// Ends whatever sequence is unfinished: what comes after a gap is no part of it.
const CANCEL: &[u8] = &[0x18];

/// Where the session stands, as far as following needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    /// Follow up to here.
    pub(super) offset: Offset,
    /// The size of the PTY, and where it took effect: on a full disk no index says so.
    pub(super) size: Size,
    pub(super) size_offset: Offset,
}

/// How far following came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// All the way.
    Target,
    /// As many bytes as it was allowed.
    Limit,
    /// The disk has no more; a holder may have the rest in memory.
    DiskEnd,
}

/// An engine on its way through a journal.
#[derive(Debug)]
pub(super) struct Follower {
    directory: PathBuf,
    reader: Option<Reader>,
    engine: Engine,
    scrollback: usize,
    theme: Option<Theme>,
    exactness: Exactness,
    /// Where damaged output ends; the screen is inexact from there on.
    doubtful: VecDeque<Offset>,
    /// What is added to the engine's row numbers to get the session's.
    lines_before: u64,
    /// What the engine told and nobody took yet.
    events: Vec<Event>,
    keyframe: Offset,
    /// Its row numbers can be found again: they come from a keyframe or from the session's beginning.
    anchored: bool,
}

impl Follower {
    /// Starts at the newest keyframe at or before `upto`, else where the journal begins, with `size` if no index
    /// says which size that was.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub(super) fn start(directory: &Path, upto: Offset, size: Size) -> Result<Self, ReadError> {
        if let Some(keyframe) = Keyframes::of(directory).newest(upto) {
            return Ok(Self::at(directory, &keyframe, SCROLLBACK_LINES));
        }
        let mut reader = Reader::open(directory)?;
        let base = reader.bounds()?.base_offset;
        let size = reader
            .size_at(base)?
            .map_or(size, |size| Size::new(size.cols, size.rows));
        let mut follower = Self::with(
            directory,
            Engine::new(size, SCROLLBACK_LINES, Offset(base)),
            SCROLLBACK_LINES,
        );
        follower.reader = Some(reader);
        follower.anchored = base == 0;
        if base > 0 {
            follower.exactness.lose();
        }
        Ok(follower)
    }

    /// Starts at a keyframe, keeping `scrollback` rows above the screen.
    pub(super) fn at(directory: &Path, keyframe: &Keyframe, scrollback: usize) -> Self {
        let head = keyframe.head;
        let engine = Engine::restore(&keyframe.ansi, head.size, scrollback, head.offset);
        let mut follower = Self::with(directory, engine, scrollback);
        // A text may begin with a row that only leads in and is gone by now: the engine counts it all the same.
        follower.lines_before = head.first_line.saturating_sub(follower.engine.first_line());
        follower.anchored = true;
        follower.keyframe = head.offset;
        if head.inexact {
            follower.exactness.lose();
        }
        follower
    }

    fn with(directory: &Path, engine: Engine, scrollback: usize) -> Self {
        Self {
            directory: directory.to_path_buf(),
            reader: None,
            keyframe: engine.offset(),
            anchored: false,
            engine,
            scrollback,
            theme: None,
            exactness: Exactness::default(),
            doubtful: VecDeque::new(),
            lines_before: 0,
            events: Vec::new(),
        }
    }

    /// Goes on towards `target`, by about `limit_bytes` at most.
    ///
    /// # Errors
    /// If the journal cannot be read; gaps and trimmed output are passed over and noted.
    pub(super) fn advance(&mut self, target: Target, limit_bytes: u64) -> Result<Reached, ReadError> {
        let stop = self.offset().plus(limit_bytes);
        loop {
            let at = self.offset();
            if at >= target.size_offset {
                self.resize(target.size);
            }
            if at >= target.offset {
                return Ok(Reached::Target);
            }
            if at >= stop {
                return Ok(Reached::Limit);
            }
            let count = target.offset.since(at).min(stop.since(at));
            if !self.take(
                target,
                usize::try_from(count).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES),
            )? {
                return Ok(Reached::DiskEnd);
            }
        }
    }

    /// Looks for damage in what lies between here and `upto`, which is read again.
    ///
    /// # Errors
    /// If the journal cannot be listed.
    pub(super) fn check(&mut self, upto: Offset) -> Result<(), ReadError> {
        self.doubtful = doubtful_ends(&Reader::open(&self.directory)?, self.offset(), upto);
        // Nothing is left of what was there.
        self.feed_doubting(&[]);
        Ok(())
    }

    /// Draws up to `count` bytes; false if the disk has none.
    fn take(&mut self, target: Target, count: usize) -> Result<bool, ReadError> {
        let at = self.offset();
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => Reader::open(&self.directory)?,
        };
        let mut chunk = vec![0; count];
        let found = reader.read_at(at.0, &mut chunk)?;
        let outcome = match found {
            ReadAt::Bytes(count) => {
                chunk.truncate(count);
                if at < target.size_offset {
                    self.sized(&mut reader, &mut chunk)?;
                }
                self.feed_doubting(&chunk);
                true
            }
            ReadAt::End => false,
            ReadAt::Gap { resumes_at } => {
                self.jump(Offset(resumes_at));
                true
            }
            ReadAt::Trimmed { base_offset } => {
                self.jump(Offset(base_offset));
                true
            }
        };
        self.reader = Some(reader);
        Ok(outcome)
    }

    /// Takes the size in force for the first byte of `chunk`, and cuts it where the next one begins.
    fn sized(&mut self, reader: &mut Reader, chunk: &mut Vec<u8>) -> Result<(), ReadError> {
        let at = self.offset().0;
        let upto = at + chunk.len() as u64;
        while let Some((from, size)) = reader.next_resize(at, journal_size(self.engine.size()), upto)? {
            if from > at {
                chunk.truncate(usize::try_from(from - at).unwrap_or(chunk.len()));
                break;
            }
            self.resize(Size::new(size.cols, size.rows));
        }
        Ok(())
    }

    /// Draws `chunk`; where damage ends in it, the screen is inexact until it is known again.
    fn feed_doubting(&mut self, mut chunk: &[u8]) {
        while let Some(&end) = self.doubtful.front() {
            let upto = usize::try_from(end.since(self.offset())).unwrap_or(usize::MAX);
            let Some((head, rest)) = chunk.split_at_checked(upto) else {
                break;
            };
            self.feed(head);
            self.exactness.lose();
            self.doubtful.pop_front();
            chunk = rest;
        }
        self.feed(chunk);
    }

    /// Draws bytes that follow on what was drawn, wherever they come from.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.engine.feed(bytes);
        self.exactness.drew(bytes);
        self.events.append(&mut self.engine.take_events());
    }

    fn resize(&mut self, size: Size) {
        if self.engine.size() != size {
            self.engine.resize(size);
        }
    }

    /// Goes on at `to`: what lies between is lost.
    pub(super) fn jump(&mut self, to: Offset) {
        self.engine.feed(CANCEL);
        let ansi = self.engine.snapshot(self.scrollback);
        let first_line = self.first_line();
        self.engine = Engine::restore(&ansi, self.engine.size(), self.scrollback, to);
        self.lines_before = first_line.saturating_sub(self.engine.first_line());
        if let Some(theme) = self.theme {
            self.engine.set_theme(theme);
        }
        self.exactness.lose();
    }

    /// The colours that queries drawn from now on are answered with.
    pub(super) fn set_theme(&mut self, theme: Option<Theme>) {
        if let Some(theme) = theme.filter(|theme| self.theme.as_ref() != Some(theme)) {
            self.theme = Some(theme);
            self.engine.set_theme(theme);
        }
    }

    /// Offset of the next byte.
    pub(super) fn offset(&self) -> Offset {
        self.engine.offset()
    }

    /// Offset of the keyframe it began with or that was made since.
    pub(super) fn keyframe_offset(&self) -> Offset {
        self.keyframe
    }

    /// Whether its row numbers come from a keyframe or the session's beginning; if not, it should make a keyframe.
    pub(super) fn is_anchored(&self) -> bool {
        self.anchored
    }

    /// Where the size changes on the way to `end`.
    ///
    /// # Errors
    /// If the journal's index cannot be read.
    pub(super) fn resizes_until(&self, end: Offset) -> std::io::Result<VecDeque<Offset>> {
        let resizes = Reader::open(&self.directory)?.resizes(self.offset().0, end.0)?;
        Ok(resizes.into_iter().map(|(at, _)| Offset(at)).collect())
    }

    /// What the engine told since the last call, in order.
    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The whole screen as it is now, to be written down.
    pub(super) fn make_keyframe(&mut self) -> Keyframe {
        self.keyframe = self.offset();
        self.anchored = true;
        Keyframe {
            head: KeyframeHead {
                offset: self.offset(),
                size: self.engine.size(),
                first_line: self.lines_before + self.engine.first_line(),
                end_line: self.lines_before + self.engine.end_line(),
                inexact: self.exactness.is_inexact(),
            },
            ansi: self.engine.snapshot(self.scrollback),
        }
    }

    /// A copy of the screen as it is now.
    pub(super) fn view(&self) -> View {
        View {
            engine: self.engine.clone(),
            lines_before: self.lines_before,
            inexact: self.exactness.is_inexact(),
        }
    }

    /// The engine itself.
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether output is missing that may still show.
    pub(super) fn is_inexact(&self) -> bool {
        self.exactness.is_inexact()
    }

    /// Number of the oldest row the engine has.
    pub(super) fn first_line(&self) -> u64 {
        self.lines_before + self.engine.first_line()
    }

    /// One past the number of the last row.
    pub(super) fn end_line(&self) -> u64 {
        self.lines_before + self.engine.end_line()
    }

    /// The row with this number, if the engine has it.
    pub(super) fn line(&self, number: u64) -> Option<sempre_screen::Line> {
        self.engine.line(number.checked_sub(self.lines_before)?)
    }
}

fn journal_size(size: Size) -> sempre_journal::Size {
    sempre_journal::Size {
        cols: size.cols,
        rows: size.rows,
    }
}

/// A screen at one moment, to be looked at while the session goes on.
#[derive(Debug, Clone)]
pub(in crate::sessions) struct View {
    pub(in crate::sessions) engine: Engine,
    lines_before: u64,
    pub(in crate::sessions) inexact: bool,
}

impl View {
    /// Number of the oldest row in it.
    pub(in crate::sessions) fn first_line(&self) -> u64 {
        self.lines_before + self.engine.first_line()
    }

    /// One past the number of the last row.
    pub(in crate::sessions) fn end_line(&self) -> u64 {
        self.lines_before + self.engine.end_line()
    }

    /// The row with this number, if it is in it.
    pub(in crate::sessions) fn line(&self, number: u64) -> Option<sempre_screen::Line> {
        self.engine.line(number.checked_sub(self.lines_before)?)
    }
}
