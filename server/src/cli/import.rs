//! `sempre import`: a recording of asciinema becomes a session that has ended.

use std::fs::File;
use std::io::Read;

use anyhow::Context;
use clap::Args;

use super::connect::{ServerFlags, block_on};
use super::exit::Outcome;
use super::out;
use crate::sessions::import::MAX_RECORDING_BYTES;

/// Flags of `sempre import`.
#[derive(Debug, Args)]
#[command(
    after_help = "The session has ended already: look at it in the browser, with `sempre logs`, `screen` or `export`. Its \
times are the recording's. `sempre rm` removes it."
)]
pub(super) struct Flags {
    /// Recording to read, asciicast v2 or v3; - is standard input
    #[arg(value_name = "FILE")]
    file: String,

    /// Group the session belongs to
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,

    /// Write JSON: the session and its addresses
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let recording = match flags.file.as_str() {
        "-" => read(std::io::stdin().lock()).context("cannot read standard input")?,
        path => {
            let file = File::open(path).with_context(|| format!("cannot open {path}"))?;
            read(file).with_context(|| format!("cannot read {path}"))?
        }
    };
    let client = flags.server.client()?;
    block_on(async {
        let imported = client.import(recording, flags.group.clone()).await?;
        out::done(flags.json, &imported, |imported| {
            imported.session.session_id.to_string()
        })
    })
}

/// All of it, unless it is too large for any server.
fn read(from: impl Read) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_RECORDING_BYTES + 1).read_to_end(&mut bytes)?;
    anyhow::ensure!(
        bytes.len() as u64 <= MAX_RECORDING_BYTES,
        "it is larger than {MAX_RECORDING_BYTES} bytes, the most that is imported"
    );
    Ok(bytes)
}
