//! What the index tells readers: sizes in stream order, the exit, records in time. A damaged record is skipped,
//! a missing index tells nothing; neither hides bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::{iter, vec};

use crate::reader::{Reader, read_once};
use crate::record::{Event, ExitRecord, RECORD_BYTES, Record, RecordError, Size};
use crate::segment::{Segment, at_path, output_bases, position_of};

/// An index is closed at 1 MiB; of a longer file (damage) no more than this is read, bytes.
const MAX_INDEX_BYTES: u64 = 16 * 1024 * 1024;

const CHUNK_BYTES: usize = 256 * RECORD_BYTES;

/// An index file, kept open and read further as it grows.
#[derive(Debug)]
pub(crate) struct OpenIndex {
    base_offset: u64,
    file: File,
    /// File position up to which the fields below are current.
    read_len: u64,
    resizes: Vec<(u64, Size)>,
    exit: Option<ExitRecord>,
}

impl OpenIndex {
    fn open(dir: &Path, base_offset: u64) -> io::Result<Self> {
        Ok(Self {
            base_offset,
            file: File::open(Segment::new(dir, base_offset).index_path)?,
            read_len: 0,
            resizes: Vec::new(),
            exit: None,
        })
    }

    /// Reads what was added since the last time; all of it again if the file was cut.
    fn refresh(&mut self) -> io::Result<()> {
        if self.file.metadata()?.len() < self.read_len {
            self.read_len = 0;
            self.resizes.clear();
            self.exit = None;
        }
        let mut chunk = [0; CHUNK_BYTES];
        while self.read_len < MAX_INDEX_BYTES {
            let taken = read_once(&self.file, &mut chunk, self.read_len)?;
            let bytes = chunk.get(..taken).unwrap_or_default();
            let intact_len = self.take_records(bytes);
            // Damage at the very end may be a record that is being written: it is looked at again.
            let at_end = taken < CHUNK_BYTES;
            self.read_len += if at_end { intact_len } else { taken } as u64;
            if at_end {
                break;
            }
        }
        Ok(())
    }

    /// Returns the position after the last intact record.
    fn take_records(&mut self, bytes: &[u8]) -> usize {
        let mut intact_len = 0;
        for (number, record) in bytes.as_chunks().0.iter().enumerate() {
            match Record::decode(record) {
                Ok(record) => {
                    self.exit = record.as_exit().or(self.exit);
                    if let Event::Resize(size) = record.event {
                        self.resizes.push((record.offset, size));
                    }
                }
                Err(RecordError::UnknownKind(_)) => {}
                Err(RecordError::Checksum { .. }) => continue,
            }
            intact_len = (number + 1) * RECORD_BYTES;
        }
        intact_len
    }

    fn size_at(&self, offset: u64) -> Option<Size> {
        let known = self.resizes.iter().rev().find(|&&(at, _)| at <= offset);
        known.map(|&(_, size)| size)
    }

    /// Adds to `found`, up to `limit`, the places in `from..=upto` where the size is another than before;
    /// `known` is the size before and moves on. What took effect before `from` counts at `from`.
    fn changes(
        &self,
        from: u64,
        upto: u64,
        known: &mut Option<Size>,
        limit: usize,
        found: &mut Vec<(u64, Size)>,
    ) {
        let first = self
            .resizes
            .partition_point(|&(at, _)| at <= from)
            .saturating_sub(1);
        let resizes = self.resizes.iter().skip(first);
        let mut resizes = resizes.take_while(|&&(at, _)| at <= upto).peekable();
        while let Some(&(at, size)) = resizes.next() {
            let at = at.max(from);
            let replaced = resizes.peek().is_some_and(|&&(next, _)| next <= at);
            if !replaced && *known != Some(size) {
                if found.len() >= limit {
                    return;
                }
                *known = Some(size);
                found.push((at, size));
            }
        }
    }
}

impl Reader {
    /// The size in force for the byte at `offset`; `None` when no index that is left says so.
    ///
    /// # Errors
    /// When the directory or an index can't be read.
    pub fn size_at(&mut self, offset: u64) -> io::Result<Option<Size>> {
        if let Some(base) = self.open_segment_with(offset, offset)
            && let Some(size) = self.index_of(base)?.and_then(|index| index.size_at(offset))
        {
            return Ok(Some(size));
        }
        for base in output_bases(&self.dir)?.into_iter().rev() {
            if base <= offset
                && let Some(size) = self.index_of(base)?.and_then(|index| index.size_at(offset))
            {
                return Ok(Some(size));
            }
        }
        Ok(None)
    }

    /// The first place in `from..=upto` where the size is not `known`: a viewer passes its cursor, the size it
    /// was told last and the offset it is about to go to, sends the bytes before the answer, then the size, and
    /// asks again from there. Nothing is missed or told twice however the calls are spaced. A size that was in
    /// force before `from` already is answered at `from`.
    ///
    /// Costs one fstat(2) and one pread(2) while `from..=upto` is what [`Reader::read_at`] has just read.
    ///
    /// # Errors
    /// When the directory or an index can't be read.
    pub fn next_resize(&mut self, from: u64, known: Size, upto: u64) -> io::Result<Option<(u64, Size)>> {
        let changes = self.changes(from, Some(known), upto, 1)?;
        Ok(changes.into_iter().next())
    }

    /// Every place in `from..=upto` where the size changes, oldest first, without the size in force at `from`
    /// (see [`Reader::size_at`]).
    ///
    /// # Errors
    /// When the directory or an index can't be read.
    pub fn resizes(&mut self, from: u64, upto: u64) -> io::Result<Vec<(u64, Size)>> {
        let known = self.size_at(from)?;
        self.changes(from, known, upto, usize::MAX)
    }

