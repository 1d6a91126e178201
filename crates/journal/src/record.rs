//! The records of an index file: 32 bytes each, big-endian, each with a checksum of its own. Pure layout; no files.

use std::fmt;

/// Length of every index record, bytes.
pub const RECORD_BYTES: usize = 32;

const CHECKED_BYTES: usize = 28;

const KIND_OUTPUT: u8 = 1;
const KIND_RESIZE: u8 = 2;
const KIND_GAP: u8 = 3;
const KIND_EXIT: u8 = 4;

const HOW_UNKNOWN: u8 = 0;
const HOW_CODE: u8 = 1;
const HOW_SIGNAL: u8 = 2;

/// The size of the terminal, character cells. Any value; limits are the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// Cells per row.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.cols, self.rows)
    }
}

/// How a session's process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Nobody could tell.
    Unknown,
    /// It called exit with this code.
    Code(i32),
    /// This signal number ended it.
    Signal(i32),
}

/// The end of a session, as its exit record tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitRecord {
    /// When it ended, ms since the Unix epoch.
    pub time_ms: u64,
    /// The session's final offset.
    pub offset: u64,
    /// Code or signal.
    pub status: ExitStatus,
    /// Why it ended: a number whose meaning is the caller's.
    pub reason: u8,
}

/// What an index record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// `len` bytes of output begin at the record's offset.
    Output {
        /// Bytes.
        len: u32,
        /// CRC-32 (IEEE) of these bytes.
        crc: u32,
    },
    /// The terminal has this size from the record's offset on.
    Resize(Size),
    /// The bytes from the record's offset up to `resumes_at` are missing.
    Gap {
        /// The first offset that exists again.
        resumes_at: u64,
    },
    /// The process ended at the record's offset.
    Exit {
        /// Code or signal.
        status: ExitStatus,
        /// Why: a number whose meaning is the caller's.
        reason: u8,
    },
}

/// One index record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// ms since the Unix epoch; of an output record: when its first byte was appended.
    pub time_ms: u64,
    /// Where in the output it takes effect; of an output record: its first byte.
    pub offset: u64,
    /// What it says.
    pub event: Event,
}

/// Why 32 bytes are not a record this release can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The record's own checksum does not match: it is damaged.
    #[error("the record's checksum is {found:#010x}, its content gives {computed:#010x}")]
    Checksum {
        /// Stored in the record.
        found: u32,
        /// Computed over its first 28 bytes.
        computed: u32,
    },
    /// Intact, but of a later release: to be skipped.
    #[error("record kind {0} is not known to this release")]
    UnknownKind(u8),
}

impl Record {
    /// The record's bytes in an index file.
    pub fn encode(&self) -> [u8; RECORD_BYTES] {
        let (kind, value) = match self.event {
            Event::Output { len, crc } => (KIND_OUTPUT, (u64::from(len) << 32) | u64::from(crc)),
            Event::Resize(size) => (KIND_RESIZE, (u64::from(size.cols) << 16) | u64::from(size.rows)),
            Event::Gap { resumes_at } => (KIND_GAP, resumes_at),
            Event::Exit { status, reason } => (KIND_EXIT, encode_exit(status, reason)),
        };
        let mut bytes = [0; RECORD_BYTES];
        let [t0, t1, t2, t3, t4, t5, t6, t7] = self.time_ms.to_be_bytes();
        let [o0, o1, o2, o3, o4, o5, o6, o7] = self.offset.to_be_bytes();
        let [v0, v1, v2, v3, v4, v5, v6, v7] = value.to_be_bytes();
        let content: [u8; CHECKED_BYTES] = [
            t0, t1, t2, t3, t4, t5, t6, t7, o0, o1, o2, o3, o4, o5, o6, o7, v0, v1, v2, v3, v4, v5, v6, v7,
            kind, 0, 0, 0,
        ];
        let (head, tail) = bytes.split_at_mut(CHECKED_BYTES);
        head.copy_from_slice(&content);
        tail.copy_from_slice(&crc32fast::hash(&content).to_be_bytes());
        bytes
    }

