//! A small session, byte for byte: what releases of any age must read and write alike. The expected records were
//! computed outside this crate.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it meets what it did not expect"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sempre_journal::{Event, ExitRecord, ExitStatus, Options, ReadAt, Reader, Size, Writer, segments};

const NARROW: Size = Size { cols: 80, rows: 24 };
const WIDE: Size = Size { cols: 120, rows: 40 };

const FIRST_INDEX: [&str; 4] = [
    "00000000000003e80000000000000000000000000050001802000000142cdb2a",
    "00000000000003e800000000000000000000000caf083b2d01000000848615b8",
    "000000000000044c000000000000000c00000000007800280200000001be2f2c",
    "00000000000007d0000000000000000c000000018cdc168301000000165c93aa",
];

const SECOND_INDEX: [&str; 4] = [
    "0000000000000bb800000000000000140000000000780028020000003ba7a106",
    "0000000000000bb8000000000000000d0000000000000014030000000bdfa19a",
    "0000000000000bb900000000000000140000000300fc33b101000000ade44f30",
    "0000000000000fa0000000000000001702020000000000090400000006c0a528",
];

fn records_of(path: &std::path::Path) -> Vec<String> {
    let hex = |record: &[u8]| record.iter().map(|byte| format!("{byte:02x}")).collect();
    fs::read(path).unwrap().chunks(32).map(hex).collect()
}

#[test]
fn golden_directory_of_a_small_session() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), Options::default(), NARROW, 1000).unwrap();
    writer.append(b"hello ", 1000).unwrap();
    writer.append(b"world\n", 1005).unwrap();
    writer.resize(WIDE, 1100).unwrap();
    writer.append(b"x", 2000).unwrap();
    writer.resume_at(20, 3000).unwrap();
    writer.append(b"end", 3001).unwrap();
    writer.exit(ExitStatus::Signal(9), 2, 4000).unwrap();
    writer.sync(4000).unwrap();

    let mut names: Vec<String> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [
        "00000000000000000000.idx",
        "00000000000000000000.out",
        "00000000000000000020.idx",
        "00000000000000000020.out",
    ];
    assert_eq!(names, expected);
    for name in &names {
        let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let listed = segments(dir.path()).unwrap();
    assert_eq!(fs::read(&listed[0].output_path).unwrap(), b"hello world\nx");
    assert_eq!(fs::read(&listed[1].output_path).unwrap(), b"end");
    assert_eq!(records_of(&listed[0].index_path), FIRST_INDEX);
    assert_eq!(records_of(&listed[1].index_path), SECOND_INDEX);
}

#[test]
fn the_golden_directory_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let unhex = |records: &[&str]| -> Vec<u8> {
        let digits = records.concat();
        (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect()
    };
    let file = |name: &str, content: &[u8]| fs::write(dir.path().join(name), content).unwrap();
    file("00000000000000000000.out", b"hello world\nx");
    file("00000000000000000000.idx", &unhex(&FIRST_INDEX));
    file("00000000000000000020.out", b"end");
    file("00000000000000000020.idx", &unhex(&SECOND_INDEX));

    let mut reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.verify().unwrap(), []);
    assert_eq!(reader.size_at(11).unwrap(), Some(NARROW));
    assert_eq!(reader.resizes(0, 23).unwrap(), [(12, WIDE)]);
    assert_eq!(
        reader.read_at(13, &mut [0; 8]).unwrap(),
        ReadAt::Gap { resumes_at: 20 }
    );
    let exit = ExitRecord {
        time_ms: 4000,
        offset: 23,
        status: ExitStatus::Signal(9),
        reason: 2,
    };
    assert_eq!(reader.exit().unwrap(), Some(exit));
    let reached = [0, 1000, 1500, 2000, 3000, 9999].map(|ms| reader.offset_at_time(ms).unwrap());
    assert_eq!(reached, [0, 12, 12, 13, 20, 23].map(Some));
    let events: Vec<Event> = reader.records(13).unwrap().map(|r| r.unwrap().event).collect();
    assert_eq!(events.len(), 4);
    assert_eq!(events[1], Event::Gap { resumes_at: 20 });
}
