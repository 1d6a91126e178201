//! Makes the last segment whole after its writer was lost. Does not look into earlier segments, except for the
//! size in force when the last one can't tell.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::budget::ClosedSegment;
use crate::current::{Current, resize_record};
use crate::events::read_records;
use crate::index_file::IndexFile;
use crate::record::{Event, RECORD_BYTES, Record, RecordError, Size};
use crate::segment::{Segment, at_path, is_compressed, open_append, orphan_indexes, output_bases};

/// The size of a journal whose every index is lost.
const FALLBACK_SIZE: Size = Size { cols: 80, rows: 24 };

const CHUNK_BYTES: usize = 64 * 1024;

/// A journal ready to be appended to.
pub(crate) struct Recovered {
    pub(crate) closed: VecDeque<ClosedSegment>,
    pub(crate) current: Current,
    pub(crate) size: Size,
}

/// What of a segment holds together.
#[derive(Debug, PartialEq, Eq)]
struct Intact {
    /// Length of the index up to the first record that does not hold, bytes.
    index_len: u64,
    /// Output bytes that intact records cover.
    covered_len: u64,
    /// The record after `index_len` covers bytes that do not match it: they go too.
    cut_output: bool,
    /// The last size told.
    size: Option<Size>,
    /// A gap record says what is missing before the segment.
    tells_gap: bool,
}

