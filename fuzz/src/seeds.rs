//! Inputs to begin with: recordings of real programs, frames, texts.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sempre_protocol::frames::{ClientFrame, ServerFrame};
use sempre_protocol::{Offset, Size};

const TEXTS: [&str; 6] = [
    r#"{"type":"resize","cols":80,"rows":24}"#,
    r#"{"type":"ack","offset":12345}"#,
    r#"{"type":"signal","signal":"INT"}"#,
    r#"{"type":"typing"}"#,
    r#"{"type":"ping"}"#,
    r#"{"type":"exit","code":0,"offset":99}"#,
];

/// For the named target, from the checkout at `root`.
pub fn of(target: &str, root: &Path) -> Result<Vec<Vec<u8>>> {
    match target {
        "engine" | "snapshot" => recordings(root),
        "frames" => Ok(frames()),
        _ => Ok(Vec::new()),
    }
}

fn recordings(root: &Path) -> Result<Vec<Vec<u8>>> {
    let folder = root.join("crates/screen/recordings/corpus");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(
            entry
                .with_context(|| format!("cannot list {}", folder.display()))?
                .path(),
        );
    }
    // The order of a directory is no order.
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read(path).with_context(|| format!("cannot read {}", path.display())))
        .collect()
}

fn frames() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = TEXTS.iter().map(|text| text.as_bytes().to_vec()).collect();
    let output = ServerFrame::Output {
        offset: Offset(7),
        bytes: b"output",
    };
    let snapshot = ServerFrame::Snapshot {
        offset: Offset(u64::MAX),
        size: Size::DEFAULT,
        flags: 3,
        ansi: b"\x1b[1mansi",
    };
    let input = ClientFrame::Input {
        offset: Offset(1),
        bytes: b"input",
    };
    for frame in [output, snapshot] {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        all.push(bytes);
    }
    let mut bytes = Vec::new();
    input.encode(&mut bytes);
    all.push(bytes);
    // Control messages: a length, a kind, a body.
    all.extend((0..=255).map(|kind| [&[0, 0, 0, 9, kind][..], &[0; 8]].concat()));
    all
}
