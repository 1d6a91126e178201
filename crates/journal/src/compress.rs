//! Making an ended session's journal small: each segment's output becomes a `.out.zst`, readable at any offset.
//! Nothing may write to the journal any more; readers need not notice.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::seekable;
use crate::segment::{Segment, at_path, segments};

const FILE_MODE: u32 = 0o600;

/// What compressing saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compressed {
    /// Segments that were plain before.
    pub segments: usize,
    /// Their output, bytes.
    pub bytes_before: u64,
    /// What it takes now, bytes.
    pub bytes_after: u64,
}

/// Compresses every segment of the journal in `dir` that is not compressed yet. Each is written beside, synced,
/// renamed, and only then is the plain one removed: a crash at any point leaves one of the two complete.
///
/// # Errors
/// When a file can't be read, written or removed, with its path; what was compressed before that stays so.
pub fn compress(dir: &Path) -> io::Result<Compressed> {
    let mut total = Compressed::default();
    for segment in segments(dir)? {
        let source = match File::open(&segment.output_path) {
            Ok(source) => source,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(at_path(&error, "open", &segment.output_path)),
        };
        let (taken, written) = compress_segment(dir, &segment, source)?;
        total.segments += 1;
        total.bytes_before += taken;
        total.bytes_after += written;
    }
    Ok(total)
}

fn compress_segment(dir: &Path, segment: &Segment, mut source: File) -> io::Result<(u64, u64)> {
    let new = segment.compressed_path.with_extension("zst.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(FILE_MODE);
    let target = options
        .open(&new)
        .map_err(|error| at_path(&error, "make", &new))?;
    let outcome = fill(&mut source, target).and_then(|counts| {
        fs::rename(&new, &segment.compressed_path)?;
        // The name must be there before the other one goes.
        File::open(dir)?.sync_all()?;
        Ok(counts)
    });
    match outcome {
        Ok(counts) => {
            let path = &segment.output_path;
            fs::remove_file(path).map_err(|error| at_path(&error, "remove", path))?;
            Ok(counts)
        }
        Err(error) => {
            // The plain segment is still there; half a copy is of no use.
            let _ = fs::remove_file(&new);
            Err(at_path(&error, "compress into", &segment.compressed_path))
        }
    }
}

fn fill(source: &mut File, target: File) -> io::Result<(u64, u64)> {
    let mut target = BufWriter::new(target);
    let counts = seekable::write(source, &mut target)?;
    let target = target.into_inner().map_err(io::IntoInnerError::into_error)?;
    target.sync_all()?;
    Ok(counts)
}
