//! Readers beside a writer that rotates and trims all the time: every byte they get is right, and none is skipped
//! without being told.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where it meets what it did not expect"
)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sempre_journal::{Options, ReadAt, ReadError, Reader, Size, Writer};

const SIZE: Size = Size { cols: 80, rows: 24 };
const TOTAL_BYTES: u64 = 1024 * 1024;

/// Tells the offset of a byte by its value, well enough to notice one that is moved.
fn byte_at(offset: u64) -> u8 {
    (offset.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

fn write_all(dir: &Path, options: Options) {
    let mut writer = Writer::create(dir, options, SIZE, 0).unwrap();
    let mut offset = 0;
    while offset < TOTAL_BYTES {
        let bytes: Vec<u8> = (offset..offset + 1 + offset % 700).map(byte_at).collect();
        writer.append(&bytes, offset).unwrap();
        offset = writer.end_offset();
    }
    writer.sync(offset).unwrap();
}

/// Follows the journal until it is done and read to its end; returns how many bytes were trimmed away before.
fn follow(dir: &Path, done: &AtomicBool) -> u64 {
    let mut reader = Reader::open(dir).unwrap();
    let mut buffer = [0; 333];
    let (mut offset, mut trimmed) = (0, 0);
    loop {
        // Asked first: what was written before it was set is read after.
        let was_done = done.load(Ordering::Acquire);
        match reader.read_at(offset, &mut buffer) {
            Ok(ReadAt::Bytes(n)) => {
                for &byte in buffer.iter().take(n) {
                    assert_eq!(byte, byte_at(offset), "at {offset}");
                    offset += 1;
                }
            }
            Ok(ReadAt::Trimmed { base_offset }) => {
                assert!(base_offset > offset);
                trimmed += base_offset - offset;
                offset = base_offset;
            }
            Ok(ReadAt::Gap { resumes_at }) => panic!("no gap was written, yet {offset}..{resumes_at} is one"),
            Ok(ReadAt::End) if was_done => {
                assert!(offset >= TOTAL_BYTES);
                return trimmed;
            }
            Ok(ReadAt::End) => thread::yield_now(),
            Err(ReadError::Outrun) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn run(budget_bytes: u64) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        budget_bytes,
        segment_bytes: 4096,
        index_bytes: 1024,
    };
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers = [(); 2].map(|()| scope.spawn(|| follow(dir.path(), &done)));
        write_all(dir.path(), options);
        done.store(true, Ordering::Release);
        readers.map(|reader| reader.join().unwrap()).into_iter().sum()
    })
}

#[test]
fn readers_beside_a_rotating_writer_miss_nothing() {
    assert_eq!(run(u64::MAX), 0);
}

#[test]
fn readers_beside_a_trimming_writer_are_told_what_they_missed() {
    run(20_000);
}
