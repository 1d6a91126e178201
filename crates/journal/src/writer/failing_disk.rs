//! A disk that fails, made by exchanging the writer's handles for ones that can't be written: `/dev/full` says
//! ENOSPC, a handle opened for reading says EBADF. A real file size limit is tried in `tests/disk_limit.rs`.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::mem;

use super::*;
use crate::{ReadAt, Reader};

const SIZE: Size = Size { cols: 80, rows: 24 };

fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

fn content(dir: &std::path::Path) -> Vec<u8> {
    let mut reader = Reader::open(dir).unwrap();
    let mut buffer = [0; 64];
    match reader.read_at(0, &mut buffer).unwrap() {
        ReadAt::Bytes(n) => buffer[..n].to_vec(),
        other => panic!("no bytes at 0 but {other:?}"),
    }
}

#[test]
fn a_full_disk_takes_nothing_and_says_so_until_there_is_space() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), Options::default(), SIZE, 0).unwrap();
    writer.append(b"one ", 0).unwrap();
    let output = mem::replace(&mut writer.current.output, full());
    let AppendError::Disk { taken, source } = writer.append(b"two ", 5).unwrap_err();
    assert_eq!((taken, source.kind()), (0, ErrorKind::StorageFull));
    assert_eq!(writer.end_offset(), 4);
    writer.current.output = output;
    writer.append(b"two ", 6).unwrap();
    writer.sync(7).unwrap();
    assert_eq!(content(dir.path()), b"one two ");
    assert_eq!(Reader::open(dir.path()).unwrap().verify().unwrap(), []);
}

#[test]
fn records_wait_in_order_while_the_index_fails_and_no_byte_gets_past_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), Options::default(), SIZE, 0).unwrap();
    writer.append(b"one ", 0).unwrap();
    let index = mem::replace(&mut writer.current.index.file, full());
    let wide = Size { cols: 200, rows: 50 };
    assert_eq!(writer.resize(SIZE, 1).ok(), Some(()));
    assert!(writer.resize(Size { cols: 1, rows: 1 }, 2).is_err());
    assert!(writer.resize(wide, 3).is_err());
    assert_eq!(writer.size(), wide);
    assert_eq!(
        writer.index_due_ms(),
        Some(1003),
        "a failing index is not retried at once"
    );
    let AppendError::Disk { taken, .. } = writer.append(b"two ", 4).unwrap_err();
    assert_eq!((taken, writer.end_offset()), (0, 4));
    assert!(
        writer.resume_at(100, 5).is_err(),
        "the old index must be complete first"
    );
    assert_eq!(writer.end_offset(), 4);

    writer.current.index.file = index;
    writer.flush_index(1003).unwrap();
    assert_eq!(writer.index_due_ms(), None);
    writer.append(b"two ", 1004).unwrap();
    writer.sync(1005).unwrap();
    let mut reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.resizes(0, 8).unwrap(), [(4, wide)]);
    assert_eq!(reader.verify().unwrap(), []);
}

#[test]
fn a_torn_record_is_mended_before_the_next_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), Options::default(), SIZE, 0).unwrap();
    writer.append(b"one ", 0).unwrap();
    // /dev/full can be neither written nor cut, so the tear stays until the real file is back.
    let mut index = mem::replace(&mut writer.current.index.file, full());
    assert!(writer.flush_index(20).is_err());
    index.write_all(b"half a record").unwrap();
    writer.current.index.file = index;
    let torn = Reader::open(dir.path()).unwrap().verify().unwrap();
    assert_eq!(torn[0].kind, crate::DamageKind::TornRecord);

    writer.append(b"two ", 1040).unwrap();
    writer.sync(1060).unwrap();
    assert_eq!(Reader::open(dir.path()).unwrap().verify().unwrap(), []);
    assert_eq!(content(dir.path()), b"one two ");
}
