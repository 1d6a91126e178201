//! A segment's bytes by position, whether its file is plain or compressed. Knows nothing of offsets or indexes.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::reader::read_once;
use crate::seekable::Seekable;
use crate::segment::Segment;

/// An open output file.
#[derive(Debug)]
pub(crate) enum OutputFile {
    /// `.out`: may still grow.
    Plain(File),
    /// `.out.zst`: complete.
    Compressed(Seekable),
}

impl OutputFile {
    /// Opens the plain file, else the compressed one: that is there before the plain one goes.
    ///
    /// # Errors
    /// `NotFound` when neither is there, `InvalidData` for a compressed file that is damaged.
    pub(crate) fn open(segment: &Segment) -> io::Result<Self> {
        match File::open(&segment.output_path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Seekable::open(File::open(&segment.compressed_path)?).map(Self::Compressed)
            }
            plain => plain.map(Self::Plain),
        }
    }

    /// How many bytes of output the segment holds.
    pub(crate) fn len_of(segment: &Segment) -> io::Result<u64> {
        match std::fs::metadata(&segment.output_path) {
            Ok(metadata) => Ok(metadata.len()),
            Err(_) => Self::open(segment)?.len(),
        }
    }

    pub(crate) fn len(&self) -> io::Result<u64> {
        match self {
            Self::Plain(file) => file.metadata().map(|metadata| metadata.len()),
            Self::Compressed(file) => Ok(file.len()),
        }
    }

    /// Bytes at `position`, none behind the end. May be fewer than there are.
    pub(crate) fn read_at(&mut self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        match self {
            Self::Plain(file) => read_once(file, buffer, position),
            Self::Compressed(file) => file.read_at(buffer, position),
        }
    }

    /// Which of the segment's files this is.
    pub(crate) fn path<'a>(&self, segment: &'a Segment) -> &'a Path {
        match self {
            Self::Plain(_) => &segment.output_path,
            Self::Compressed(_) => &segment.compressed_path,
        }
    }
}
