//! One keyframe file: the whole screen at an offset, so that a restart or a seek replays little. Derived from the
//! journal: a damaged one is as good as none.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `SEMPREKF` |
//! | 4 | format version |
//! | 8 | journal offset |
//! | 2, 2 | columns, rows |
//! | 8, 8 | numbers of the first and one past the last row of the normal screen |
//! | 1 | flags: 1 output was missing when it was made |
//! | 4 | bytes of the text before it was compressed |
//! | 4 | bytes that follow the header |
//! | 4 | CRC-32 of those |
//! | 4 | CRC-32 of the header up to here |
//! | … | the text of a snapshot with all rows, raw deflate |
//!
//! Integers are big-endian.

use std::io::{self, Read};
use std::path::Path;

use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use sempre_protocol::{Offset, Size};

const MAGIC: &[u8; 8] = b"SEMPREKF";
const VERSION: u32 = 1;
const FLAG_INEXACT: u8 = 1;
/// Bytes of the header.
pub(super) const HEADER_BYTES: usize = 8 + 4 + 8 + 2 + 2 + 8 + 8 + 1 + 4 + 4 + 4 + 4;
/// Largest text a keyframe may hold, bytes; a longer one is damage.
const MAX_ANSI_BYTES: u32 = 64 * 1024 * 1024;

/// What a keyframe says of its screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyframeHead {
    /// Journal offset of the first byte after it.
    pub(super) offset: Offset,
    /// The size.
    pub(super) size: Size,
    /// Number of the oldest row in it.
    pub(super) first_line: u64,
    /// One past the number of the last row.
    pub(super) end_line: u64,
    /// Output was missing when it was made.
    pub(super) inexact: bool,
}

/// A keyframe as it is read and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keyframe {
    pub(super) head: KeyframeHead,
    /// The text of a snapshot with all rows.
    pub(super) ansi: Vec<u8>,
}

/// A header and what it says of the bytes behind it.
struct Header {
    head: KeyframeHead,
    ansi_len: u32,
    body_len: u32,
    body_crc: u32,
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the keyframe is damaged: {what}"),
    )
}

impl Keyframe {
    /// The bytes of the file.
    ///
    /// # Errors
    /// If the text is longer than a keyframe may hold.
    pub(super) fn encode(&self) -> io::Result<Vec<u8>> {
        let ansi_len = u32::try_from(self.ansi.len()).unwrap_or(u32::MAX);
        if ansi_len > MAX_ANSI_BYTES {
            return Err(io::Error::other(format!(
                "a snapshot of {ansi_len} bytes is too large for a keyframe"
            )));
        }
        let mut body = Vec::new();
        DeflateEncoder::new(self.ansi.as_slice(), Compression::fast()).read_to_end(&mut body)?;
        let body_len = u32::try_from(body.len()).map_err(io::Error::other)?;
        let mut file = Vec::with_capacity(HEADER_BYTES + body.len());
        file.extend_from_slice(MAGIC);
        file.extend_from_slice(&VERSION.to_be_bytes());
        file.extend_from_slice(&self.head.offset.0.to_be_bytes());
        file.extend_from_slice(&self.head.size.cols.to_be_bytes());
        file.extend_from_slice(&self.head.size.rows.to_be_bytes());
        file.extend_from_slice(&self.head.first_line.to_be_bytes());
        file.extend_from_slice(&self.head.end_line.to_be_bytes());
        file.push(if self.head.inexact { FLAG_INEXACT } else { 0 });
        file.extend_from_slice(&ansi_len.to_be_bytes());
        file.extend_from_slice(&body_len.to_be_bytes());
        file.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
        let crc = crc32fast::hash(&file);
        file.extend_from_slice(&crc.to_be_bytes());
        file.extend_from_slice(&body);
        Ok(file)
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if it is damaged or of another version; else what the system said.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let mut file = std::fs::File::open(path)?;
        let header = read_header(&mut file)?;
        let mut body = Vec::new();
        // One byte more than there should be shows a file that is too long.
        file.take(u64::from(header.body_len) + 1).read_to_end(&mut body)?;
        if body.len() != header.body_len as usize || crc32fast::hash(&body) != header.body_crc {
            return Err(damaged("its text is not what was written"));
        }
        let mut ansi = Vec::new();
        DeflateDecoder::new(body.as_slice())
            .take(u64::from(header.ansi_len) + 1)
            .read_to_end(&mut ansi)
            .map_err(|_| damaged("its text cannot be inflated"))?;
        if ansi.len() != header.ansi_len as usize {
            return Err(damaged("its text has another length than it says"));
        }
        Ok(Self {
            head: header.head,
            ansi,
        })
    }
}

