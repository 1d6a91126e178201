//! Appending records of input. What the disk does not take is a gap, never an error of whoever types.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::{INPUT_HEADER_BYTES, INPUT_NAME, InputEvent, InputRecord, MAX_INPUT_BYTES};
use crate::segment::at_path;

/// The writer of a recording; there is one, for the life of the session.
#[derive(Debug)]
pub struct InputWriter {
    file: File,
    /// Where the next record goes: records before it are whole.
    end: u64,
    budget_bytes: u64,
    /// The last record is a mark for hidden bytes: more of them add nothing, not even how many times.
    withholding: bool,
    /// Something was lost, and no record says so yet.
    gap: bool,
    full: bool,
}

impl InputWriter {
    /// Begins a recording in `directory` that takes up at most `budget_bytes`, mode 0600.
    ///
    /// # Errors
    /// If the file is there already or cannot be made.
    pub fn create(directory: &Path, budget_bytes: u64) -> io::Result<Self> {
        let path = directory.join(INPUT_NAME);
        let file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| at_path(&error, "create", &path))?;
        Ok(Self {
            file,
            end: 0,
            budget_bytes,
            withholding: false,
            gap: false,
            full: false,
        })
    }

    /// Records bytes that reached the terminal.
    ///
    /// # Errors
    /// What the disk said; the bytes are then a gap, told by a record as soon as the disk takes one.
    pub fn typed(&mut self, writer: [u8; 16], bytes: &[u8], time_ms: u64) -> io::Result<()> {
        self.mend(time_ms)?;
        for bytes in bytes.chunks(MAX_INPUT_BYTES) {
            self.put(writer, InputEvent::Typed(bytes.to_vec()), time_ms)?;
        }
        self.withholding = false;
        Ok(())
    }

    /// Records that a program hid what reached the terminal; once for all that is hidden in a row.
    ///
    /// # Errors
    /// As [`InputWriter::typed`].
    pub fn withheld(&mut self, writer: [u8; 16], time_ms: u64) -> io::Result<()> {
        self.mend(time_ms)?;
        if !self.withholding {
            self.put(writer, InputEvent::Withheld, time_ms)?;
            self.withholding = true;
        }
        Ok(())
    }

    /// Writes the record of a gap that is due.
    ///
    /// # Errors
    /// What the disk said; it is still due.
    pub fn mend(&mut self, time_ms: u64) -> io::Result<()> {
        if self.gap {
            self.put([0; 16], InputEvent::Gap, time_ms)?;
            (self.gap, self.withholding) = (false, false);
        }
        Ok(())
    }

    /// The file under another handle, to be synced on any thread.
    ///
    /// # Errors
    /// If there are too many open files.
    pub fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    fn put(&mut self, writer: [u8; 16], event: InputEvent, time_ms: u64) -> io::Result<()> {
        if self.full {
            return Ok(());
        }
        let record = InputRecord {
            time_ms,
            writer,
            event,
        };
        let bytes = record.encode();
        // There is always room left for the record that says that there is none.
        let needed = (bytes.len() + INPUT_HEADER_BYTES) as u64;
        if self.end.saturating_add(needed) <= self.budget_bytes {
            return self.write(&bytes);
        }
        let last = InputRecord {
            event: InputEvent::Full,
            writer: [0; 16],
            time_ms,
        };
        self.write(&last.encode())?;
        self.full = true;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all_at(bytes, self.end) {
            self.gap = true;
            // What stays of a torn record is written over by the next.
            let _ = self.file.set_len(self.end);
            return Err(error);
        }
        self.end += bytes.len() as u64;
        Ok(())
    }
}
