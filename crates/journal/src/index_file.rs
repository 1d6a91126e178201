//! The index of the segment being written: the pending output record, records that could not be written yet, and
//! the mending of a torn one. Decides nothing about segments.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::record::{Event, RECORD_BYTES, Record};
use crate::segment::at_path;

/// Appends within this time of a record's first byte share the record, ms.
pub(crate) const SHARE_MS: u64 = 10;

/// After a failed write the index is due again this much later, ms.
const RETRY_MS: u64 = 1000;

/// The output record that still grows.
#[derive(Debug)]
struct Pending {
    time_ms: u64,
    offset: u64,
    len: u32,
    crc: crc32fast::Hasher,
}

/// The open index file. Invariant: `len` is a multiple of the record length, and the file is exactly that long
/// unless `torn`.
#[derive(Debug)]
pub(crate) struct IndexFile {
    pub(crate) file: File,
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
    pending: Option<Pending>,
    /// Complete records not in the file yet, oldest first. Bounded: nothing is appended while one waits, and
    /// resizes at one offset replace each other.
    unwritten: Vec<Record>,
    torn: bool,
    retry_at_ms: Option<u64>,
}

impl IndexFile {
    pub(crate) fn new(file: File, path: PathBuf, len: u64) -> Self {
        Self {
            file,
            path,
            len,
            pending: None,
            unwritten: Vec::new(),
            torn: false,
            retry_at_ms: None,
        }
    }

    /// Counts output that is in the data file now.
    pub(crate) fn count_output(&mut self, offset: u64, bytes: &[u8], now_ms: u64) {
        let added = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if self
            .pending
            .as_ref()
            .is_some_and(|p| p.len.checked_add(added).is_none())
        {
            self.complete_pending();
        }
        let pending = self.pending.get_or_insert_with(|| Pending {
            time_ms: now_ms,
            offset,
            len: 0,
            crc: crc32fast::Hasher::new(),
        });
        pending.crc.update(bytes);
        pending.len += added;
    }

    /// Puts a record behind the pending one; [`Self::write`] brings it to the file.
    pub(crate) fn push(&mut self, record: Record) {
        self.complete_pending();
        let replaces = matches!(record.event, Event::Resize(_))
            && self
                .unwritten
                .last()
                .is_some_and(|last| last.offset == record.offset && matches!(last.event, Event::Resize(_)));
        if replaces {
            self.unwritten.pop();
        }
        self.unwritten.push(record);
    }

    /// True when the pending record is older than [`SHARE_MS`], or something waits since a failure.
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        !self.unwritten.is_empty()
            || self
                .pending
                .as_ref()
                .is_some_and(|p| now_ms < p.time_ms || now_ms - p.time_ms > SHARE_MS)
    }

    /// When [`Self::write`] should be called at the latest, ms since the Unix epoch.
    pub(crate) fn due_ms(&self) -> Option<u64> {
        if self.pending.is_none() && self.unwritten.is_empty() {
            return None;
        }
        let pending_due = self
            .pending
            .as_ref()
            .map_or(0, |p| p.time_ms.saturating_add(SHARE_MS));
        Some(pending_due.max(self.retry_at_ms.unwrap_or(0)))
    }

    /// Writes the pending record and all that wait. On failure everything that is not in the file keeps waiting.
    pub(crate) fn write(&mut self, now_ms: u64) -> io::Result<()> {
        self.complete_pending();
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let outcome = self.write_unwritten();
        self.retry_at_ms = outcome.is_err().then(|| now_ms.saturating_add(RETRY_MS));
        outcome.map_err(|error| at_path(&error, "append to", &self.path))
    }

    /// Lets what waits go on waiting for a while.
    pub(crate) fn defer(&mut self, now_ms: u64) {
        self.retry_at_ms = Some(now_ms.saturating_add(RETRY_MS));
    }

    fn complete_pending(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.unwritten.push(Record {
                time_ms: pending.time_ms,
                offset: pending.offset,
                event: Event::Output {
                    len: pending.len,
                    crc: pending.crc.finalize(),
                },
            });
        }
    }

    fn write_unwritten(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.len)?;
            self.torn = false;
        }
        let bytes: Vec<u8> = self.unwritten.iter().flat_map(Record::encode).collect();
        if let Err(error) = self.file.write_all(&bytes) {
            // Part of it may be there: what stays must end at a record's end, or readers lose their step.
            self.torn = self.file.set_len(self.len).is_err();
            return Err(error);
        }
        self.unwritten.clear();
        self.len += bytes.len() as u64;
        debug_assert_eq!(self.len % RECORD_BYTES as u64, 0);
        Ok(())
    }
}
