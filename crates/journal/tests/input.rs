//! The recording of input: its bytes, what hidden input leaves, what a full disk, a full budget and damage cost.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where it meets what it did not expect"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sempre_journal::{
    DEFAULT_INPUT_BUDGET_BYTES, INPUT_HEADER_BYTES, INPUT_NAME, InputEvent, InputRead, InputReader,
    InputRecord, InputWriter, MAX_INPUT_BYTES,
};

const ADA: [u8; 16] = *b"aaaaaaaaaaaaaaaa";
const NOBODY: [u8; 16] = [0; 16];

fn directory() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap()
}

/// All records, and what stands where they end.
fn read(directory: &Path) -> (Vec<InputRecord>, InputRead) {
    let mut reader = InputReader::open(directory).unwrap().unwrap();
    let mut records = Vec::new();
    loop {
        match reader.read_next().unwrap() {
            InputRead::Record(record) => records.push(record),
            end => {
                assert_eq!(reader.read_next().unwrap(), end, "it stays the end");
                return (records, end);
            }
        }
    }
}

fn typed(time_ms: u64, bytes: &[u8]) -> InputRecord {
    InputRecord {
        time_ms,
        writer: ADA,
        event: InputEvent::Typed(bytes.to_vec()),
    }
}

fn mark(time_ms: u64, writer: [u8; 16], event: InputEvent) -> InputRecord {
    InputRecord {
        time_ms,
        writer,
        event,
    }
}

#[test]
fn p11_golden_bytes() {
    let directory = directory();
    let mut writer = InputWriter::create(directory.path(), DEFAULT_INPUT_BUDGET_BYTES).unwrap();
    writer.typed(ADA, b"ls\r", 1000).unwrap();
    writer.withheld(ADA, 1001).unwrap();
    let file = fs::read(directory.path().join(INPUT_NAME)).unwrap();
    let hex: String = file.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = [
        "00000000000003e86161616161616161616161616161616100000003010000003aa958426c730d",
        "00000000000003e9616161616161616161616161616161610000000002000000f198787a",
    ];
    assert_eq!(hex, expected.concat());
    let mode = fs::metadata(directory.path().join(INPUT_NAME)).unwrap();
    assert_eq!(mode.permissions().mode() & 0o7777, 0o600);
    let records = vec![typed(1000, b"ls\r"), mark(1001, ADA, InputEvent::Withheld)];
    assert_eq!(read(directory.path()), (records, InputRead::End));
}

#[test]
fn p11_how_much_was_hidden_is_not_told() {
    let directory = directory();
    let mut writer = InputWriter::create(directory.path(), DEFAULT_INPUT_BUDGET_BYTES).unwrap();
    for time_ms in 5..12 {
        writer.withheld(ADA, time_ms).unwrap();
    }
    writer.typed(ADA, b"x", 20).unwrap();
    writer.withheld(ADA, 21).unwrap();
    let expected = vec![
        mark(5, ADA, InputEvent::Withheld),
        typed(20, b"x"),
        mark(21, ADA, InputEvent::Withheld),
    ];
    assert_eq!(read(directory.path()).0, expected);
}

#[test]
fn what_is_long_becomes_several_records() {
    let directory = directory();
    let mut writer = InputWriter::create(directory.path(), DEFAULT_INPUT_BUDGET_BYTES).unwrap();
    writer.typed(ADA, &vec![b'x'; MAX_INPUT_BYTES + 1], 1).unwrap();
    let lengths: Vec<_> = read(directory.path())
        .0
        .iter()
        .map(|record| match &record.event {
            InputEvent::Typed(bytes) => bytes.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lengths, [MAX_INPUT_BYTES, 1]);
}

#[test]
fn a_spent_budget_is_told_and_the_file_grows_no_more() {
    let directory = directory();
    let record = (INPUT_HEADER_BYTES + 4) as u64;
    let budget = 3 * record;
    let mut writer = InputWriter::create(directory.path(), budget).unwrap();
    for time_ms in 0..20 {
        writer.typed(ADA, b"four", time_ms).unwrap();
    }
    writer.withheld(ADA, 30).unwrap();
    assert!(fs::metadata(directory.path().join(INPUT_NAME)).unwrap().len() <= budget);
    let expected = vec![
        typed(0, b"four"),
        typed(1, b"four"),
        mark(2, NOBODY, InputEvent::Full),
    ];
    assert_eq!(read(directory.path()), (expected, InputRead::End));
}

#[test]
fn a_damaged_or_cut_recording_is_read_as_far_as_it_is_whole() {
    let directory = directory();
    let mut writer = InputWriter::create(directory.path(), DEFAULT_INPUT_BUDGET_BYTES).unwrap();
    writer.typed(ADA, b"one", 1).unwrap();
    writer.typed(ADA, b"two", 2).unwrap();
    let path = directory.path().join(INPUT_NAME);
    let whole = fs::read(&path).unwrap();
    let first = whole.len() / 2;
    for length in first + 1..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let damaged = InputRead::Damaged { at: first as u64 };
        assert_eq!(read(directory.path()), (vec![typed(1, b"one")], damaged));
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(&path, &damaged).unwrap();
        let (records, end) = read(directory.path());
        let intact = at / first;
        let expected = [typed(1, b"one"), typed(2, b"two")];
        assert_eq!(records, expected[..intact], "byte {at}");
        let at = (intact * first) as u64;
        assert_eq!(end, InputRead::Damaged { at });
    }
}

#[test]
fn a_kind_of_a_later_release_is_skipped() {
    let directory = directory();
    let mut writer = InputWriter::create(directory.path(), DEFAULT_INPUT_BUDGET_BYTES).unwrap();
    writer.withheld(ADA, 1).unwrap();
    writer.typed(ADA, b"x", 2).unwrap();
    let path = directory.path().join(INPUT_NAME);
    let mut file = fs::read(&path).unwrap();
    file[28] = 200;
    let crc = crc32fast::hash(&file[..32]);
    file[32..36].copy_from_slice(&crc.to_be_bytes());
    fs::write(&path, &file).unwrap();
    assert_eq!(read(directory.path()), (vec![typed(2, b"x")], InputRead::End));
}

#[test]
fn a_session_that_is_not_recorded_has_no_recording() {
    assert!(InputReader::open(directory().path()).unwrap().is_none());
}
