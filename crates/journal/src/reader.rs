//! Reading bytes by offset, from any process, while the journal grows and its oldest segments go. Takes no locks
//! and trusts no index: bytes stay readable when every index file is lost.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use crate::events::OpenIndex;
use crate::output_file::OutputFile;
use crate::segment::{LISTING_ATTEMPTS, Segment, at_path, output_bases, position_of};

/// The offsets a journal holds, at the moment of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The first offset that is still there.
    pub base_offset: u64,
    /// The offset after the last byte.
    pub end_offset: u64,
}

/// What is at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadAt {
    /// This many bytes, at least one (none only into an empty buffer), are at the buffer's start. There may be
    /// more behind them.
    Bytes(usize),
    /// The journal ends at or before this offset, so far.
    End,
    /// No byte was kept from here up to `resumes_at`.
    Gap {
        /// The first offset that exists again.
        resumes_at: u64,
    },
    /// The budget has taken this offset; the journal begins at `base_offset` now.
    Trimmed {
        /// The first offset that is still there, at the moment of asking.
        base_offset: u64,
    },
}

/// Why a journal could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The directory or a file in it can't be read.
    #[error("the journal can't be read: {0}")]
    Io(#[from] io::Error),
    /// Every segment looked for was gone before it could be opened. Ask for the bounds again and read further on.
    #[error("the journal is trimmed faster than it can be read")]
    Outrun,
}

/// A segment's output file, kept open across reads.
#[derive(Debug)]
pub(crate) struct OpenSegment {
    pub(crate) base_offset: u64,
    file: OutputFile,
    /// Bytes that reads have seen in it; it may have more.
    pub(crate) seen_len: u64,
    /// Where the next segment begins, once that is known. Nothing is read from here past it.
    next_base: Option<u64>,
}

/// A reader of one journal; any number of them, in any process. Holds at most two files open.
///
/// A segment that is removed while it is open here can still be read to its end.
#[derive(Debug)]
pub struct Reader {
    pub(crate) dir: PathBuf,
    pub(crate) open: Option<OpenSegment>,
    pub(crate) index: Option<OpenIndex>,
}

impl Reader {
    /// A reader of the journal in `dir`. A directory without segments is a journal without bytes.
    ///
    /// # Errors
    /// When the directory can't be listed.
    pub fn open(dir: impl Into<PathBuf>) -> io::Result<Self> {
        let dir = dir.into();
        output_bases(&dir)?;
        Ok(Self {
            dir,
            open: None,
            index: None,
        })
    }

    /// Closes the files; the next call opens them again. For a reader that will be idle.
    pub fn release(&mut self) {
        self.open = None;
        self.index = None;
    }

    /// The offsets the journal holds now, from the listing and the last file's length. A gap or a damaged place
    /// may lie between them.
    ///
    /// # Errors
    /// When the directory can't be listed, or is trimmed faster than that.
    pub fn bounds(&self) -> Result<Bounds, ReadError> {
        for _ in 0..LISTING_ATTEMPTS {
            let bases = output_bases(&self.dir)?;
            let (Some(&base_offset), Some(&last)) = (bases.first(), bases.last()) else {
                return Ok(Bounds {
                    base_offset: 0,
                    end_offset: 0,
                });
            };
            let segment = Segment::new(&self.dir, last);
            match OutputFile::len_of(&segment) {
                Ok(len) => {
                    return Ok(Bounds {
                        base_offset,
                        end_offset: last.saturating_add(len),
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(at_path(&error, "look at", &segment.output_path).into()),
            }
        }
        Err(ReadError::Outrun)
    }

    /// Reads the bytes at `offset`, up to the buffer's or the segment's end. One pread(2) while inside the open
    /// segment.
    ///
    /// # Errors
    /// When the directory or a file can't be read. Gaps, the end and trimmed offsets are answers, not errors.
    pub fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<ReadAt, ReadError> {
        if buffer.is_empty() {
            return Ok(ReadAt::Bytes(0));
        }
        if let Some(taken) = self.read_open(offset, buffer)? {
            return Ok(ReadAt::Bytes(taken));
        }
        let mut gap_seen = None;
        for _ in 0..LISTING_ATTEMPTS {
            match self.find_and_read(offset, buffer)? {
                // A listing made while segments come may show a newer one and not an older: ask twice.
                Some(ReadAt::Gap { resumes_at }) if gap_seen != Some(resumes_at) => {
                    gap_seen = Some(resumes_at)
                }
                Some(answer) => return Ok(answer),
                None => {}
            }
        }
        Err(ReadError::Outrun)
    }

    /// Bytes from the open segment, `None` when it has none at `offset`.
    fn read_open(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let Some(open) = &mut self.open else {
            return Ok(None);
        };
        let Some(position) = offset.checked_sub(open.base_offset) else {
            return Ok(None);
        };
        let room = open
            .next_base
            .map_or(u64::MAX, |next| next.saturating_sub(offset));
        let want = buffer.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let buffer = buffer.get_mut(..want).unwrap_or_default();
        let taken = open.file.read_at(buffer, position)?;
        open.seen_len = open.seen_len.max(position + taken as u64);
        Ok((taken > 0).then_some(taken))
    }

    /// Looks for the segment of `offset` in the directory and reads from it; `None` when it vanished meanwhile.
    fn find_and_read(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<Option<ReadAt>> {
        let bases = output_bases(&self.dir)?;
        let Some(position) = position_of(&bases, offset) else {
            let trimmed = |&base_offset| ReadAt::Trimmed { base_offset };
            return Ok(Some(bases.first().map_or(ReadAt::End, trimmed)));
        };
        let base = bases.get(position).copied().unwrap_or_default();
        let next_base = bases.get(position + 1).copied();
        if !self.open_segment(base, next_base)? {
            return Ok(None);
        }
        if let Some(taken) = self.read_open(offset, buffer)? {
            return Ok(Some(ReadAt::Bytes(taken)));
        }
        let gap = |resumes_at| ReadAt::Gap { resumes_at };
        Ok(Some(next_base.map_or(ReadAt::End, gap)))
    }

    fn open_segment(&mut self, base_offset: u64, next_base: Option<u64>) -> io::Result<bool> {
        if let Some(open) = self.open.as_mut().filter(|open| open.base_offset == base_offset) {
            open.next_base = next_base;
            return Ok(true);
        }
        let segment = Segment::new(&self.dir, base_offset);
        match OutputFile::open(&segment) {
            Ok(file) => {
                self.open = Some(OpenSegment {
                    base_offset,
                    file,
                    seen_len: 0,
                    next_base,
                });
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(at_path(&error, "open", &segment.output_path)),
        }
    }
}

/// One pread(2), again when a signal came in between.
pub(crate) fn read_once(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, position) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
