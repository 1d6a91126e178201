//! Whatever happens to the files: no panic, and no wrong byte that `verify` would call sound.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it meets what it did not expect"
)]

mod common;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use common::{Session, Step, steps, tiny_options};
use proptest::prelude::*;
use sempre_journal::{DamageKind, Options, ReadAt, Reader, Writer, segments};

#[derive(Debug, Clone)]
enum Harm {
    Flip(prop::sample::Index, u8),
    NulTail(prop::sample::Index),
    Truncate(prop::sample::Index),
    Extend(Vec<u8>),
    Delete,
    Garbage(Vec<u8>),
}

fn harm() -> impl Strategy<Value = Harm> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        4 => (index(), 0..8_u8).prop_map(|(at, bit)| Harm::Flip(at, bit)),
        2 => index().prop_map(Harm::NulTail),
        2 => index().prop_map(Harm::Truncate),
        1 => prop::collection::vec(any::<u8>(), 1..80).prop_map(Harm::Extend),
        1 => Just(Harm::Delete),
        1 => prop::collection::vec(any::<u8>(), 0..200).prop_map(Harm::Garbage),
    ]
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}

fn apply(path: &Path, harm: &Harm) {
    let mut content = fs::read(path).unwrap();
    let len = content.len();
    match harm {
        Harm::Flip(at, bit) if len > 0 => content[at.index(len)] ^= 1 << bit,
        Harm::NulTail(at) => {
            let at = at.index(len + 1);
            content[at..].fill(0);
        }
        Harm::Truncate(at) => content.truncate(at.index(len + 1)),
        Harm::Extend(more) => content.extend(more),
        Harm::Delete => return fs::remove_file(path).unwrap(),
        Harm::Garbage(other) => content.clone_from(other),
        Harm::Flip(..) => {}
    }
    fs::write(path, content).unwrap();
}

/// What `verify` does not vouch for.
fn doubtful(reader: &Reader) -> Vec<Range<u64>> {
    let damage = reader.verify().unwrap();
    damage
        .iter()
        .filter_map(|damage| match damage.kind {
            DamageKind::OutputChecksum { from, to }
            | DamageKind::OutputNul { from, to }
            | DamageKind::OutputShort { from, to }
            | DamageKind::Unchecked { from, to } => Some(from..to),
            _ => None,
        })
        .collect()
}

/// Reads all there is; calls `check` with every byte.
fn walk(reader: &mut Reader, mut check: impl FnMut(u64, u8)) {
    let mut offset = 0;
    let mut buffer = [0; 97];
    loop {
        match reader.read_at(offset, &mut buffer).unwrap() {
            ReadAt::Bytes(n) => {
                for &byte in &buffer[..n] {
                    check(offset, byte);
                    offset += 1;
                }
            }
            ReadAt::Gap { resumes_at: next } | ReadAt::Trimmed { base_offset: next } => {
                assert!(next > offset);
                offset = next;
            }
            ReadAt::End => return,
        }
    }
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn no_harm_passes_for_sound(
        options in tiny_options(),
        steps in steps(40),
        harms in prop::collection::vec((any::<prop::sample::Index>(), harm()), 1..4),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut session = Session::run(dir.path(), options, &steps);
        session.writer.flush_index(session.now_ms).unwrap();
        let bytes = session.bytes;
        drop(session.writer);
        for (file, harm) in &harms {
            let files = files(dir.path());
            if !files.is_empty() {
                apply(&files[file.index(files.len())], harm);
            }
        }
        let mut reader = Reader::open(dir.path()).unwrap();
        let doubtful = doubtful(&reader);
        walk(&mut reader, |offset, byte| {
            let right = bytes.get(offset as usize).copied().flatten() == Some(byte);
            let doubted = doubtful.iter().any(|range| range.contains(&offset));
            assert!(right || doubted, "a wrong byte at {offset} passes for sound; harms: {harms:?}");
        });
        let end = bytes.len() as u64;
        reader.size_at(end / 2).unwrap();
        reader.resizes(0, end).unwrap();
        reader.exit().unwrap();
        reader.offset_at_time(1100).unwrap();
        reader.records(0).unwrap().for_each(|record| assert!(record.is_ok()));
        reader.bounds().unwrap();

        if segments(dir.path()).unwrap().is_empty() {
            return Ok(());
        }
        let mut writer = Writer::reopen(dir.path(), options, 50_000).unwrap();
        let end = writer.end_offset();
        writer.append(b"and on it goes", 50_001).unwrap();
        writer.sync(50_002).unwrap();
        let mut buffer = [0; 1];
        prop_assert_eq!(reader.read_at(end, &mut buffer).unwrap(), ReadAt::Bytes(1));
        prop_assert_eq!(&buffer, b"a");
    }
}