impl KeyframeHead {
    /// Reads only the header of the file at `path`.
    ///
    /// # Errors
    /// As [`Keyframe::read`].
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        read_header(&mut std::fs::File::open(path)?).map(|header| header.head)
    }
}

fn read_header(file: &mut impl Read) -> io::Result<Header> {
    let mut bytes = [0; HEADER_BYTES];
    match file.read_exact(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(damaged("it is too short")),
        result => result?,
    }
    decode_header(&bytes).ok_or_else(|| damaged("its header is not what was written"))
}

fn decode_header(bytes: &[u8; HEADER_BYTES]) -> Option<Header> {
    let (checked, crc) = bytes.split_last_chunk()?;
    let mut rest = checked;
    let fine = take(&mut rest)? == MAGIC
        && u32::from_be_bytes(*take(&mut rest)?) == VERSION
        && u32::from_be_bytes(*crc) == crc32fast::hash(checked);
    if !fine {
        return None;
    }
    let offset = Offset(u64::from_be_bytes(*take(&mut rest)?));
    let cols = u16::from_be_bytes(*take(&mut rest)?);
    let rows = u16::from_be_bytes(*take(&mut rest)?);
    let first_line = u64::from_be_bytes(*take(&mut rest)?);
    let end_line = u64::from_be_bytes(*take(&mut rest)?);
    let [flags] = *take(&mut rest)?;
    let ansi_len = u32::from_be_bytes(*take(&mut rest)?);
    let body_len = u32::from_be_bytes(*take(&mut rest)?);
    let body_crc = u32::from_be_bytes(*take(&mut rest)?);
    Some(Header {
        head: KeyframeHead {
            offset,
            size: Size::new(cols, rows),
            first_line,
            end_line,
            inexact: flags & FLAG_INEXACT != 0,
        },
        ansi_len: Some(ansi_len).filter(|&len| len <= MAX_ANSI_BYTES)?,
        body_len: Some(body_len).filter(|&len| len <= MAX_ANSI_BYTES)?,
        body_crc,
    })
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyframe() -> Keyframe {
        Keyframe {
            head: KeyframeHead {
                offset: Offset(0x0102_0304),
                size: Size::new(80, 24),
                first_line: 7,
                end_line: 36,
                inexact: true,
            },
            ansi: b"text \x1b[1mbold\x1b[m ".repeat(100),
        }
    }

    fn read(bytes: &[u8]) -> io::Result<Keyframe> {
        let file = tempfile::NamedTempFile::with_prefix("sempre-test-").unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Keyframe::read(file.path())
    }

    #[test]
    fn golden_header() {
        let file = keyframe().encode().unwrap();
        let head = b"SEMPREKF\0\0\0\x01\0\0\0\0\x01\x02\x03\x04\0\x50\0\x18\
                     \0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\x24\x01\0\0\x06\xa4";
        assert_eq!(file.get(..head.len()), Some(head.as_slice()));
        assert_eq!(read(&file).unwrap(), keyframe());
    }

    #[test]
    fn damage_anywhere_is_found() {
        let file = keyframe().encode().unwrap();
        for at in 0..file.len() {
            let mut flipped = file.clone();
            flipped[at] ^= 0x10;
            let error = read(&flipped).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "bit at {at}");
            assert!(read(&file[..at]).is_err(), "cut at {at}");
        }
        assert!(read(&vec![0; file.len()]).is_err());
        assert!(read(&[file, vec![0]].concat()).is_err());
    }
}
