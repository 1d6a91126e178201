//! Random sessions and what they must read like: shared by the property tests.

// Each test file uses its own part of this.
#![allow(dead_code)]

use std::path::Path;

use proptest::prelude::*;
use sempre_journal::{Options, ReadAt, Reader, Size, Writer};

pub(crate) fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        // Each case makes hundreds of files; PROPTEST_CASES asks for more.
        cases: usual.cases / 4,
        // Seeds would land beside the sources; a failure prints its case.
        failure_persistence: None,
        ..usual
    }
}

/// One step of a session.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Append(Vec<u8>),
    Resize(u16, u16),
    Gap(u64),
    Flush,
    Wait(u64),
}

pub(crate) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => prop::collection::vec(any::<u8>(), 0..120).prop_map(Step::Append),
        2 => (1..5_u16, 1..3_u16).prop_map(|(cols, rows)| Step::Resize(cols, rows)),
        1 => (0..50_u64).prop_map(Step::Gap),
        1 => Just(Step::Flush),
        3 => (0..25_u64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..most)
}

pub(crate) fn tiny_options() -> impl Strategy<Value = Options> {
    (16..300_u64, 32..400_u64).prop_map(|(segment_bytes, index_bytes)| Options {
        budget_bytes: u64::MAX,
        segment_bytes,
        index_bytes,
    })
}

/// A writer and what it was given.
pub(crate) struct Session {
    pub(crate) writer: Writer,
    /// Every byte from offset 0; `None`: in a gap.
    pub(crate) bytes: Vec<Option<u8>>,
    /// Every size told, with where it takes effect.
    pub(crate) sizes: Vec<(u64, Size)>,
    pub(crate) now_ms: u64,
}

impl Session {
    pub(crate) fn begin(dir: &Path, options: Options) -> Self {
        let size = Size { cols: 80, rows: 24 };
        Self {
            writer: Writer::create(dir, options, size, 1000).unwrap(),
            bytes: Vec::new(),
            sizes: vec![(0, size)],
            now_ms: 1000,
        }
    }

    pub(crate) fn run(dir: &Path, options: Options, steps: &[Step]) -> Self {
        let mut session = Self::begin(dir, options);
        for step in steps {
            session.step(step);
        }
        session
    }

    pub(crate) fn step(&mut self, step: &Step) {
        let now_ms = self.now_ms;
        match step {
            Step::Append(bytes) => {
                self.writer.append(bytes, now_ms).unwrap();
                self.bytes.extend(bytes.iter().copied().map(Some));
            }
            Step::Resize(cols, rows) => {
                let size = Size {
                    cols: *cols,
                    rows: *rows,
                };
                self.writer.resize(size, now_ms).unwrap();
                self.sizes.push((self.bytes.len() as u64, size));
            }
            Step::Gap(len) => {
                self.bytes.resize(self.bytes.len() + *len as usize, None);
                self.writer.resume_at(self.bytes.len() as u64, now_ms).unwrap();
            }
            Step::Flush => self.writer.flush_index(now_ms).unwrap(),
            Step::Wait(ms) => self.now_ms += ms,
        }
        assert_eq!(self.writer.end_offset(), self.bytes.len() as u64);
    }

    pub(crate) fn size_at(&self, offset: u64) -> Size {
        self.sizes.iter().rev().find(|(at, _)| *at <= offset).unwrap().1
    }
}

/// Everything from `from` on, `None` for bytes in gaps; also checks that gaps end where they say.
pub(crate) fn read_from(reader: &mut Reader, from: u64, buffer_len: usize) -> Vec<Option<u8>> {
    let mut found = Vec::new();
    let mut buffer = vec![0; buffer_len];
    loop {
        let offset = from + found.len() as u64;
        match reader.read_at(offset, &mut buffer).unwrap() {
            ReadAt::Bytes(n) => {
                assert!(n > 0);
                found.extend(buffer[..n].iter().copied().map(Some));
            }
            ReadAt::Gap { resumes_at } => {
                assert!(resumes_at > offset);
                found.resize((resumes_at - from) as usize, None);
            }
            ReadAt::End => return found,
            ReadAt::Trimmed { base_offset } => panic!("offset {offset} was trimmed to {base_offset}"),
        }
    }
}
