//! Output to be shown, as files that `cat` prints.

use std::fs::File;
use std::io::{BufWriter, Write};

use tempfile::NamedTempFile;

/// Makes the line of a number.
pub(crate) type Line = fn(usize) -> String;

/// A file of lines.
pub(crate) struct Workload {
    file: NamedTempFile,
    /// What a terminal gets to see of it: a carriage return more per line.
    pub(crate) terminal_bytes: u64,
}

impl Workload {
    /// Lines until this many bytes are full.
    pub(crate) fn of_bytes(bytes: u64, line: Line) -> anyhow::Result<Self> {
        Self::until(line, |written, _| written >= bytes)
    }

    /// This many lines.
    pub(crate) fn of_lines(lines: usize, line: Line) -> anyhow::Result<Self> {
        Self::until(line, |_, count| count >= lines)
    }

    fn until(line: Line, is_full: impl Fn(u64, usize) -> bool) -> anyhow::Result<Self> {
        let file = tempfile::Builder::new().prefix("workload-").tempfile()?;
        let mut writer: BufWriter<&File> = BufWriter::new(file.as_file());
        let (mut written, mut count) = (0, 0);
        while !is_full(written, count) {
            let line = line(count);
            writer.write_all(line.as_bytes())?;
            written += line.len() as u64;
            count += 1;
        }
        writer.flush()?;
        drop(writer);
        Ok(Self {
            file,
            terminal_bytes: written + count as u64,
        })
    }

    /// Its path.
    pub(crate) fn path(&self) -> String {
        self.file.path().display().to_string()
    }
}

/// What a server writes into its log.
pub(crate) fn log_line(n: usize) -> String {
    format!(
        "2026-11-20T12:{:02}:{:02}Z INFO request served id={n} status=200 bytes={} path=/api/items\n",
        n / 60 % 60,
        n % 60,
        n * 37 % 9000
    )
}

/// Colours at every word.
pub(crate) fn sgr_line(n: usize) -> String {
    (0..8)
        .map(|i| format!("\x1b[38;5;{};1mword{}\x1b[0m ", (n + i * 7) % 256, n % 10))
        .collect::<String>()
        + "\n"
}

/// Text without colours, 78 columns: one row of a terminal.
pub(crate) fn plain_line(n: usize) -> String {
    format!("{n:08} a line of plain text such as a compiler or a listing prints many of\n")
}
