//! Journals whose files were harmed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sempre_journal::{Options, ReadAt, Reader, Size, Writer, compress};

use super::take;

const OPTIONS: Options = Options {
    budget_bytes: 1 << 20,
    segment_bytes: 200,
    index_bytes: 300,
};
const SIZE: Size = Size { cols: 80, rows: 24 };
/// Reads before a journal counts as one that never ends.
const MAX_READS: usize = 100_000;

pub(super) fn journal(mut bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    write(folder.path(), &mut bytes).expect("a sound journal can be written");
    let ended = take(&mut bytes).is_multiple_of(4);
    if ended {
        // An error is a fair answer to what is on the disk; a panic is not.
        let _ = compress(folder.path());
    }
    for _ in 0..=take(&mut bytes) % 3 {
        harm(folder.path(), &mut bytes).expect("files can be harmed");
    }
    read(folder.path());
    if ended {
        return;
    }
    if let Ok(mut writer) = Writer::reopen(folder.path(), OPTIONS, 10_000) {
        let end = writer.end_offset();
        assert!(writer.base_offset() <= end);
        if writer.append(b"after", 10_001).is_ok() {
            assert_eq!(writer.end_offset(), end + 5);
            let _ = writer.flush_index(10_002);
            assert_eq!(read_from(folder.path(), end), b"after");
        }
    }
}

/// All bytes from an offset on.
fn read_from(folder: &Path, mut offset: u64) -> Vec<u8> {
    let mut reader = Reader::open(folder).expect("a journal just written to");
    let mut bytes = Vec::new();
    let mut buffer = [0; 64];
    while let Ok(ReadAt::Bytes(count)) = reader.read_at(offset, &mut buffer) {
        bytes.extend(buffer.iter().take(count));
        offset += count as u64;
    }
    bytes
}

fn write(folder: &Path, bytes: &mut &[u8]) -> io::Result<()> {
    let mut writer = Writer::create(folder, OPTIONS, SIZE, 0)?;
    for step in 0..u64::from(take(bytes) % 12) {
        let length = usize::from(take(bytes)).min(bytes.len());
        let (piece, rest) = bytes.split_at(length);
        *bytes = rest;
        writer.append(piece, step * 20).map_err(io::Error::other)?;
        if length % 5 == 0 {
            writer.resize(Size { cols: 40, rows: 10 }, step * 20)?;
        }
    }
    writer.flush_index(1_000)
}

/// Flips, cuts, empties or prolongs one file.
fn harm(folder: &Path, bytes: &mut &[u8]) -> io::Result<()> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    files.sort();
    let choice = usize::from(take(bytes));
    let Some(path) = files.get(choice % files.len().max(1)) else {
        return Ok(());
    };
    let mut content = fs::read(path)?;
    let at = usize::from(u16::from_be_bytes([take(bytes), take(bytes)])) % content.len().max(1);
    match take(bytes) % 5 {
        0 => content.truncate(at),
        1 => content.iter_mut().skip(at).for_each(|byte| *byte = 0),
        2 => content.extend_from_slice(bytes.get(..at.min(bytes.len())).unwrap_or_default()),
        3 => return fs::remove_file(path),
        _ => {
            let mask = take(bytes) | 1;
            content.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= mask);
        }
    }
    fs::write(path, content)
}

/// Reads from the base to the end, always moving on.
fn read(folder: &Path) {
    let Ok(mut reader) = Reader::open(folder) else {
        return;
    };
    let _ = reader.verify();
    let _ = reader.exit();
    let _ = reader.resizes(0, u64::MAX);
    if let Ok(records) = reader.records(0) {
        records.take(MAX_READS).for_each(drop);
    }
    let Ok(bounds) = reader.bounds() else { return };
    assert!(bounds.base_offset <= bounds.end_offset);
    let mut offset = bounds.base_offset;
    let mut buffer = [0; 64];
    for _ in 0..MAX_READS {
        match reader.read_at(offset, &mut buffer) {
            Ok(ReadAt::Bytes(count)) => {
                assert!(count > 0 && count <= buffer.len());
                offset += count as u64;
            }
            Ok(ReadAt::Gap { resumes_at }) => {
                assert!(resumes_at > offset);
                offset = resumes_at;
            }
            Ok(ReadAt::Trimmed { base_offset }) => {
                assert!(base_offset > offset);
                offset = base_offset;
            }
            Ok(ReadAt::End) | Err(_) => return,
        }
    }
    panic!("a journal that never ends, at {offset}");
}
