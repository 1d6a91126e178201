//! After a crash at any point everything up to the last intact record is there, and appends go on.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it meets what it did not expect"
)]

mod common;

use std::fs::{self, OpenOptions};
use std::path::Path;

use common::{Session, Step, read_from, steps, tiny_options};
use proptest::prelude::*;
use sempre_journal::{Event, Options, Reader, Record, Size, Writer, segments};

fn cut(path: &Path, to: prop::sample::Index) -> u64 {
    let len = fs::metadata(path).unwrap().len();
    let to = to.index(len as usize + 1) as u64;
    OpenOptions::new()
        .write(true)
        .open(path)
        .unwrap()
        .set_len(to)
        .unwrap();
    to
}

/// Where the journal must end: what intact records cover, or all bytes when no record speaks of cut ones.
fn expected_end(base: u64, output_len: u64, index: &[u8]) -> u64 {
    let mut covered = base;
    for record in index.as_chunks().0 {
        if let Event::Output { len, .. } = Record::decode(record).unwrap().event {
            if covered + u64::from(len) > base + output_len {
                return covered;
            }
            covered += u64::from(len);
        }
    }
    base + output_len
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn a_cut_anywhere_costs_only_what_is_behind_it(
        options in tiny_options(),
        before in steps(40),
        after in steps(20),
        cut_output in prop::option::of(any::<prop::sample::Index>()),
        cut_index in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let session = Session::run(dir.path(), options, &before);
        let (mut bytes, sizes) = (session.bytes, session.sizes);
        // A resize may wait when the index is full and there is no output to begin a segment with.
        let index_is_complete = session.writer.index_due_ms().is_none();
        drop(session.writer);
        let last = segments(dir.path()).unwrap().pop().unwrap();
        let mut output_len = fs::metadata(&last.output_path).unwrap().len();
        if let Some(at) = cut_output {
            output_len = cut(&last.output_path, at);
        }
        if let Some(at) = cut_index {
            cut(&last.index_path, at);
        }
        let end = expected_end(last.base_offset, output_len, &fs::read(&last.index_path).unwrap());

        let writer = Writer::reopen(dir.path(), options, 90_000).unwrap();
        prop_assert_eq!(writer.end_offset(), end);
        bytes.truncate(end as usize);
        let mut reader = Reader::open(dir.path()).unwrap();
        prop_assert_eq!(&read_from(&mut reader, 0, 64), &bytes);
        prop_assert_eq!(reader.verify().unwrap(), []);
        if cut_index.is_none() && cut_output.is_none() && index_is_complete {
            prop_assert_eq!(writer.size(), sizes.last().unwrap().1);
        }

        let mut session = Session { sizes: vec![(0, writer.size())], writer, bytes, now_ms: 90_001 };
        for step in &after {
            session.step(step);
        }
        session.writer.flush_index(session.now_ms).unwrap();
        prop_assert_eq!(&read_from(&mut reader, 0, 64), &session.bytes);
        prop_assert_eq!(Reader::open(dir.path()).unwrap().size_at(u64::MAX).unwrap(), Some(session.writer.size()));
        prop_assert_eq!(reader.verify().unwrap(), []);
    }
}

const SIZE: Size = Size { cols: 80, rows: 24 };

fn three_records(dir: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
    let mut writer = Writer::create(dir, Options::default(), SIZE, 0).unwrap();
    for (ms, text) in [(100, b"one "), (200, b"two "), (300, b"tri ")] {
        writer.append(text, ms).unwrap();
    }
    writer.flush_index(400).unwrap();
    let segment = segments(dir).unwrap().pop().unwrap();
    (segment.output_path, segment.index_path)
}

fn flip(path: &Path, position: usize) {
    let mut content = fs::read(path).unwrap();
    content[position] ^= 0x10;
    fs::write(path, content).unwrap();
}

#[test]
fn a_damaged_index_record_costs_no_byte() {
    let dir = tempfile::tempdir().unwrap();
    let (output, index) = three_records(dir.path());
    flip(&index, 2 * 32 + 5);
    let writer = Writer::reopen(dir.path(), Options::default(), 1000).unwrap();
    assert_eq!(writer.end_offset(), 12);
    assert_eq!(fs::read(output).unwrap(), b"one two tri ");
    let records: Vec<Record> = Reader::open(dir.path())
        .unwrap()
        .records(0)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        records.len(),
        3,
        "size, the first output, one record for the rest"
    );
    assert_eq!((records[2].offset, records[2].time_ms), (4, 1000));
}

#[test]
fn damaged_bytes_cut_the_journal_where_their_record_begins() {
    let dir = tempfile::tempdir().unwrap();
    let (output, _) = three_records(dir.path());
    flip(&output, 5);
    let mut writer = Writer::reopen(dir.path(), Options::default(), 1000).unwrap();
    assert_eq!(writer.end_offset(), 4);
    writer.append(b"more", 1001).unwrap();
    writer.sync(1002).unwrap();
    assert_eq!(fs::read(output).unwrap(), b"one more");
    assert_eq!(Reader::open(dir.path()).unwrap().verify().unwrap(), []);
}

#[test]
fn a_lost_index_is_made_again_with_the_size_of_the_segment_before() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        budget_bytes: u64::MAX,
        segment_bytes: 4,
        index_bytes: 1024,
    };
    let mut session = Session::begin(dir.path(), options);
    session.step(&Step::Resize(132, 50));
    session.step(&Step::Append(b"abcdefgh".to_vec()));
    drop(session);
    let last = segments(dir.path()).unwrap().pop().unwrap();
    fs::remove_file(&last.index_path).unwrap();
    let writer = Writer::reopen(dir.path(), options, 9).unwrap();
    assert_eq!(
        (writer.end_offset(), writer.size()),
        (8, Size { cols: 132, rows: 50 })
    );
    assert_eq!(Reader::open(dir.path()).unwrap().verify().unwrap(), []);
}

#[test]
fn halves_of_segments_from_a_crash_are_cleared_away() {
    let dir = tempfile::tempdir().unwrap();
    three_records(dir.path());
    let begun = dir.path().join("00000000000000000012.idx");
    fs::write(&begun, [0; 32]).unwrap();
    let mut writer = Writer::reopen(dir.path(), Options::default(), 1000).unwrap();
    assert!(!begun.exists());
    writer.append(b"more", 1001).unwrap();
    assert_eq!(writer.end_offset(), 16);
}

#[test]
fn create_and_reopen_do_not_take_one_for_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let none = Writer::reopen(dir.path(), Options::default(), 0).unwrap_err();
    assert_eq!(none.kind(), std::io::ErrorKind::NotFound);
    three_records(dir.path());
    let there = Writer::create(dir.path(), Options::default(), SIZE, 0).unwrap_err();
    assert_eq!(there.kind(), std::io::ErrorKind::AlreadyExists);
}
