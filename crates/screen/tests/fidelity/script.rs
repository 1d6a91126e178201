//! What a terminal goes through: output, cut where the test wants it, and changes of size.

use std::fmt;

use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, Screen};
use serde_json::{Value, json};

/// One thing that happens to a terminal.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Op {
    /// Output comes.
    Write(Vec<u8>),
    /// The window changes.
    Resize(Size),
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(bytes) => write!(f, "\"{}\"", readable(bytes)),
            Self::Resize(size) => write!(f, "{}x{}", size.cols, size.rows),
        }
    }
}

impl Op {
    /// As the oracle reads it.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Write(bytes) => json!({ "write": hex(bytes) }),
            Self::Resize(size) => json!({ "resize": [size.cols, size.rows] }),
        }
    }

    /// Does it to an engine.
    pub(crate) fn apply(&self, engine: &mut Engine) {
        match self {
            Self::Write(bytes) => engine.feed(bytes),
            Self::Resize(size) => engine.resize(*size),
        }
    }
}

/// A terminal's life in segments; it is looked at after each.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// Who it is, for reports.
    pub(crate) name: String,
    /// The size at the start.
    pub(crate) size: Size,
    /// Lines kept above the screen.
    pub(crate) scrollback: usize,
    /// What happens between two looks.
    pub(crate) segments: Vec<Vec<Op>>,
}

impl Script {
    /// Output alone, looked at after each of the cuts and at the end.
    pub(crate) fn of_bytes(name: &str, size: Size, scrollback: usize, bytes: &[u8], cuts: &[usize]) -> Self {
        let mut segments = Vec::new();
        let mut from = 0;
        for cut in cuts.iter().copied().chain([bytes.len()]) {
            if cut > from {
                segments.push(vec![Op::Write(bytes[from..cut].to_vec())]);
                from = cut;
            }
        }
        Self {
            name: name.to_owned(),
            size,
            scrollback,
            segments,
        }
    }

    /// An engine that has seen nothing yet.
    pub(crate) fn engine(&self) -> Engine {
        Engine::new(self.size, self.scrollback, Offset::ZERO)
    }

    /// All output up to and with a segment.
    pub(crate) fn output_until(&self, segment: usize) -> Vec<u8> {
        let ops = self.segments[..=segment].iter().flatten();
        ops.filter_map(|op| match op {
            Op::Write(bytes) => Some(bytes.as_slice()),
            Op::Resize(_) => None,
        })
        .flatten()
        .copied()
        .collect()
    }
}

/// Two digits per byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Bytes as a Rust byte string would have them, for reports.
pub(crate) fn readable(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
