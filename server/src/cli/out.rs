//! Writing to standard output and error. Who reads the output may go away: then there is nothing more to do.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;

use super::exit::Outcome;

/// Writes bytes as they are.
pub(super) fn write(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(bytes)
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}

/// Writes a text and ends its last line.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut text = text.to_owned();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    write(text.as_bytes())
}

/// Writes one line of JSON.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string(value)?)
}

/// Writes `value` as JSON, or as `text` says, and is done.
pub(super) fn done<T: Serialize>(as_json: bool, value: &T, text: impl FnOnce(&T) -> String) -> Outcome {
    match as_json {
        true => json(value)?,
        false => print(&text(value))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Says something to people, on standard error.
#[allow(clippy::print_stderr, reason = "the command line's own standard error")]
pub(super) fn say(text: &str) {
    eprintln!("{text}");
}

/// Whether a person looks at standard output.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}
