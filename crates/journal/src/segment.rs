//! Segments on disk: their names and the listing of a journal's directory. Says nothing about what is in the files.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const NAME_DIGITS: usize = 20;
const OUTPUT_EXTENSION: &str = "out";
const COMPRESSED_EXTENSION: &str = "out.zst";
const INDEX_EXTENSION: &str = "idx";
const FILE_MODE: u32 = 0o600;

/// Directory scans made again when a file vanished between listing and opening it. Trimming takes a segment at a
/// time, so a reader that meets this limit is being outrun on every try.
pub(crate) const LISTING_ATTEMPTS: usize = 32;

/// One segment: the pair of files named by the offset of its first byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Offset of the first byte in the output file.
    pub base_offset: u64,
    /// The session's bytes and nothing else; gone once the segment is compressed.
    pub output_path: PathBuf,
    /// The same bytes, compressed; only ended sessions have it.
    pub compressed_path: PathBuf,
    /// The index; may be missing after damage.
    pub index_path: PathBuf,
}

impl Segment {
    pub(crate) fn new(dir: &Path, base_offset: u64) -> Self {
        Self {
            base_offset,
            output_path: dir.join(file_name(base_offset, OUTPUT_EXTENSION)),
            compressed_path: dir.join(file_name(base_offset, COMPRESSED_EXTENSION)),
            index_path: dir.join(file_name(base_offset, INDEX_EXTENSION)),
        }
    }
}

/// The segments of the journal in `dir`, oldest first. A segment is listed when its output file is there, as it is
/// or compressed; other files and names that are not exactly 20 digits and an extension are ignored.
///
/// # Errors
/// When the directory can't be read.
pub fn segments(dir: &Path) -> io::Result<Vec<Segment>> {
    let bases = output_bases(dir)?;
    Ok(bases.into_iter().map(|base| Segment::new(dir, base)).collect())
}

/// Base offsets of all output files, compressed or not, ascending.
pub(crate) fn output_bases(dir: &Path) -> io::Result<Vec<u64>> {
    Ok(listing(dir)?.outputs)
}

/// Base offsets of index files without an output file, ascending.
pub(crate) fn orphan_indexes(dir: &Path) -> io::Result<Vec<u64>> {
    let Listing {
        outputs, mut indexes, ..
    } = listing(dir)?;
    indexes.retain(|base| outputs.binary_search(base).is_err());
    Ok(indexes)
}

/// Whether any segment in `dir` is compressed.
pub(crate) fn is_compressed(dir: &Path) -> io::Result<bool> {
    Ok(listing(dir)?.compressed)
}

struct Listing {
    outputs: Vec<u64>,
    compressed: bool,
    indexes: Vec<u64>,
}

fn listing(dir: &Path) -> io::Result<Listing> {
    let mut found = Listing {
        outputs: Vec::new(),
        compressed: false,
        indexes: Vec::new(),
    };
    let entries = fs::read_dir(dir).map_err(|error| at_path(&error, "list", dir))?;
    for entry in entries {
        let name = entry.map_err(|error| at_path(&error, "list", dir))?.file_name();
        match name.to_str().and_then(parse_name) {
            Some((base, OUTPUT_EXTENSION)) => found.outputs.push(base),
            Some((base, COMPRESSED_EXTENSION)) => {
                found.outputs.push(base);
                found.compressed = true;
            }
            Some((base, INDEX_EXTENSION)) => found.indexes.push(base),
            _ => {}
        }
    }
    found.outputs.sort_unstable();
    // Both are there for an instant while a segment is compressed.
    found.outputs.dedup();
    found.indexes.sort_unstable();
    Ok(found)
}

fn file_name(base_offset: u64, extension: &str) -> String {
    format!("{base_offset:020}.{extension}")
}

fn parse_name(name: &str) -> Option<(u64, &str)> {
    let (digits, extension) = name.split_once('.')?;
    if digits.len() != NAME_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((digits.parse().ok()?, extension))
}

/// Opens for appending; makes the file, readable by its owner only, when it is not there.
pub(crate) fn open_append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(FILE_MODE);
    options.open(path).map_err(|error| at_path(&error, "open", path))
}

/// The segment whose bytes `offset` would be among: the last that begins at or before it.
pub(crate) fn position_of(bases: &[u64], offset: u64) -> Option<usize> {
    bases.partition_point(|&base| base <= offset).checked_sub(1)
}

/// The error with what was tried, and on which path; its kind stays.
pub(crate) fn at_path(error: &io::Error, verb: &str, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {verb} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_twenty_digits_and_nothing_else() {
        assert_eq!(file_name(4_194_304, "out"), "00000000000004194304.out");
        assert_eq!(parse_name("00000000000004194304.out"), Some((4_194_304, "out")));
        assert_eq!(parse_name(&file_name(u64::MAX, "idx")), Some((u64::MAX, "idx")));
        for garbage in [
            "4194304.out",
            "0000000000000419430x.out",
            "+0000000000004194304.out",
            "99999999999999999999.out",
            "00000000000004194304",
            "session.json",
            "",
        ] {
            assert_eq!(parse_name(garbage), None, "{garbage:?}");
        }
        assert_eq!(
            parse_name("00000000000004194304.out.zst"),
            Some((4_194_304, "out.zst"))
        );
    }

    #[test]
    fn the_listing_ignores_everything_else() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "00000000000000000100.out",
            "00000000000000000000.out",
            "00000000000000000000.idx",
            "00000000000000000050.idx",
            "00000000000000000100.out.zst",
            "00000000000000000200.out.zst",
            "00000000000000000300.out.zst.new",
            "lock",
            "x.out",
        ] {
            fs::write(dir.path().join(name), b"").unwrap();
        }
        fs::write(
            dir.path()
                .join(std::ffi::OsStr::new("00000000000000000000.o\u{fffd}t")),
            b"",
        )
        .unwrap();
        let bases: Vec<u64> = segments(dir.path())
            .unwrap()
            .iter()
            .map(|s| s.base_offset)
            .collect();
        assert_eq!(bases, [0, 100, 200], "a segment compressed or not is one segment");
        assert!(is_compressed(dir.path()).unwrap());
        assert_eq!(orphan_indexes(dir.path()).unwrap(), [50]);
    }

    #[test]
    fn an_offset_belongs_to_the_last_segment_that_begins_before_it() {
        assert_eq!(position_of(&[10, 20], 9), None);
        assert_eq!(position_of(&[10, 20], 10), Some(0));
        assert_eq!(position_of(&[10, 20], 99), Some(1));
    }
}
