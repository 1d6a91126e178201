//! A journal reads the same when it is compressed: bytes, sizes, gaps, the exit, and what is damaged.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it meets what it did not expect"
)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use common::{Session, steps, tiny_options};
use proptest::prelude::*;
use sempre_journal::{DamageKind, Options, ReadAt, Reader, Size, Writer, compress, segments};

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn compressing_changes_no_answer(steps in steps(40), options in tiny_options(), from in 0..400_u64) {
        let dir = tempfile::tempdir().unwrap();
        let mut session = Session::run(dir.path(), options, &steps);
        session.writer.flush_index(session.now_ms).unwrap();
        let answers = || {
            let mut reader = Reader::open(dir.path()).unwrap();
            let records: Vec<_> = reader.records(0).unwrap().map(Result::unwrap).collect();
            (
                reader.bounds().unwrap(),
                common::read_from(&mut reader, from, 64),
                reader.resizes(0, u64::MAX).unwrap(),
                reader.verify().unwrap().into_iter().map(|damage| damage.kind).collect::<Vec<_>>(),
                records,
            )
        };
        let before = answers();
        let done = compress(dir.path()).unwrap();
        prop_assert_eq!(done.segments, segments(dir.path()).unwrap().len());
        prop_assert!(segments(dir.path()).unwrap().iter().all(|s| !s.output_path.exists()));
        prop_assert_eq!(answers(), before);
        prop_assert_eq!(compress(dir.path()).unwrap().segments, 0, "nothing is left to do");
    }
}

fn megabyte_session(dir: &std::path::Path) -> Vec<u8> {
    let size = Size { cols: 80, rows: 24 };
    let mut writer = Writer::create(dir, Options::with_budget(u64::MAX), size, 0).unwrap();
    let text: Vec<u8> = (0..200_000)
        .flat_map(|n| format!("line {n}\r\n").into_bytes())
        .collect();
    for chunk in text.chunks(5000) {
        writer.append(chunk, 1).unwrap();
    }
    writer.flush_index(2).unwrap();
    text
}

fn whole(dir: &std::path::Path) -> Vec<u8> {
    let bytes = common::read_from(&mut Reader::open(dir).unwrap(), 0, 4096);
    bytes.into_iter().map(Option::unwrap).collect()
}

#[test]
fn a_compressed_session_is_small_private_and_readable_at_any_place() {
    let dir = tempfile::tempdir().unwrap();
    let text = megabyte_session(dir.path());
    let done = compress(dir.path()).unwrap();
    assert_eq!(done.bytes_before, text.len() as u64);
    assert!(done.bytes_after * 3 < done.bytes_before, "{done:?}");
    for segment in segments(dir.path()).unwrap() {
        let mode = fs::metadata(&segment.compressed_path)
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let mut reader = Reader::open(dir.path()).unwrap();
    let mut buffer = vec![0; 1000];
    for at in [0, 1, 262_143, 262_144, 1_500_000, text.len() - 1, 7] {
        let ReadAt::Bytes(count) = reader.read_at(at as u64, &mut buffer).unwrap() else {
            panic!("no bytes at {at}");
        };
        assert_eq!(buffer[..count], text[at..at + count]);
    }
}

#[test]
fn a_reader_goes_on_while_the_journal_is_compressed_under_it() {
    let dir = tempfile::tempdir().unwrap();
    let text = megabyte_session(dir.path());
    let mut reader = Reader::open(dir.path()).unwrap();
    let mut buffer = vec![0; 1000];
    assert_eq!(reader.read_at(0, &mut buffer).unwrap(), ReadAt::Bytes(1000));
    compress(dir.path()).unwrap();
    let mut read = Vec::new();
    while let ReadAt::Bytes(count) = reader.read_at(read.len() as u64, &mut buffer).unwrap() {
        read.extend_from_slice(&buffer[..count]);
    }
    assert!(read == text);
}

#[test]
fn a_crash_while_compressing_leaves_one_whole_copy() {
    let dir = tempfile::tempdir().unwrap();
    let text = megabyte_session(dir.path());
    let segment = segments(dir.path()).unwrap().remove(0);
    let plain = fs::read(&segment.output_path).unwrap();
    // Written in half; and renamed, with the plain one still there.
    fs::write(segment.compressed_path.with_extension("zst.new"), b"half").unwrap();
    assert!(whole(dir.path()) == text);
    compress(dir.path()).unwrap();
    fs::write(&segment.output_path, plain).unwrap();
    assert!(whole(dir.path()) == text);
    compress(dir.path()).unwrap();
    assert!(!segment.output_path.exists());
    assert!(whole(dir.path()) == text);
}

#[test]
fn damage_in_a_compressed_file_is_found_and_other_segments_stay_readable() {
    let dir = tempfile::tempdir().unwrap();
    megabyte_session(dir.path());
    compress(dir.path()).unwrap();
    let all = segments(dir.path()).unwrap();
    assert!(all.len() == 1);
    let path = &all[0].compressed_path;
    let stored = fs::read(path).unwrap();
    fs::write(path, &stored[..stored.len() - 20]).unwrap();
    let mut reader = Reader::open(dir.path()).unwrap();
    assert!(reader.read_at(0, &mut [0; 10]).is_err());
    // A record that covers more than there is: bytes of a segment that was cut before it was compressed.
    let mut flipped = stored.clone();
    flipped[1000] ^= 0xff;
    fs::write(path, &flipped).unwrap();
    let found = Reader::open(dir.path()).unwrap().verify();
    let damaged = match &found {
        Ok(damage) => damage
            .iter()
            .any(|one| matches!(one.kind, DamageKind::OutputChecksum { .. })),
        Err(_) => true,
    };
    assert!(damaged, "{found:?}");
}

#[test]
fn nothing_is_appended_to_a_compressed_journal() {
    let dir = tempfile::tempdir().unwrap();
    megabyte_session(dir.path());
    compress(dir.path()).unwrap();
    let options = Options::default();
    let error = Writer::reopen(dir.path(), options, 3).unwrap_err();
    assert!(error.to_string().contains("has ended"), "{error}");
    assert!(Writer::create(dir.path(), options, Size { cols: 1, rows: 1 }, 3).is_err());
}
