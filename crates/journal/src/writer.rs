//! The writer: appends, rotates, keeps the budget, resumes after a full disk. One per journal; the caller holds
//! the session's lock. Reads no clock and syncs nothing by itself.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::PathBuf;

use crate::budget::{ClosedSegment, must_go};
use crate::current::{Current, resize_record};
use crate::options::Options;
use crate::record::{Event, ExitStatus, Record, Size};
use crate::recover;
use crate::segment::{Segment, at_path, output_bases};
use crate::sync::SyncJob;

/// Why an append did not take all bytes.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The disk is full or fails. The first `taken` bytes are in the journal, the rest is not; the journal stays
    /// exact. Keep the rest and append it again, or drop some of it and call [`Writer::resume_at`].
    #[error("only {taken} bytes were appended: {source}")]
    Disk {
        /// Bytes of this append that are in the journal.
        taken: usize,
        /// What the system said; its `kind()` is that of the failed call (`StorageFull`, …).
        source: io::Error,
    },
}

/// The one writer of a journal.
#[derive(Debug)]
pub struct Writer {
    dir: PathBuf,
    options: Options,
    closed: VecDeque<ClosedSegment>,
    closed_bytes: u64,
    current: Current,
    size: Size,
    keyframe: Option<u64>,
    trim_error: Option<io::Error>,
    dirty: bool,
    dir_dirty: bool,
    closed_dirty: Vec<PathBuf>,
}