pub(crate) fn recover(dir: &Path, now_ms: u64) -> io::Result<Recovered> {
    let bases = output_bases(dir)?;
    if is_compressed(dir)? {
        let message = format!(
            "the journal in {} is compressed: its session has ended, nothing is added to it",
            dir.display()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let Some((&last, earlier)) = bases.split_last() else {
        let message = format!("{} holds no journal: create one", dir.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    };
    remove_orphans(dir, &bases)?;
    let closed = closed_segments(dir, earlier, last)?;
    let segment = Segment::new(dir, last);
    let output = open_append(&segment.output_path)?;
    let index = open_append(&segment.index_path)?;

    let intact = scan(last, &output, &index).map_err(|error| at_path(&error, "read", &segment.index_path))?;
    index.set_len(intact.index_len)?;
    if intact.cut_output {
        output.set_len(intact.covered_len)?;
    }
    let size = intact
        .size
        .or_else(|| last_size(dir, earlier))
        .unwrap_or(FALLBACK_SIZE);
    let mut index = IndexFile::new(index, segment.index_path.clone(), intact.index_len);
    let size_record = (intact.index_len == 0).then(|| resize_record(last, size, now_ms));
    let gap_record = missing_before(&closed, last, now_ms).filter(|_| !intact.tells_gap);
    for record in size_record.into_iter().chain(gap_record) {
        index.push(record);
    }
    let output_len = cover_rest(last, &output, intact.covered_len, &mut index, now_ms)?;
    index.write(now_ms)?;
    Ok(Recovered {
        closed,
        current: Current {
            segment,
            output,
            output_len,
            index,
        },
        size,
    })
}

/// Index files left by a crash between the two steps of making or removing a segment. One between segments that
/// exist is the trace of a lost output file and stays for `verify` to report.
fn remove_orphans(dir: &Path, bases: &[u64]) -> io::Result<()> {
    for base in orphan_indexes(dir)? {
        if bases.first().is_none_or(|&first| base < first) || bases.last().is_none_or(|&last| base > last) {
            let path = Segment::new(dir, base).index_path;
            fs::remove_file(&path).map_err(|error| at_path(&error, "remove", &path))?;
        }
    }
    Ok(())
}

fn closed_segments(dir: &Path, earlier: &[u64], last: u64) -> io::Result<VecDeque<ClosedSegment>> {
    let next_bases = earlier.iter().skip(1).copied().chain([last]);
    earlier
        .iter()
        .zip(next_bases)
        .map(|(&base_offset, next_base)| {
            let segment = Segment::new(dir, base_offset);
            let output_len = fs::metadata(&segment.output_path)
                .map_err(|error| at_path(&error, "look at", &segment.output_path))?
                .len();
            let index_len = fs::metadata(&segment.index_path).map_or(0, |metadata| metadata.len());
            Ok(ClosedSegment {
                base_offset,
                end_offset: base_offset.saturating_add(output_len).min(next_base),
                bytes: output_len + index_len,
            })
        })
        .collect()
}

/// Follows the records from the start, checking each and the bytes it covers.
fn scan(base_offset: u64, output: &File, index: &File) -> io::Result<Intact> {
    let mut output = BufReader::with_capacity(CHUNK_BYTES, output);
    let mut index = BufReader::with_capacity(CHUNK_BYTES, index);
    let mut intact = Intact {
        index_len: 0,
        covered_len: 0,
        cut_output: false,
        size: None,
        tells_gap: false,
    };
    while let Some(bytes) = next_record(&mut index)? {
        let record = match Record::decode(&bytes) {
            Ok(record) => Some(record),
            Err(RecordError::UnknownKind(_)) => None,
            Err(RecordError::Checksum { .. }) => break,
        };
        let here = base_offset.saturating_add(intact.covered_len);
        match record.map(|record| (record.offset, record.event)) {
            Some((offset, Event::Resize(size))) if offset == here => intact.size = Some(size),
            // Without its first record a segment does not say its size: the index is made anew.
            _ if intact.size.is_none() => break,
            Some((offset, Event::Output { len, crc })) if offset == here => {
                if output_crc(&mut output, len)? != Some(crc) {
                    intact.cut_output = true;
                    break;
                }
                intact.covered_len += u64::from(len);
            }
            Some((offset, Event::Exit { .. })) if offset == here => {}
            Some((_, Event::Gap { resumes_at })) => intact.tells_gap |= resumes_at == base_offset,
            None => {}
            Some(_) => break,
        }
        intact.index_len += RECORD_BYTES as u64;
    }
    Ok(intact)
}

/// The gap record a lost index may have held.
fn missing_before(closed: &VecDeque<ClosedSegment>, base_offset: u64, now_ms: u64) -> Option<Record> {
    let end = closed.back()?.end_offset;
    (end < base_offset).then_some(Record {
        time_ms: now_ms,
        offset: end,
        event: Event::Gap {
            resumes_at: base_offset,
        },
    })
}

fn next_record(index: &mut impl Read) -> io::Result<Option<[u8; RECORD_BYTES]>> {
    let mut bytes = [0; RECORD_BYTES];
    match index.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The checksum of the next `len` bytes, `None` when there are fewer.
fn output_crc(output: &mut impl Read, len: u32) -> io::Result<Option<u32>> {
    let mut hasher = crc32fast::Hasher::new();
    let mut rest = u64::from(len);
    let mut chunk = vec![0; CHUNK_BYTES.min(len as usize)];
    while rest > 0 {
        let want = usize::try_from(rest).unwrap_or(usize::MAX).min(chunk.len());
        let buffer = chunk.get_mut(..want).unwrap_or_default();
        match output.read(buffer) {
            Ok(0) => return Ok(None),
            Ok(n) => {
                hasher.update(buffer.get(..n).unwrap_or_default());
                rest -= n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(hasher.finalize()))
}

/// Counts the bytes behind the last record into the index; returns the output's length.
fn cover_rest(
    base_offset: u64,
    output: &File,
    covered_len: u64,
    index: &mut IndexFile,
    now_ms: u64,
) -> io::Result<u64> {
    let mut len = covered_len;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match output.read_at(&mut chunk, len) {
            Ok(0) => return Ok(len),
            Ok(n) => {
                index.count_output(
                    base_offset.saturating_add(len),
                    chunk.get(..n).unwrap_or_default(),
                    now_ms,
                );
                len += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The last size any of these segments tells.
fn last_size(dir: &Path, bases: &[u64]) -> Option<Size> {
    bases.iter().rev().find_map(|&base| {
        let records = read_records(&Segment::new(dir, base).index_path).ok()?;
        records.iter().rev().find_map(|record| match record.event {
            Event::Resize(size) => Some(size),
            _ => None,
        })
    })
}
