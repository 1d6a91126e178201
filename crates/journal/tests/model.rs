//! Any sequence of appends, resizes and gaps reads back as it was told, from any offset, by readers old and new.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it meets what it did not expect"
)]

mod common;

use common::{Session, Step, read_from, steps, tiny_options};
use proptest::prelude::*;
use sempre_journal::{Bounds, ReadAt, Reader, Size};

/// A viewer: a cursor, the size it was told, and all it was sent.
struct Viewer {
    reader: Reader,
    cursor: u64,
    size: Size,
    sent: Vec<Sent>,
}

#[derive(Debug, PartialEq, Clone, Copy)]
enum Sent {
    Byte(u8),
    Size(Size),
    GapTo(u64),
}

impl Viewer {
    fn catch_up(&mut self, buffer_len: usize) {
        let mut buffer = vec![0; buffer_len];
        loop {
            let (upto, bytes) = match self.reader.read_at(self.cursor, &mut buffer).unwrap() {
                ReadAt::Bytes(n) => (self.cursor + n as u64, n),
                ReadAt::Gap { resumes_at } => (resumes_at, 0),
                _ => (self.cursor, 0),
            };
            if let Some((at, size)) = self.reader.next_resize(self.cursor, self.size, upto).unwrap() {
                if bytes > 0 {
                    let before = &buffer[..(at - self.cursor) as usize];
                    self.sent.extend(before.iter().copied().map(Sent::Byte));
                }
                if bytes == 0 && at > self.cursor {
                    self.sent.push(Sent::GapTo(at));
                }
                self.sent.push(Sent::Size(size));
                (self.cursor, self.size) = (at, size);
                continue;
            }
            if upto == self.cursor {
                return;
            }
            if bytes == 0 {
                self.sent.push(Sent::GapTo(upto));
            }
            self.sent.extend(buffer[..bytes].iter().copied().map(Sent::Byte));
            self.cursor = upto;
        }
    }
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn readers_see_exactly_what_was_told(
        options in tiny_options(),
        steps in steps(60),
        buffer_len in 1..200_usize,
        from in any::<prop::sample::Index>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut session = Session::run(dir.path(), options, &steps);
        session.writer.flush_index(session.now_ms).unwrap();
        let end = session.bytes.len() as u64;
        let mut reader = Reader::open(dir.path()).unwrap();
        prop_assert_eq!(reader.bounds().unwrap(), Bounds { base_offset: 0, end_offset: end });
        let from = from.index(session.bytes.len() + 1);
        prop_assert_eq!(&read_from(&mut reader, from as u64, buffer_len), &session.bytes[from..]);
        for offset in 0..=end {
            prop_assert_eq!(reader.size_at(offset).unwrap(), Some(session.size_at(offset)), "at {}", offset);
        }
        prop_assert_eq!(reader.verify().unwrap(), []);
        let mut at_change = session.size_at(from as u64);
        for (offset, size) in reader.resizes(from as u64, end).unwrap() {
            prop_assert!(offset > from as u64 && size != at_change);
            prop_assert_eq!(size, session.size_at(offset));
            at_change = size;
        }
        prop_assert_eq!(at_change, session.size_at(end));
    }

    #[test]
    fn a_viewer_from_the_start_gets_bytes_and_sizes_in_stream_order(
        options in tiny_options(),
        steps in steps(60),
        buffer_len in 1..200_usize,
        rest_every in 1..5_usize,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut session = Session::begin(dir.path(), options);
        let mut viewer = Viewer {
            reader: Reader::open(dir.path()).unwrap(),
            cursor: 0,
            size: Size { cols: 80, rows: 24 },
            sent: Vec::new(),
        };
        for (number, step) in steps.iter().enumerate() {
            session.step(step);
            if number % rest_every == 0 {
                viewer.catch_up(buffer_len);
            }
        }
        session.writer.flush_index(session.now_ms).unwrap();
        viewer.catch_up(buffer_len);
        prop_assert_eq!(viewer.cursor, session.bytes.len() as u64);
        prop_assert_eq!(viewer.size, session.writer.size());
        let mut offset = 0;
        let mut size = Size { cols: 80, rows: 24 };
        for sent in viewer.sent {
            match sent {
                Sent::Byte(byte) => {
                    prop_assert_eq!(session.bytes[offset], Some(byte));
                    prop_assert_eq!(session.size_at(offset as u64), size, "size of the byte at {}", offset);
                    offset += 1;
                }
                Sent::GapTo(to) => {
                    prop_assert!(session.bytes[offset..to as usize].iter().all(Option::is_none));
                    offset = to as usize;
                }
                Sent::Size(told) => size = told,
            }
        }
        prop_assert_eq!(offset, session.bytes.len());
    }
}

#[test]
fn a_reader_inside_a_growing_segment_reads_on_and_crosses_into_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let options = sempre_journal::Options {
        budget_bytes: u64::MAX,
        segment_bytes: 4,
        index_bytes: 1024,
    };
    let mut session = Session::begin(dir.path(), options);
    let mut reader = Reader::open(dir.path()).unwrap();
    let mut buffer = [0; 16];
    assert_eq!(reader.read_at(0, &mut buffer).unwrap(), ReadAt::End);
    session.step(&Step::Append(b"ab".to_vec()));
    assert_eq!(reader.read_at(0, &mut buffer).unwrap(), ReadAt::Bytes(2));
    assert_eq!(reader.read_at(2, &mut buffer).unwrap(), ReadAt::End);
    session.step(&Step::Append(b"cdefgh".to_vec()));
    assert_eq!(reader.read_at(2, &mut buffer).unwrap(), ReadAt::Bytes(2));
    assert_eq!(reader.read_at(4, &mut buffer).unwrap(), ReadAt::Bytes(4));
    assert_eq!(&buffer[..4], b"efgh");
    assert_eq!(reader.read_at(8, &mut buffer).unwrap(), ReadAt::End);
    assert_eq!(reader.read_at(99, &mut buffer).unwrap(), ReadAt::End);
    reader.release();
    assert_eq!(reader.read_at(1, &mut buffer).unwrap(), ReadAt::Bytes(3));
}

#[test]
fn small_appends_share_a_record_for_ten_ms() {
    let dir = tempfile::tempdir().unwrap();
    let mut session = Session::begin(dir.path(), sempre_journal::Options::default());
    for ms in [1000, 1004, 1010, 1011, 1015] {
        session.now_ms = ms;
        session.step(&Step::Append(b"x".to_vec()));
    }
    assert_eq!(session.writer.index_due_ms(), Some(1021));
    session.step(&Step::Flush);
    assert_eq!(session.writer.index_due_ms(), None);
    let reader = Reader::open(dir.path()).unwrap();
    let outputs: Vec<(u64, u64)> = reader
        .records(0)
        .unwrap()
        .map(Result::unwrap)
        .filter(|r| matches!(r.event, sempre_journal::Event::Output { .. }))
        .map(|r| (r.time_ms, r.offset))
        .collect();
    assert_eq!(outputs, [(1000, 0), (1011, 3)]);
}
