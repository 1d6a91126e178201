//! Output on its way to the disk: the journal, its syncs, and the memory that stands in while the disk is full.
//!
//! Whatever happens to the disk, the newest [`MEMORY_TAIL_BYTES`] are kept under their true offsets and can be
//! asked for over the socket, so a full disk can be mended from within the very session it stops.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use sempre_journal::{AppendError, Options, Writer};
use sempre_protocol::holder::EndReason;
use sempre_protocol::limits::MEMORY_TAIL_BYTES;
use sempre_protocol::texts::ExitStatus;
use sempre_protocol::{Offset, Size};

use crate::sync::Syncs;

/// A disk that refused output is tried again after this.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Output that the disk does not take.
struct Memory {
    start: u64,
    bytes: Vec<u8>,
    error: String,
    retry_at: Instant,
}

/// The journal and what it needs.
pub struct Output {
    journal: Writer,
    memory: Option<Memory>,
    syncs: Syncs,
}

fn journal_size(size: Size) -> sempre_journal::Size {
    sempre_journal::Size {
        cols: size.cols,
        rows: size.rows,
    }
}

impl Output {
    /// Begins a journal in `directory` that keeps `budget_bytes`.
    pub fn create(directory: &Path, size: Size, budget_bytes: u64) -> io::Result<Self> {
        let options = Options::with_budget(budget_bytes);
        let journal = Writer::create(directory, options, journal_size(size), crate::clock::now_ms())?;
        Ok(Self {
            journal,
            memory: None,
            syncs: Syncs::default(),
        })
    }

    /// End of the output, whether on disk or in memory.
    pub fn end_offset(&self) -> Offset {
        let end = match &self.memory {
            Some(memory) => memory.start + memory.bytes.len() as u64,
            None => self.journal.end_offset(),
        };
        Offset(end)
    }

    /// Oldest byte on disk.
    pub fn base_offset(&self) -> Offset {
        Offset(self.journal.base_offset())
    }

    /// What the disk said, while it refuses output.
    pub fn disk_error(&self) -> Option<String> {
        self.memory.as_ref().map(|memory| memory.error.clone())
    }

    /// Appends output; what the disk does not take stays in memory.
    pub fn append(&mut self, bytes: &[u8], now_ms: u64) {
        if let Some(memory) = &mut self.memory {
            memory.keep(bytes);
            if Instant::now() >= memory.retry_at {
                self.retry(now_ms);
            }
            return;
        }
        let start = self.journal.end_offset();
        if let Err(AppendError::Disk { taken, source }) = self.journal.append(bytes, now_ms) {
            let mut memory = Memory {
                start: start + taken as u64,
                bytes: Vec::new(),
                error: source.to_string(),
                retry_at: Instant::now() + RETRY_INTERVAL,
            };
            memory.keep(bytes.get(taken..).unwrap_or_default());
            self.memory = Some(memory);
        }
        self.mark_dirty();
    }

    /// Records a size from the end on; the offset it takes effect at.
    pub fn resized(&mut self, size: Size, now_ms: u64) -> Offset {
        // The journal tries the record again by itself when the disk refuses it.
        let _ = self.journal.resize(journal_size(size), now_ms);
        self.mark_dirty();
        self.end_offset()
    }

    /// Passes on the server's newest keyframe.
    pub fn set_keyframe(&mut self, offset: Offset) {
        self.journal.set_keyframe(offset.0);
    }

    /// Bytes from `offset` on that are only in memory, at most `max_bytes`, and the offset they begin at: later
    /// than asked for if those between are lost.
    pub fn in_memory(&self, offset: Offset, max_bytes: usize) -> (Offset, &[u8]) {
        let Some(memory) = &self.memory else {
            return (offset, &[]);
        };
        let start = offset.max(Offset(memory.start));
        let skip = usize::try_from(start.since(Offset(memory.start))).unwrap_or(usize::MAX);
        let rest = memory.bytes.get(skip..).unwrap_or_default();
        (
            start,
            rest.get(..max_bytes.min(MEMORY_TAIL_BYTES)).unwrap_or(rest),
        )
    }

    /// When [`Output::keep`] has something to do.
    pub fn deadline(&self, now_ms: u64, now: Instant) -> Option<Instant> {
        let index_at = self.journal.index_due_ms().map(|due| {
            // A wall clock that jumped back must not put the record off for long.
            now + Duration::from_millis(due.saturating_sub(now_ms)).min(RETRY_INTERVAL)
        });
        let retry_at = self.memory.as_ref().map(|memory| memory.retry_at);
        [index_at, self.syncs.deadline(), retry_at]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due: index records, a sync on another thread, another try at a disk that was full.
    pub fn keep(&mut self, now_ms: u64, now: Instant) {
        if self
            .journal
            .index_due_ms()
            .is_some_and(|due| due <= now_ms || due > now_ms + 60_000)
        {
            // Waiting records are tried again by the journal.
            let _ = self.journal.flush_index(now_ms);
            self.mark_dirty();
        }
        if self.memory.as_ref().is_some_and(|memory| now >= memory.retry_at) {
            self.retry(now_ms);
        }
        self.syncs.keep(now, || {
            let job = self.journal.take_sync().ok()??;
            Some(move || job.run())
        });
    }

    /// Completes the journal: the exit record last, everything durable. The final offset.
    pub fn finish(&mut self, status: Option<ExitStatus>, reason: EndReason, now_ms: u64) -> Offset {
        if self.memory.is_some() {
            self.retry(now_ms);
        }
        let status = match status {
            Some(ExitStatus::Code(code)) => sempre_journal::ExitStatus::Code(code),
            Some(ExitStatus::Signal(signal)) => sempre_journal::ExitStatus::Signal(signal),
            None => sempre_journal::ExitStatus::Unknown,
        };
        // On a full disk the exit is lost with the record; the servers that listen now still hear of it.
        let _ = self.journal.exit(status, reason.code(), now_ms);
        let _ = self.journal.sync(now_ms);
        self.end_offset()
    }

    fn mark_dirty(&mut self) {
        if self.journal.dirty() {
            self.syncs.mark_dirty();
        }
    }

    /// Moves what is in memory to the disk if it takes it now.
    fn retry(&mut self, now_ms: u64) {
        let Some(mut memory) = self.memory.take() else {
            return;
        };
        let outcome = self
            .journal
            .resume_at(memory.start, now_ms)
            .map_err(|source| AppendError::Disk { taken: 0, source })
            .and_then(|()| self.journal.append(&memory.bytes, now_ms));
        if let Err(AppendError::Disk { taken, source }) = outcome {
            memory.bytes.drain(..taken.min(memory.bytes.len()));
            memory.start += taken as u64;
            memory.error = source.to_string();
            memory.retry_at = Instant::now() + RETRY_INTERVAL;
            self.memory = Some(memory);
        }
        self.mark_dirty();
    }
}

impl Memory {
    /// Adds the newest bytes; the oldest go at the limit.
    fn keep(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let surplus = self.bytes.len().saturating_sub(MEMORY_TAIL_BYTES);
        self.bytes.drain(..surplus);
        self.start += surplus as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_keeps_the_newest_bytes_at_their_offsets() {
        let mut memory = Memory {
            start: 100,
            bytes: Vec::new(),
            error: String::new(),
            retry_at: Instant::now(),
        };
        memory.keep(&vec![b'a'; MEMORY_TAIL_BYTES]);
        memory.keep(b"new");
        assert_eq!(memory.start, 103);
        assert_eq!(memory.bytes.len(), MEMORY_TAIL_BYTES);
        assert!(memory.bytes.ends_with(b"new"));
    }
}