/// Three segments of 600 bytes, one record each.
fn three_segments() -> (tempfile::TempDir, Vec<sempre_journal::Segment>) {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        budget_bytes: u64::MAX,
        segment_bytes: 600,
        index_bytes: 4096,
    };
    let mut session = Session::begin(dir.path(), options);
    session.step(&Step::Append(vec![b'x'; 1800]));
    session.step(&Step::Flush);
    let all = segments(dir.path()).unwrap();
    assert_eq!(all.len(), 3);
    (dir, all)
}

fn damage(dir: &tempfile::TempDir) -> Vec<(u64, DamageKind)> {
    let found = Reader::open(dir.path()).unwrap().verify().unwrap();
    found.into_iter().map(|d| (d.position, d.kind)).collect()
}

#[test]
fn damage_is_named_with_its_place() {
    let (dir, all) = three_segments();
    let mut content = vec![b'x'; 600];
    content[..520].fill(0);
    fs::write(&all[1].output_path, &content).unwrap();
    let (from, to) = (600, 1200);
    assert_eq!(damage(&dir), [(0, DamageKind::OutputNul { from, to })]);
    content[..520].fill(b'x');
    content[7] = b'y';
    fs::write(&all[1].output_path, &content).unwrap();
    assert_eq!(damage(&dir), [(0, DamageKind::OutputChecksum { from, to })]);
    fs::write(&all[1].output_path, &content[..100]).unwrap();
    let short = (0, DamageKind::OutputShort { from, to });
    let missing = (100, DamageKind::Missing { from: 700, to: 1200 });
    assert_eq!(damage(&dir), [short, missing]);
}

#[test]
fn a_part_is_checked_without_the_rest() {
    let (dir, all) = three_segments();
    for segment in &all {
        let mut content = fs::read(&segment.output_path).unwrap();
        content[7] = b'y';
        fs::write(&segment.output_path, &content).unwrap();
    }
    let reader = Reader::open(dir.path()).unwrap();
    let found = |range: Range<u64>| {
        let found = reader.verify_range(range).unwrap();
        found.into_iter().map(|damage| damage.kind).collect::<Vec<_>>()
    };
    let checksum = |from, to| DamageKind::OutputChecksum { from, to };
    assert_eq!(found(600..601), [checksum(600, 1200)]);
    assert_eq!(found(1199..1201), [checksum(600, 1200), checksum(1200, 1800)]);
    assert_eq!(found(1800..u64::MAX), []);
    assert_eq!(found(0..u64::MAX).len(), 3);
}

#[test]
fn a_lost_or_damaged_index_hides_no_byte() {
    let (dir, all) = three_segments();
    fs::remove_file(&all[0].index_path).unwrap();
    let nul = OpenOptions::new().write(true).open(&all[1].index_path).unwrap();
    nul.set_len(32).unwrap();
    nul.set_len(64).unwrap();
    let mut torn = OpenOptions::new().append(true).open(&all[2].index_path).unwrap();
    torn.write_all(b"torn").unwrap();
    let unchecked = |from, to| (0, DamageKind::Unchecked { from, to });
    let expected = [
        (0, DamageKind::IndexMissing),
        unchecked(0, 600),
        (32, DamageKind::RecordNul),
        unchecked(600, 1200),
        (64, DamageKind::TornRecord),
    ];
    assert_eq!(damage(&dir), expected);
    let mut read = 0;
    walk(&mut Reader::open(dir.path()).unwrap(), |_, byte| {
        assert_eq!(byte, b'x');
        read += 1;
    });
    assert_eq!(read, 1800);
}

#[test]
fn a_lost_segment_is_a_gap_to_readers_and_damage_to_verify() {
    let (dir, all) = three_segments();
    fs::remove_file(&all[1].output_path).unwrap();
    let mut reader = Reader::open(dir.path()).unwrap();
    let gap = ReadAt::Gap { resumes_at: 1200 };
    assert_eq!(reader.read_at(600, &mut [0; 8]).unwrap(), gap);
    let expected = [
        (600, DamageKind::Missing { from: 600, to: 1200 }),
        (0, DamageKind::OutputMissing),
    ];
    assert_eq!(damage(&dir), expected);
}