impl Writer {
    /// Begins a journal at offset 0 in `dir`, which must be there and hold no segments.
    ///
    /// # Errors
    /// `AlreadyExists` when `dir` holds a journal; whatever making two files may fail with.
    pub fn create(dir: impl Into<PathBuf>, options: Options, size: Size, now_ms: u64) -> io::Result<Self> {
        let dir = dir.into();
        if !output_bases(&dir)?.is_empty() {
            let message = format!("{} holds a journal already: reopen it", dir.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        let current = Current::begin(&dir, 0, &[resize_record(0, size, now_ms)], now_ms)?;
        Ok(Self::assemble(dir, options, VecDeque::new(), current, size))
    }

    /// Goes on with the journal in `dir` after its writer was lost. The last segment is made whole first: a torn
    /// or damaged index record and what follows it in the index go, and bytes no record covers are kept and get a
    /// new record; from the first output record on whose bytes do not match, index and bytes go. Earlier
    /// segments are not touched. The keyframe is not remembered: tell it again before the first append.
    ///
    /// # Errors
    /// `NotFound` when `dir` holds no journal, `InvalidInput` when it is compressed; whatever reading, cutting and appending may fail with.
    pub fn reopen(dir: impl Into<PathBuf>, options: Options, now_ms: u64) -> io::Result<Self> {
        let dir = dir.into();
        let recovered = recover::recover(&dir, now_ms)?;
        let mut writer = Self::assemble(dir, options, recovered.closed, recovered.current, recovered.size);
        let closed = writer.closed.iter();
        let closed = closed.map(|closed| Segment::new(&writer.dir, closed.base_offset));
        writer.closed_dirty = closed.flat_map(|s| [s.output_path, s.index_path]).collect();
        Ok(writer)
    }

    fn assemble(
        dir: PathBuf,
        mut options: Options,
        closed: VecDeque<ClosedSegment>,
        current: Current,
        size: Size,
    ) -> Self {
        // One segment's output must fit the 32-bit length of a record.
        options.segment_bytes = options.segment_bytes.clamp(1, u64::from(u32::MAX));
        Self {
            dir,
            options,
            closed_bytes: closed.iter().map(|segment| segment.bytes).sum(),
            closed,
            current,
            size,
            keyframe: None,
            trim_error: None,
            dirty: true,
            dir_dirty: true,
            closed_dirty: Vec::new(),
        }
    }

    /// The first offset that is still there.
    pub fn base_offset(&self) -> u64 {
        self.closed
            .front()
            .map_or(self.current.segment.base_offset, |s| s.base_offset)
    }

    /// The offset after the last byte; the next append begins here.
    pub fn end_offset(&self) -> u64 {
        self.current.end_offset()
    }

    /// The size in force at the end.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Bytes on disk, data and index together.
    pub fn total_bytes(&self) -> u64 {
        self.closed_bytes + self.current.bytes()
    }

    /// Why the oldest segment could not be removed the last time it should have been. The budget is not kept
    /// while this is there; each append tries again.
    pub fn trim_error(&self) -> Option<&io::Error> {
        self.trim_error.as_ref()
    }

    /// Appends output. The bytes are in the file (and readable by every reader) when this returns; their index
    /// record may wait, see [`Self::index_due_ms`].
    ///
    /// # Errors
    /// See [`AppendError::Disk`]: it says how many bytes were taken.
    pub fn append(&mut self, bytes: &[u8], now_ms: u64) -> Result<(), AppendError> {
        let mut rest = bytes;
        let outcome = self.append_pieces(&mut rest, now_ms);
        let taken = bytes.len() - rest.len();
        if taken > 0 {
            self.dirty = true;
            self.trim(now_ms);
        }
        outcome.map_err(|source| AppendError::Disk { taken, source })
    }

    fn append_pieces(&mut self, rest: &mut &[u8], now_ms: u64) -> io::Result<()> {
        if self.current.index.is_due(now_ms) {
            self.current.index.write(now_ms)?;
        }
        while !rest.is_empty() {
            if self.is_segment_full() {
                self.begin_segment(self.end_offset(), None, now_ms)?;
            }
            let room = self.options.segment_bytes.saturating_sub(self.current.output_len);
            let piece_len = rest.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            let (piece, _) = rest.split_at(piece_len);
            let taken = self.current.write_output(piece, now_ms)?;
            *rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// The terminal has this size from the end on. Nothing happens when it had it already.
    ///
    /// # Errors
    /// The record could not be written. The size is remembered, and the record is tried again before the next
    /// append and when the index is due.
    pub fn resize(&mut self, size: Size, now_ms: u64) -> io::Result<()> {
        if size == self.size {
            return Ok(());
        }
        self.size = size;
        self.dirty = true;
        let end = self.end_offset();
        // A new segment begins with the size in force, so it needs no second record.
        if self.is_segment_full() && self.begin_segment(end, None, now_ms).is_ok() {
            return Ok(());
        }
        self.current.index.push(resize_record(end, size, now_ms));
        if self.current.index.len >= self.options.index_bytes {
            // A segment without output can't be closed: resizes alone must not fill the disk.
            self.current.index.defer(now_ms);
            return Ok(());
        }
        self.current.index.write(now_ms)
    }

    /// The process ended; to be called after its last output was appended.
    ///
    /// # Errors
    /// The record could not be written; it is tried again as after [`Self::resize`].
    pub fn exit(&mut self, status: ExitStatus, reason: u8, now_ms: u64) -> io::Result<()> {
        self.dirty = true;
        self.current.index.push(Record {
            time_ms: now_ms,
            offset: self.end_offset(),
            event: Event::Exit { status, reason },
        });
        self.current.index.write(now_ms)
    }

    /// Goes on at `offset` because the bytes before it could not be kept: a new segment begins there and a gap
    /// record says what is missing. At the end's own offset this changes nothing.
    ///
    /// # Errors
    /// `InvalidInput` for an offset before the end; the disk's error while it is still full: nothing has changed
    /// then, try again later.
    pub fn resume_at(&mut self, offset: u64, now_ms: u64) -> io::Result<()> {
        let end = self.end_offset();
        if offset < end {
            let message = format!("cannot resume at offset {offset}: the journal goes to {end} already");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        if offset == end {
            return self.current.index.write(now_ms);
        }
        let gap = Record {
            time_ms: now_ms,
            offset: end,
            event: Event::Gap { resumes_at: offset },
        };
        self.begin_segment(offset, Some(gap), now_ms)?;
        self.trim(now_ms);
        Ok(())
    }

    /// Tells the newest durable keyframe: output from `offset` on stays until 4 × the budget is spent.
    pub fn set_keyframe(&mut self, offset: u64) {
        self.keyframe = Some(self.keyframe.map_or(offset, |known| known.max(offset)));
    }

    /// When [`Self::flush_index`] should be called at the latest, ms since the Unix epoch; `None`: nothing waits.
    /// After a failure this lies a second ahead.
    pub fn index_due_ms(&self) -> Option<u64> {
        self.current.index.due_ms()
    }

    /// Writes every index record that waits.
    ///
    /// # Errors
    /// The disk's; the records go on waiting.
    pub fn flush_index(&mut self, now_ms: u64) -> io::Result<()> {
        if self.current.index.due_ms().is_some() {
            self.dirty = true;
        }
        self.current.index.write(now_ms)
    }

    /// True if something was written since the last [`Self::take_sync`].
    pub fn dirty(&self) -> bool {
        self.dirty || self.dir_dirty
    }

    /// What is to be made durable, or `None` when nothing was written since the last call. Run the job on
    /// another thread: it blocks as long as the disk takes.
    ///
    /// # Errors
    /// When a file handle can't be duplicated; nothing is forgotten then.
    pub fn take_sync(&mut self) -> io::Result<Option<SyncJob>> {
        if !self.dirty() {
            return Ok(None);
        }
        let open_files = vec![
            self.current.output.try_clone()?,
            self.current.index.file.try_clone()?,
        ];
        self.dirty = false;
        Ok(Some(SyncJob {
            open_files,
            closed_files: std::mem::take(&mut self.closed_dirty),
            dir: std::mem::take(&mut self.dir_dirty).then(|| self.dir.clone()),
        }))
    }

    /// Writes the index and makes everything durable before it returns: for the end of a session.
    ///
    /// # Errors
    /// The disk's. What could be made durable was.
    pub fn sync(&mut self, now_ms: u64) -> io::Result<()> {
        let flushed = self.flush_index(now_ms);
        let synced = self.take_sync()?.map_or(Ok(()), SyncJob::run);
        flushed.and(synced)
    }

    fn is_segment_full(&self) -> bool {
        let Current {
            output_len, index, ..
        } = &self.current;
        *output_len >= self.options.segment_bytes
            || (*output_len > 0 && index.len >= self.options.index_bytes)
    }

    /// Closes the current segment and begins one at `base_offset`. On failure the current one stays.
    fn begin_segment(&mut self, base_offset: u64, gap: Option<Record>, now_ms: u64) -> io::Result<()> {
        self.current.index.write(now_ms)?;
        let mut records = vec![resize_record(base_offset, self.size, now_ms)];
        records.extend(gap);
        let next = Current::begin(&self.dir, base_offset, &records, now_ms)?;
        let last = std::mem::replace(&mut self.current, next);
        self.closed_bytes += last.bytes();
        self.closed.push_back(ClosedSegment {
            base_offset: last.segment.base_offset,
            end_offset: last.end_offset(),
            bytes: last.bytes(),
        });
        self.closed_dirty
            .extend([last.segment.output_path, last.segment.index_path]);
        self.dirty = true;
        self.dir_dirty = true;
        Ok(())
    }

    /// Removes what the budget does not hold. Never fails an append: the bytes are in the journal by now.
    fn trim(&mut self, now_ms: u64) {
        let mut lost_after = None;
        self.trim_error = None;
        while let Some(&oldest) = self.closed.front() {
            if !must_go(
                &oldest,
                self.total_bytes(),
                self.options.budget_bytes,
                self.keyframe,
            ) {
                break;
            }
            if let Err(error) = self.unlink(oldest.base_offset) {
                self.trim_error = Some(error);
                break;
            }
            self.closed.pop_front();
            self.closed_bytes -= oldest.bytes;
            self.dir_dirty = true;
            lost_after = self
                .keyframe
                .filter(|&keyframe| oldest.end_offset > keyframe)
                .or(lost_after);
        }
        if let Some(keyframe) = lost_after {
            self.current.index.push(Record {
                time_ms: now_ms,
                offset: keyframe,
                event: Event::Gap {
                    resumes_at: self.base_offset(),
                },
            });
            // A failure here is not lost: the record waits and the next append meets it.
            let _ = self.current.index.write(now_ms);
        }
    }

    /// Output first: a segment is listed by its output file, so no reader finds one without an index.
    fn unlink(&mut self, base_offset: u64) -> io::Result<()> {
        let segment = Segment::new(&self.dir, base_offset);
        for path in [&segment.output_path, &segment.index_path] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(at_path(&error, "remove", path));
                }
                _ => {}
            }
        }
        self.closed_dirty
            .retain(|path| *path != segment.output_path && *path != segment.index_path);
        Ok(())
    }
}

#[cfg(test)]
mod failing_disk;
