//! A file that cannot grow, made by a real limit (`ulimit -f`) in a process of its own: the kernel takes a part of
//! the last write and refuses the rest, as a full disk does.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it meets what it did not expect"
)]

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use sempre_journal::{AppendError, Options, ReadAt, Reader, Size, Writer, segments};

const DIR_VARIABLE: &str = "SEMPRE_JOURNAL_TEST_DIR";
const CHUNK: [u8; 1000] = [b'd'; 1000];

#[test]
fn a_short_write_is_accounted_exactly_and_the_journal_resumes_behind_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let script = "trap '' XFSZ; ulimit -f 16; exec \"$@\"";
    let output = Command::new("/bin/sh")
        .args(["-c", script, "sh"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "under_the_limit"])
        .env(DIR_VARIABLE, dir.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert_eq!(
        segments(dir.path()).unwrap().len(),
        2,
        "the other process did its part"
    );
    assert_eq!(Reader::open(dir.path()).unwrap().verify().unwrap(), []);
}

/// The part that runs under the limit; nothing without it.
#[test]
fn under_the_limit() {
    let Some(dir) = env::var_os(DIR_VARIABLE).map(PathBuf::from) else {
        return;
    };
    let size = Size { cols: 80, rows: 24 };
    let mut writer = Writer::create(&dir, Options::default(), size, 0).unwrap();
    let mut appended = 0;
    let taken = loop {
        match writer.append(&CHUNK, 0) {
            Ok(()) => appended += CHUNK.len() as u64,
            Err(AppendError::Disk { taken, .. }) => break taken,
        }
    };
    assert!(
        taken > 0 && taken < CHUNK.len(),
        "{taken} taken: the limit cuts a chunk"
    );
    let end = appended + taken as u64;
    assert_eq!(writer.end_offset(), end);
    let first = &segments(&dir).unwrap()[0];
    assert_eq!(fs::metadata(&first.output_path).unwrap().len(), end);

    writer.resume_at(end + 500, 50).unwrap();
    writer.append(b"back", 60).unwrap();
    writer.sync(80).unwrap();
    let mut reader = Reader::open(&dir).unwrap();
    let mut buffer = [0; 8];
    let gap = ReadAt::Gap {
        resumes_at: end + 500,
    };
    assert_eq!(reader.read_at(end, &mut buffer).unwrap(), gap);
    assert_eq!(reader.read_at(end + 500, &mut buffer).unwrap(), ReadAt::Bytes(4));
    assert_eq!(&buffer[..4], b"back");
}
