//! The budget: what goes, what stays, and what readers are told.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it meets what it did not expect"
)]

mod common;

use std::fs;
use std::path::Path;

use common::{Session, Step, read_from};
use proptest::prelude::*;
use sempre_journal::{Event, Options, ReadAt, Reader, Size, Writer, segments};

fn bytes_on_disk(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).unwrap();
    entries
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum()
}

fn small(budget_bytes: u64) -> Options {
    Options {
        budget_bytes,
        segment_bytes: 200,
        index_bytes: 320,
    }
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn the_budget_holds_and_what_is_left_is_exact(
        budget_bytes in 0..4000_u64,
        appends in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..300), 0..30_u64), 1..60),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let options = small(budget_bytes);
        let mut session = Session::begin(dir.path(), options);
        let mut reader = Reader::open(dir.path()).unwrap();
        for (bytes, wait) in appends {
            session.now_ms += wait;
            session.step(&Step::Append(bytes));
            let total = bytes_on_disk(dir.path());
            prop_assert_eq!(total, session.writer.total_bytes());
            // The segment being written, and the records its closing adds.
            let one_segment = options.segment_bytes + options.index_bytes + 2 * 32;
            prop_assert!(total <= budget_bytes + one_segment, "{} bytes for {}", total, budget_bytes);
            let base = session.writer.base_offset();
            prop_assert_eq!(reader.bounds().unwrap().base_offset, base);
            prop_assert_eq!(segments(dir.path()).unwrap()[0].base_offset, base);
            let left = &session.bytes[base as usize..];
            prop_assert_eq!(&read_from(&mut reader, base, 128), left);
        }
        session.writer.flush_index(session.now_ms).unwrap();
        prop_assert_eq!(reader.verify().unwrap(), []);
    }

    #[test]
    fn a_keyframe_keeps_what_follows_it_up_to_four_budgets(
        budget_bytes in 500..2000_u64,
        keyframe in 0..3000_u64,
        appends in 1..120_usize,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut session = Session::begin(dir.path(), small(budget_bytes));
        session.writer.set_keyframe(keyframe);
        let mut lost = false;
        for _ in 0..appends {
            session.now_ms += 11;
            session.step(&Step::Append(vec![b'k'; 100]));
            let base = session.writer.base_offset();
            prop_assert!(session.writer.total_bytes() <= 4 * budget_bytes + 600);
            // One append adds a segment at most, so a trim leaves the total within one of the limit.
            lost |= base > keyframe && base > 0;
            if lost {
                prop_assert!(session.writer.total_bytes() + 600 > 4 * budget_bytes);
            }
        }
        session.writer.flush_index(session.now_ms).unwrap();
        let base = session.writer.base_offset();
        let reader = Reader::open(dir.path()).unwrap();
        let told = reader.records(0).unwrap().map(Result::unwrap).filter_map(|r| match r.event {
            Event::Gap { resumes_at } => Some((r.offset, resumes_at)),
            _ => None,
        });
        prop_assert_eq!(told.last(), lost.then_some((keyframe, base)));
    }
}

#[test]
fn a_reader_below_the_base_is_told_where_the_journal_begins() {
    let dir = tempfile::tempdir().unwrap();
    let size = Size { cols: 80, rows: 24 };
    let mut writer = Writer::create(dir.path(), small(700), size, 0).unwrap();
    let mut early = Reader::open(dir.path()).unwrap();
    let mut at_start = Reader::open(dir.path()).unwrap();
    writer.append(&[b'a'; 150], 0).unwrap();
    assert_eq!(at_start.read_at(0, &mut [0; 10]).unwrap(), ReadAt::Bytes(10));
    writer.append(&[b'b'; 1850], 1).unwrap();
    let base_offset = writer.base_offset();
    assert!(base_offset > 200);
    let trimmed = ReadAt::Trimmed { base_offset };
    assert_eq!(early.read_at(0, &mut [0; 10]).unwrap(), trimmed);
    assert_eq!(early.size_at(base_offset).unwrap(), Some(size));
    assert_eq!(early.size_at(base_offset - 1).unwrap(), None);

    // What is open can be read to its end, then the reader is told as well.
    let mut rest = [0; 500];
    assert_eq!(at_start.read_at(10, &mut rest).unwrap(), ReadAt::Bytes(190));
    assert_eq!(rest[..190], [[b'a'; 140].as_slice(), &[b'b'; 50]].concat());
    assert_eq!(at_start.read_at(200, &mut rest).unwrap(), trimmed);
    at_start.release();
    assert_eq!(at_start.read_at(10, &mut rest).unwrap(), trimmed);
}

#[test]
fn a_sync_job_runs_elsewhere_and_forgives_trimmed_segments() {
    let dir = tempfile::tempdir().unwrap();
    let size = Size { cols: 80, rows: 24 };
    let mut writer = Writer::create(dir.path(), small(700), size, 0).unwrap();
    writer.append(&[b'a'; 500], 0).unwrap();
    assert!(writer.dirty());
    let job = writer.take_sync().unwrap().unwrap();
    assert!(!writer.dirty());
    assert!(writer.take_sync().unwrap().is_none());
    writer.append(&[b'b'; 5000], 0).unwrap();
    std::thread::spawn(move || job.run()).join().unwrap().unwrap();
    assert!(writer.dirty());
    writer.sync(20).unwrap();
    assert!(!writer.dirty());
}
