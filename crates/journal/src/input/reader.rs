//! Reading a recording record by record, as far as it is whole. It may be written to meanwhile.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::{
    CHECKED_BYTES, INPUT_HEADER_BYTES, INPUT_NAME, InputEvent, InputRecord, KIND_FULL, KIND_GAP, KIND_TYPED,
    KIND_WITHHELD, MAX_INPUT_BYTES, checksum,
};

/// What comes next in a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputRead {
    /// A record.
    Record(InputRecord),
    /// There is nothing more, now.
    End,
    /// From this byte of the file on it is damaged, cut off, or just being written; nothing behind it is read.
    Damaged {
        /// Bytes of the file that are whole.
        at: u64,
    },
}

/// Reads one recording from its beginning.
#[derive(Debug)]
pub struct InputReader {
    file: BufReader<File>,
    at: u64,
    damaged: bool,
}

impl InputReader {
    /// Opens the recording in a session's directory; none: there is none.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(directory: &Path) -> io::Result<Option<Self>> {
        match File::open(directory.join(INPUT_NAME)) {
            Ok(file) => Ok(Some(Self {
                file: BufReader::new(file),
                at: 0,
                damaged: false,
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The next record of a kind this release knows. What is damaged stays so for this reader.
    ///
    /// # Errors
    /// What the disk said.
    pub fn read_next(&mut self) -> io::Result<InputRead> {
        while !self.damaged {
            let mut header = [0; INPUT_HEADER_BYTES];
            let filled = fill(&mut self.file, &mut header)?;
            if filled == 0 {
                return Ok(InputRead::End);
            }
            if filled == INPUT_HEADER_BYTES
                && let Some(record) = self.read_record(&header)?
            {
                if let Some(record) = record.into_known() {
                    return Ok(InputRead::Record(record));
                }
                continue;
            }
            self.damaged = true;
        }
        Ok(InputRead::Damaged { at: self.at })
    }

    /// The record this header begins; none: it is not what was written, or not all of it.
    fn read_record(&mut self, header: &[u8; INPUT_HEADER_BYTES]) -> io::Result<Option<Found>> {
        let (checked, crc) = header.split_at(CHECKED_BYTES);
        let (time, rest) = checked.split_at(8);
        let (writer, rest) = rest.split_at(16);
        let (length, kind) = rest.split_at(4);
        let length = usize::try_from(number(length)).unwrap_or(usize::MAX);
        if length > MAX_INPUT_BYTES {
            return Ok(None);
        }
        let mut bytes = vec![0; length];
        if fill(&mut self.file, &mut bytes)? < length || u64::from(checksum(checked, &bytes)) != number(crc) {
            return Ok(None);
        }
        self.at += (INPUT_HEADER_BYTES + length) as u64;
        Ok(Some(Found {
            time_ms: number(time),
            writer: writer.try_into().unwrap_or_default(),
            kind: kind.first().copied().unwrap_or_default(),
            bytes,
        }))
    }
}

/// A whole record of whatever kind.
struct Found {
    time_ms: u64,
    writer: [u8; 16],
    kind: u8,
    bytes: Vec<u8>,
}

impl Found {
    /// The record; none: its kind is of a later release.
    fn into_known(self) -> Option<InputRecord> {
        let event = match self.kind {
            KIND_TYPED => InputEvent::Typed(self.bytes),
            KIND_WITHHELD => InputEvent::Withheld,
            KIND_GAP => InputEvent::Gap,
            KIND_FULL => InputEvent::Full,
            _ => return None,
        };
        Some(InputRecord {
            time_ms: self.time_ms,
            writer: self.writer,
            event,
        })
    }
}

/// Reads until the buffer is full or the file ends; how much came.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file.read(room) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// At most 8 bytes as a big-endian number.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |value, &byte| (value << 8) | u64::from(byte))
}
