//! The recording of input: what reached a session's terminal, in one file beside the journal, of sessions that were
//! switched to it. Not the journal: no viewer needs it, and a session without it has no such file.
//!
//! The format is drawn byte by byte in `docs/journal.md`. Whether a program hid what was typed is the caller's to find
//! out; here such bytes leave a mark and nothing else.

mod reader;
mod writer;

pub use reader::{InputRead, InputReader};
pub use writer::InputWriter;

/// Name of the recording in a session's directory.
pub const INPUT_NAME: &str = "input.rec";
/// Bytes of a record before the bytes that were typed.
pub const INPUT_HEADER_BYTES: usize = 36;
/// Most bytes of input in one record.
pub const MAX_INPUT_BYTES: usize = 64 * 1024;
/// Size of a recording unless configured otherwise, bytes; then it says so and ends.
pub const DEFAULT_INPUT_BUDGET_BYTES: u64 = 64 * 1024 * 1024;

/// The part of a header its checksum covers.
const CHECKED_BYTES: usize = 32;
const KIND_TYPED: u8 = 1;
const KIND_WITHHELD: u8 = 2;
const KIND_GAP: u8 = 3;
const KIND_FULL: u8 = 4;

/// What a record of input says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputEvent {
    /// These bytes reached the terminal.
    Typed(Vec<u8>),
    /// Bytes reached the terminal while a program hid them, as for a password; neither they nor their number are kept.
    Withheld,
    /// Bytes reached the terminal and the disk did not take them.
    Gap,
    /// The budget is spent: nothing is recorded from here on.
    Full,
}

impl InputEvent {
    fn kind(&self) -> u8 {
        match self {
            Self::Typed(_) => KIND_TYPED,
            Self::Withheld => KIND_WITHHELD,
            Self::Gap => KIND_GAP,
            Self::Full => KIND_FULL,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Typed(bytes) => bytes,
            Self::Withheld | Self::Gap | Self::Full => &[],
        }
    }
}

/// One record of input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputRecord {
    /// When, ms since the Unix epoch.
    pub time_ms: u64,
    /// Whose input stream; zeros where it is nobody's.
    pub writer: [u8; 16],
    /// What.
    pub event: InputEvent,
}

impl InputRecord {
    /// The record's bytes in the file.
    pub fn encode(&self) -> Vec<u8> {
        let bytes = self.event.bytes();
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let mut record = Vec::with_capacity(INPUT_HEADER_BYTES + bytes.len());
        record.extend_from_slice(&self.time_ms.to_be_bytes());
        record.extend_from_slice(&self.writer);
        record.extend_from_slice(&length.to_be_bytes());
        record.extend_from_slice(&[self.event.kind(), 0, 0, 0]);
        let crc = checksum(&record, bytes);
        record.extend_from_slice(&crc.to_be_bytes());
        record.extend_from_slice(bytes);
        record
    }
}

/// Over a header without its checksum, and the bytes behind it.
fn checksum(header: &[u8], bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(bytes);
    hasher.finalize()
}