    fn changes(
        &mut self,
        from: u64,
        mut known: Option<Size>,
        upto: u64,
        limit: usize,
    ) -> io::Result<Vec<(u64, Size)>> {
        let mut found = Vec::new();
        if let Some(base) = self.open_segment_with(from, upto) {
            if let Some(index) = self.index_of(base)? {
                index.changes(from, upto, &mut known, limit, &mut found);
            }
            return Ok(found);
        }
        let bases = output_bases(&self.dir)?;
        let first = position_of(&bases, from).unwrap_or_default();
        for (number, &base) in bases.iter().enumerate().skip(first) {
            if base > upto || found.len() >= limit {
                break;
            }
            // Where the next segment begins, its own first record speaks.
            let next_base = bases.get(number + 1);
            let upto = next_base.map_or(upto, |next| upto.min(next.saturating_sub(1)));
            if let Some(index) = self.index_of(base)? {
                index.changes(from, upto, &mut known, limit, &mut found);
            }
        }
        Ok(found)
    }

    /// How the session ended; `None` while it lives or when its holder was lost.
    ///
    /// # Errors
    /// When the directory or the index can't be read.
    pub fn exit(&mut self) -> io::Result<Option<ExitRecord>> {
        let Some(&last) = output_bases(&self.dir)?.last() else {
            return Ok(None);
        };
        Ok(self.index_of(last)?.and_then(|index| index.exit))
    }

    /// All intact index records that say something about `from` or later, oldest first. Each segment begins
    /// with the size in force, so resizes to the same size are among them.
    ///
    /// # Errors
    /// When the directory can't be listed.
    pub fn records(&self, from: u64) -> io::Result<Records> {
        let bases = output_bases(&self.dir)?;
        let first = position_of(&bases, from).unwrap_or_default();
        let rest: Vec<u64> = bases.into_iter().skip(first).collect();
        Ok(Records {
            dir: self.dir.clone(),
            from,
            bases: rest.into_iter(),
            records: Vec::new().into_iter(),
        })
    }

    /// How far the output had come at `time_ms` (ms since the Unix epoch), to the 10 ms that appends may share;
    /// the first offset there is for an earlier time, `None` for a journal without segments.
    ///
    /// # Errors
    /// When the directory or an index can't be read.
    pub fn offset_at_time(&self, time_ms: u64) -> io::Result<Option<u64>> {
        let bases = output_bases(&self.dir)?;
        let mut answer = bases.first().copied();
        for &base in bases.iter().rev() {
            let path = Segment::new(&self.dir, base).index_path;
            let head = existing(read_index(&path, RECORD_BYTES as u64))?;
            if head.first().is_some_and(|first| first.time_ms > time_ms) {
                continue;
            }
            let mut reached = base;
            for record in existing(read_records(&path))? {
                if let Event::Output { len, .. } = record.event {
                    if record.time_ms > time_ms {
                        break;
                    }
                    reached = record.offset.saturating_add(u64::from(len));
                }
            }
            answer = Some(reached);
            break;
        }
        Ok(answer)
    }

    /// The open segment, if all of `from..=upto` was read from it: then no other index matters.
    fn open_segment_with(&self, from: u64, upto: u64) -> Option<u64> {
        let open = self.open.as_ref()?;
        let seen_end = open.base_offset.saturating_add(open.seen_len);
        (open.base_offset <= from && upto <= seen_end).then_some(open.base_offset)
    }

    /// The index of a segment, as it is now; `None` when it is gone.
    fn index_of(&mut self, base_offset: u64) -> io::Result<Option<&OpenIndex>> {
        let mut index = match self.index.take().filter(|index| index.base_offset == base_offset) {
            Some(index) => index,
            None => match OpenIndex::open(&self.dir, base_offset) {
                Ok(index) => index,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => {
                    let path = Segment::new(&self.dir, base_offset).index_path;
                    return Err(at_path(&error, "open", &path));
                }
            },
        };
        index.refresh()?;
        Ok(Some(self.index.insert(index)))
    }
}

/// Records across segments; see [`Reader::records`]. A segment that goes meanwhile is left out.
#[derive(Debug)]
pub struct Records {
    dir: PathBuf,
    from: u64,
    bases: vec::IntoIter<u64>,
    records: vec::IntoIter<Record>,
}

impl Records {
    fn concerns(&self, record: &Record) -> bool {
        match record.event {
            Event::Output { len, .. } => record.offset.saturating_add(u64::from(len)) > self.from,
            Event::Gap { resumes_at } => resumes_at > self.from,
            Event::Resize(_) | Event::Exit { .. } => record.offset >= self.from,
        }
    }
}

impl Iterator for Records {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.records.next() {
                if self.concerns(&record) {
                    return Some(Ok(record));
                }
                continue;
            }
            let path = Segment::new(&self.dir, self.bases.next()?).index_path;
            match existing(read_records(&path)) {
                Ok(records) => self.records = records.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl iter::FusedIterator for Records {}

/// All intact records of an index file.
pub(crate) fn read_records(path: &Path) -> io::Result<Vec<Record>> {
    read_index(path, MAX_INDEX_BYTES)
}

fn read_index(path: &Path, limit_bytes: u64) -> io::Result<Vec<Record>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit_bytes).read_to_end(&mut bytes)?;
    let records = bytes.as_chunks().0.iter();
    Ok(records.filter_map(|record| Record::decode(record).ok()).collect())
}

/// A file that is gone has no records.
fn existing(records: io::Result<Vec<Record>>) -> io::Result<Vec<Record>> {
    match records {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        result => result,
    }
}
