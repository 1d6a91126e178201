//! Finds every damaged place of a journal, or of a part of it: a read of all of that. Changes nothing.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::events::read_records;
use crate::output_file::OutputFile;
use crate::reader::Reader;
use crate::record::{Event, RECORD_BYTES, Record, RecordError};
use crate::segment::{Segment, at_path, orphan_indexes, output_bases};

/// So many NULs in a row inside damaged output are a block that was never written (a sector), bytes.
const NUL_RUN_BYTES: u64 = 512;

const CHUNK_BYTES: usize = 64 * 1024;

/// What is wrong at a place. Ranges are offsets of the session's output, the end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DamageKind {
    /// The segment has no index file.
    IndexMissing,
    /// The index tells of output whose file is not there.
    OutputMissing,
    /// The index ends inside a record. Normal for an instant while the journal grows.
    TornRecord,
    /// An index record whose own checksum does not match.
    RecordChecksum,
    /// An index record of NULs only: a block that was never written.
    RecordNul,
    /// An intact record that speaks of bytes an earlier one covers already.
    RecordMisplaced,
    /// Output that does not match the checksum of its record.
    OutputChecksum {
        /// First byte of the record's range.
        from: u64,
        /// After its last byte.
        to: u64,
    },
    /// As `OutputChecksum`, with a run of NULs in it: a block that was never written.
    OutputNul {
        /// First byte of the record's range.
        from: u64,
        /// After its last byte.
        to: u64,
    },
    /// The output file ends before the range of a record does.
    OutputShort {
        /// First byte of the record's range.
        from: u64,
        /// After its last byte.
        to: u64,
    },
    /// Output that no intact record covers: nobody can tell whether it is right. At the end of a live journal
    /// this is the output of the last 10 ms.
    Unchecked {
        /// First byte.
        from: u64,
        /// After the last byte.
        to: u64,
    },
    /// Bytes that are missing between two segments, and no gap record says so.
    Missing {
        /// First missing byte.
        from: u64,
        /// The first offset that exists again.
        to: u64,
    },
    /// The output file is longer than up to where the next segment begins; readers never see these bytes.
    Overlap {
        /// Where the next segment begins.
        from: u64,
        /// Where this file ends.
        to: u64,
    },
}

/// One damaged place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// Where in this file, bytes.
    pub position: u64,
    /// What is wrong.
    pub kind: DamageKind,
}

impl Reader {
    /// Every place where an index record or the bytes it covers are not what was written; empty for a sound
    /// journal. Reads everything once.
    ///
    /// # Errors
    /// When a file can't be read; a missing one is damage, not an error.
    pub fn verify(&self) -> io::Result<Vec<Damage>> {
        self.verify_range(0..u64::MAX)
    }

    /// As [`Reader::verify`], of the output in `range` alone: whatever damage may change what is read there. Reads
    /// that output once, and the indexes of its segments.
    ///
    /// # Errors
    /// As [`Reader::verify`].
    pub fn verify_range(&self, range: Range<u64>) -> io::Result<Vec<Damage>> {
        let bases = output_bases(&self.dir)?;
        let next_bases = bases.iter().skip(1).map(|&base| Some(base)).chain([None]);
        let segments: Vec<_> = bases
            .iter()
            .copied()
            .zip(next_bases)
            .filter(|&(base, next)| base < range.end && next.is_none_or(|next| next > range.start))
            .collect();
        let mut check = Check::new(&self.dir, segments.iter().map(|&(base, _)| base), range)?;
        for &(base, next_base) in &segments {
            check.segment(base, next_base)?;
        }
        check.orphans(&bases)?;
        // Segments that the budget took meanwhile are not damage.
        let base_now = output_bases(&self.dir)?.first().copied();
        let mut found = check.found;
        found.retain(|&(base, _)| base_now.is_none_or(|now| base >= now));
        Ok(found.into_iter().map(|(_, damage)| damage).collect())
    }
}

struct Check<'a> {
    dir: &'a Path,
    /// The output that is looked at.
    range: Range<u64>,
    gaps: Vec<(u64, u64)>,
    /// With the base offset of the segment it is in.
    found: Vec<(u64, Damage)>,
}

impl<'a> Check<'a> {
    fn new(dir: &'a Path, bases: impl Iterator<Item = u64>, range: Range<u64>) -> io::Result<Self> {
        let mut gaps = Vec::new();
        for base in bases {
            let records = read_records(&Segment::new(dir, base).index_path).unwrap_or_default();
            gaps.extend(records.iter().filter_map(|record| match record.event {
                Event::Gap { resumes_at } => Some((record.offset, resumes_at)),
                _ => None,
            }));
        }
        Ok(Self {
            dir,
            range,
            gaps,
            found: Vec::new(),
        })
    }

    fn report(&mut self, base: u64, file: &Path, position: u64, kind: DamageKind) {
        let damage = Damage {
            file: file.to_path_buf(),
            position,
            kind,
        };
        self.found.push((base, damage));
    }

