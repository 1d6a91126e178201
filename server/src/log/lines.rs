//! Where lines go, and that each is one: control bytes are escaped, whatever was logged.

use std::io::{self, Write};
use std::sync::Arc;

use tracing_subscriber::fmt::MakeWriter;

use super::LogFile;

/// Standard error or a file.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    file: Option<Arc<LogFile>>,
    /// Colours are escape sequences; what is logged has none by then.
    colours: bool,
}

impl Lines {
    pub(super) fn new(file: Option<Arc<LogFile>>, colours: bool) -> Self {
        Self { file, colours }
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// Gets one whole line at a time.
impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let escaped = escape(line, self.colours);
        let written = escaped.as_deref().unwrap_or(line);
        match &self.file {
            Some(file) => file.write_line(written)?,
            None => io::stderr().write_all(written)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The line without control bytes but its end; none: there are none.
fn escape(line: &[u8], colours: bool) -> Option<Vec<u8>> {
    let end = line.len() - usize::from(line.ends_with(b"\n"));
    let (body, newline) = line.split_at(end);
    let bad = |byte: u8| byte.is_ascii_control() && !(colours && byte == 0x1b);
    if !body.iter().any(|byte| bad(*byte)) {
        return None;
    }
    let mut escaped = Vec::with_capacity(line.len() + 16);
    for &byte in body {
        match bad(byte) {
            true => escaped.extend(byte.escape_ascii()),
            false => escaped.push(byte),
        }
    }
    escaped.extend_from_slice(newline);
    Some(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k6_control_bytes_are_escaped() {
        let line = |text: &str, colours| {
            escape(text.as_bytes(), colours).map(|line| String::from_utf8(line).unwrap())
        };
        assert_eq!(line("plain é\n", false), None);
        assert_eq!(
            line("a\0b\nc\rd\x07\x7f\n", false).unwrap(),
            "a\\x00b\\nc\\rd\\x07\\x7f\n"
        );
        assert_eq!(line("\u{1b}[31mred\n", false).unwrap(), "\\x1b[31mred\n");
        assert_eq!(line("\u{1b}[31mred\n", true), None);
        assert_eq!(line("", false), None);
    }
}
