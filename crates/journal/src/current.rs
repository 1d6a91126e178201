//! The segment being written: making its two files, appending to its output. Decides nothing about when.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::index_file::IndexFile;
use crate::record::{Event, Record, Size};
use crate::segment::{Segment, at_path, open_append};

/// The segment being written.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) segment: Segment,
    pub(crate) output: File,
    pub(crate) output_len: u64,
    pub(crate) index: IndexFile,
}

impl Current {
    /// Makes a segment's files. The index comes first and complete: whoever finds the output finds its size.
    pub(crate) fn begin(dir: &Path, base_offset: u64, records: &[Record], now_ms: u64) -> io::Result<Self> {
        let segment = Segment::new(dir, base_offset);
        let made = Self::make_files(&segment, base_offset, records, now_ms);
        if made.is_err() {
            let _ = fs::remove_file(&segment.output_path);
            let _ = fs::remove_file(&segment.index_path);
        }
        let (output, index) = made?;
        Ok(Self {
            segment,
            output,
            output_len: 0,
            index,
        })
    }

    fn make_files(
        segment: &Segment,
        base_offset: u64,
        records: &[Record],
        now_ms: u64,
    ) -> io::Result<(File, IndexFile)> {
        let index = open_append(&segment.index_path)?;
        index.set_len(0)?;
        let mut index = IndexFile::new(index, segment.index_path.clone(), 0);
        records.iter().for_each(|&record| index.push(record));
        index.write(now_ms)?;
        let output = open_append(&segment.output_path)?;
        debug_assert_eq!(
            output.metadata()?.len(),
            0,
            "segment {base_offset} has no bytes yet"
        );
        Ok((output, index))
    }

    pub(crate) fn end_offset(&self) -> u64 {
        self.segment.base_offset.saturating_add(self.output_len)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.output_len + self.index.len
    }

    /// One write(2); counts exactly what it took.
    pub(crate) fn write_output(&mut self, bytes: &[u8], now_ms: u64) -> io::Result<usize> {
        let taken = loop {
            match self.output.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                result => break result,
            }
        }
        .map_err(|error| at_path(&error, "append to", &self.segment.output_path))?;
        let offset = self.end_offset();
        let written = bytes.get(..taken).unwrap_or(bytes);
        self.index.count_output(offset, written, now_ms);
        self.output_len += taken as u64;
        Ok(taken)
    }
}

/// A record for the size in force from `offset` on.
pub(crate) fn resize_record(offset: u64, size: Size, now_ms: u64) -> Record {
    Record {
        time_ms: now_ms,
        offset,
        event: Event::Resize(size),
    }
}