    fn segment(&mut self, base: u64, next_base: Option<u64>) -> io::Result<()> {
        let segment = Segment::new(self.dir, base);
        let mut output = match OutputFile::open(&segment) {
            Ok(output) => output,
            // Gone since the listing; if the budget did not take it, the next check tells.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(at_path(&error, "open", &segment.output_path)),
        };
        let (output_path, index_path) = (output.path(&segment).to_path_buf(), segment.index_path);
        let checked_end = match open_existing(&index_path)? {
            Some(index) => self.records(base, &mut output, &output_path, &index, &index_path)?,
            None => {
                self.report(base, &index_path, 0, DamageKind::IndexMissing);
                base
            }
        };
        let end = base.saturating_add(output.len()?);
        let usable_end = next_base.map_or(end, |next| end.min(next));
        self.unchecked(base, &output_path, checked_end, usable_end);
        match next_base {
            Some(next) if end > next => {
                let kind = DamageKind::Overlap { from: next, to: end };
                self.report(base, &output_path, next - base, kind);
            }
            Some(next) if end < next && !self.gaps.iter().any(|&(from, to)| from <= end && next <= to) => {
                let kind = DamageKind::Missing { from: end, to: next };
                self.report(base, &output_path, end - base, kind);
            }
            _ => {}
        }
        Ok(())
    }

    fn concerns(&self, from: u64, to: u64) -> bool {
        from < self.range.end && to > self.range.start
    }

    fn unchecked(&mut self, base: u64, output_path: &Path, from: u64, to: u64) {
        if from < to && self.concerns(from, to) {
            self.report(base, output_path, from - base, DamageKind::Unchecked { from, to });
        }
    }

    /// Checks each record and its bytes; returns the offset up to which records speak.
    fn records(
        &mut self,
        base: u64,
        output: &mut OutputFile,
        output_path: &Path,
        index: &File,
        index_path: &Path,
    ) -> io::Result<u64> {
        let mut index = BufReader::with_capacity(CHUNK_BYTES, index);
        let mut position = 0;
        let mut covered = base;
        loop {
            let mut bytes = Vec::with_capacity(RECORD_BYTES);
            let one = index.by_ref().take(RECORD_BYTES as u64).read_to_end(&mut bytes);
            one.map_err(|error| at_path(&error, "read", index_path))?;
            let Some(record) = bytes.first_chunk() else {
                if !bytes.is_empty() {
                    self.report(base, index_path, position, DamageKind::TornRecord);
                }
                return Ok(covered);
            };
            match Record::decode(record) {
                Ok(Record {
                    offset,
                    event: Event::Output { len, crc },
                    ..
                }) if offset >= covered => {
                    self.unchecked(base, output_path, covered, offset);
                    covered = offset.saturating_add(u64::from(len));
                    if self.concerns(offset, covered)
                        && let Some(kind) = output_damage(output, offset - base, (offset, covered), crc)?
                    {
                        self.report(base, output_path, offset - base, kind);
                    }
                }
                decoded => {
                    if let Some(kind) = record_damage(&decoded, record) {
                        self.report(base, index_path, position, kind);
                    }
                }
            }
            position += RECORD_BYTES as u64;
        }
    }

    /// Index files whose output is gone. One that tells of no output yet is a segment being made.
    fn orphans(&mut self, bases: &[u64]) -> io::Result<()> {
        for base in orphan_indexes(self.dir)? {
            let path = Segment::new(self.dir, base).index_path;
            let records = read_records(&path).unwrap_or_default();
            let tells = |record: &Record| matches!(record.event, Event::Output { .. });
            let counts = bases.first().is_none_or(|&first| base >= first) && self.range.contains(&base);
            if counts && records.iter().any(tells) {
                self.report(base, &path, 0, DamageKind::OutputMissing);
            }
        }
        Ok(())
    }
}

/// What is wrong with a record that is no output, or output that does not follow.
fn record_damage(decoded: &Result<Record, RecordError>, bytes: &[u8; RECORD_BYTES]) -> Option<DamageKind> {
    match decoded {
        Ok(record) => matches!(record.event, Event::Output { .. }).then_some(DamageKind::RecordMisplaced),
        Err(RecordError::UnknownKind(_)) => None,
        Err(RecordError::Checksum { .. }) if bytes == &[0; RECORD_BYTES] => Some(DamageKind::RecordNul),
        Err(RecordError::Checksum { .. }) => Some(DamageKind::RecordChecksum),
    }
}

/// Compares the bytes of a range with their checksum.
fn output_damage(
    output: &mut OutputFile,
    mut position: u64,
    (from, to): (u64, u64),
    crc: u32,
) -> io::Result<Option<DamageKind>> {
    let mut hasher = crc32fast::Hasher::new();
    let mut nul_run = 0;
    let mut longest_nul_run = 0;
    let mut rest = to - from;
    let mut chunk = vec![0; CHUNK_BYTES];
    while rest > 0 {
        let want = usize::try_from(rest).unwrap_or(usize::MAX).min(CHUNK_BYTES);
        let taken = match output.read_at(chunk.get_mut(..want).unwrap_or_default(), position) {
            Ok(0) => return Ok(Some(DamageKind::OutputShort { from, to })),
            result => result?,
        };
        let bytes = chunk.get(..taken).unwrap_or_default();
        hasher.update(bytes);
        for &byte in bytes {
            nul_run = if byte == 0 { nul_run + 1 } else { 0 };
            longest_nul_run = longest_nul_run.max(nul_run);
        }
        position += taken as u64;
        rest -= taken as u64;
    }
    Ok(match hasher.finalize() == crc {
        true => None,
        false if longest_nul_run >= NUL_RUN_BYTES.min(to - from) => Some(DamageKind::OutputNul { from, to }),
        false => Some(DamageKind::OutputChecksum { from, to }),
    })
}

fn open_existing(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at_path(&error, "open", path)),
    }
}