    /// Reads a record back.
    ///
    /// # Errors
    /// A checksum that does not match, or an intact record of a kind this release does not know.
    pub fn decode(bytes: &[u8; RECORD_BYTES]) -> Result<Self, RecordError> {
        let (content, crc) = bytes.split_at(CHECKED_BYTES);
        let found = word(crc) as u32;
        let computed = crc32fast::hash(content);
        if found != computed {
            return Err(RecordError::Checksum { found, computed });
        }
        let (time, rest) = content.split_at(8);
        let (offset, rest) = rest.split_at(8);
        let (value, rest) = rest.split_at(8);
        let value = word(value);
        let event = match rest.first().copied().unwrap_or_default() {
            KIND_OUTPUT => Event::Output {
                len: (value >> 32) as u32,
                crc: value as u32,
            },
            KIND_RESIZE => Event::Resize(Size {
                cols: (value >> 16) as u16,
                rows: value as u16,
            }),
            KIND_GAP => Event::Gap { resumes_at: value },
            KIND_EXIT => decode_exit(value),
            unknown => return Err(RecordError::UnknownKind(unknown)),
        };
        Ok(Self {
            time_ms: word(time),
            offset: word(offset),
            event,
        })
    }

    /// The record as an exit, if it is one.
    pub(crate) fn as_exit(&self) -> Option<ExitRecord> {
        match self.event {
            Event::Exit { status, reason } => Some(ExitRecord {
                time_ms: self.time_ms,
                offset: self.offset,
                status,
                reason,
            }),
            _ => None,
        }
    }
}

/// At most 8 bytes as a big-endian number.
fn word(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |value, &byte| (value << 8) | u64::from(byte))
}

fn encode_exit(status: ExitStatus, reason: u8) -> u64 {
    let (how, number) = match status {
        ExitStatus::Unknown => (HOW_UNKNOWN, 0),
        ExitStatus::Code(code) => (HOW_CODE, code),
        ExitStatus::Signal(signal) => (HOW_SIGNAL, signal),
    };
    (u64::from(how) << 56) | (u64::from(reason) << 48) | u64::from(number as u32)
}

fn decode_exit(value: u64) -> Event {
    let number = value as u32 as i32;
    let status = match (value >> 56) as u8 {
        HOW_CODE => ExitStatus::Code(number),
        HOW_SIGNAL => ExitStatus::Signal(number),
        _ => ExitStatus::Unknown,
    };
    Event::Exit {
        status,
        reason: (value >> 48) as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(record: Record) -> String {
        record.encode().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn at(event: Event) -> Record {
        Record {
            time_ms: 0x0000_0193_4567_89ab,
            offset: 0x0102_0304_0506_0708,
            event,
        }
    }

    const HEAD: &str = "00000193456789ab0102030405060708";

    #[test]
    fn golden_records_of_each_kind() {
        let output = at(Event::Output {
            len: 5,
            crc: crc32fast::hash(b"hello"),
        });
        assert_eq!(hex(output), format!("{HEAD}000000053610a68601000000ca412956"));
        let resize = at(Event::Resize(Size { cols: 120, rows: 40 }));
        assert_eq!(hex(resize), format!("{HEAD}00000000007800280200000069ca488b"));
        let gap = at(Event::Gap {
            resumes_at: 0x0102_0304_0506_0808,
        });
        assert_eq!(hex(gap), format!("{HEAD}0102030405060808030000007d413834"));
        let code = at(Event::Exit {
            status: ExitStatus::Code(-1),
            reason: 1,
        });
        assert_eq!(hex(code), format!("{HEAD}01010000ffffffff04000000a2615ee7"));
        let signal = at(Event::Exit {
            status: ExitStatus::Signal(9),
            reason: 2,
        });
        assert_eq!(hex(signal), format!("{HEAD}020200000000000904000000dbd0a8f1"));
    }

    #[test]
    fn every_record_reads_back_and_every_flipped_bit_is_noticed() {
        let events = [
            Event::Output {
                len: u32::MAX,
                crc: 7,
            },
            Event::Resize(Size {
                cols: u16::MAX,
                rows: 1,
            }),
            Event::Gap { resumes_at: u64::MAX },
            Event::Exit {
                status: ExitStatus::Unknown,
                reason: 0,
            },
            Event::Exit {
                status: ExitStatus::Code(i32::MIN),
                reason: 255,
            },
        ];
        for event in events {
            let bytes = at(event).encode();
            assert_eq!(Record::decode(&bytes), Ok(at(event)));
            for bit in 0..RECORD_BYTES * 8 {
                let mut damaged = bytes;
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert!(matches!(
                    Record::decode(&damaged),
                    Err(RecordError::Checksum { .. })
                ));
            }
        }
    }

    #[test]
    fn zeros_are_no_record_and_a_later_kind_is_named() {
        assert!(matches!(
            Record::decode(&[0; RECORD_BYTES]),
            Err(RecordError::Checksum { .. })
        ));
        let mut later = at(Event::Gap { resumes_at: 0 }).encode();
        later[24] = 9;
        let crc = crc32fast::hash(&later[..CHECKED_BYTES]);
        later[CHECKED_BYTES..].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(Record::decode(&later), Err(RecordError::UnknownKind(9)));
    }
}
