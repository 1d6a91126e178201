//! Step 4: logs that a reader would stumble over: NUL bytes, other control bytes, broken UTF-8, lines without end.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::{Check, Fix, Look, Subject};

/// As much of a log is looked through, bytes; the rest is told of.
const MAX_LOOK_BYTES: u64 = 1024 * 1024 * 1024;
/// Longest line of a log that is one, bytes.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

pub(super) fn check(look: &mut Look, subject: &Subject) -> Vec<Check> {
    if subject.logs.is_empty() {
        return vec![Check::ok("logs", "no log file is named; name some with --logs")];
    }
    subject.logs.iter().map(|path| one(look, path)).collect()
}

fn one(look: &mut Look, path: &Path) -> Check {
    let shown = path.display();
    look.note(format!("read {shown}, count NUL and control bytes"));
    let cannot = |error: std::io::Error| Check::unknown("log", format!("cannot read {shown}: {error}"));
    let regular = path.metadata().map(|metadata| metadata.is_file());
    match regular {
        Err(error) => return cannot(error),
        Ok(false) => return Check::unknown("log", format!("{shown} is no file")),
        Ok(true) => {}
    }
    let findings = match File::open(path).and_then(|file| scan(file.take(MAX_LOOK_BYTES))) {
        Ok(findings) => findings,
        Err(error) => return cannot(error),
    };
    match findings.trouble() {
        None => Check::ok(
            "log",
            format!(
                "{shown}: {} bytes, {} lines, clean",
                findings.bytes, findings.lines
            ),
        ),
        Some(trouble) => Check::problem(
            "log",
            format!("{shown} is corrupt: {trouble}"),
            format!("sempre doctor --fix --logs {shown}"),
        )
        .fixed_by(Fix::Log(path.to_path_buf())),
    }
}

/// What stands in a log.
#[derive(Debug, Default, PartialEq, Eq)]
struct Findings {
    bytes: u64,
    lines: u64,
    nul_bytes: u64,
    first_nul: Option<u64>,
    control_bytes: u64,
    broken_text: u64,
    longest_line: u64,
}

impl Findings {
    fn trouble(&self) -> Option<String> {
        let mut trouble = Vec::new();
        if let Some(first) = self.first_nul {
            trouble.push(format!("{} NUL bytes, the first at byte {first}", self.nul_bytes));
        }
        if self.control_bytes > 0 {
            trouble.push(format!("{} control bytes", self.control_bytes));
        }
        if self.broken_text > 0 {
            trouble.push(format!("{} bytes that are no UTF-8", self.broken_text));
        }
        if self.longest_line > MAX_LINE_BYTES {
            trouble.push(format!("a line of {} bytes", self.longest_line));
        }
        (!trouble.is_empty()).then(|| trouble.join(", "))
    }
}

fn scan(source: impl Read) -> std::io::Result<Findings> {
    let mut reader = BufReader::with_capacity(256 * 1024, source);
    let mut findings = Findings::default();
    let mut line_bytes = 0;
    let mut chunk = vec![0; 256 * 1024];
    let mut text = Utf8::default();
    loop {
        let count = reader.read(&mut chunk)?;
        if count == 0 {
            break;
        }
        for &byte in chunk.iter().take(count) {
            match byte {
                b'\n' => {
                    findings.lines += 1;
                    line_bytes = 0;
                }
                0 => {
                    findings.first_nul.get_or_insert(findings.bytes);
                    findings.nul_bytes += 1;
                }
                // Escape is how logs have colours.
                1..=8 | 11 | 12 | 14..=26 | 28..=31 | 127 => findings.control_bytes += 1,
                _ => {}
            }
            findings.broken_text += u64::from(!text.takes(byte));
            findings.bytes += 1;
            line_bytes += u64::from(byte != b'\n');
            findings.longest_line = findings.longest_line.max(line_bytes);
        }
    }
    Ok(findings)
}

/// Whether bytes go on as UTF-8 does; roughly, by the lengths of characters.
#[derive(Debug, Default)]
struct Utf8 {
    /// Bytes the present character still needs.
    missing: u8,
}

impl Utf8 {
    fn takes(&mut self, byte: u8) -> bool {
        let was_missing = self.missing;
        let continues = (0x80..0xc0).contains(&byte);
        if was_missing > 0 && continues {
            self.missing -= 1;
            return true;
        }
        self.missing = match byte {
            0xc2..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf4 => 3,
            _ => 0,
        };
        was_missing == 0 && !continues && !matches!(byte, 0xc0 | 0xc1 | 0xf5..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k2_nul_bytes_and_broken_text_are_found() {
        let trouble = |bytes: &[u8]| scan(bytes).unwrap().trouble();
        assert_eq!(trouble("a line\n\tcolour \u{1b}[31mé 漢 🦀\r\n".as_bytes()), None);
        assert_eq!(trouble(b""), None);
        assert!(
            trouble(b"ab\0\0c\n")
                .unwrap()
                .starts_with("2 NUL bytes, the first at byte 2")
        );
        assert!(trouble(b"a\x07b").unwrap().contains("1 control bytes"));
        assert!(
            trouble(b"\xff\xc3(")
                .unwrap()
                .contains("2 bytes that are no UTF-8")
        );
        let long = vec![b'x'; usize::try_from(MAX_LINE_BYTES).unwrap() + 1];
        assert!(trouble(&long).unwrap().contains("a line of"));
    }
}
