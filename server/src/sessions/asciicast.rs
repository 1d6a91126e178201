//! A session's output as a recording for asciinema: asciicast v2 and v3
//! (<https://docs.asciinema.org/manual/asciicast/v3/>), made of journal and index as it is read.

use std::fmt::Write;
use std::io;
use std::path::Path;

use sempre_journal::{Event, ExitStatus, ReadAt, Reader, Record, Records, Size};

/// Text given at once, bytes, give or take a record's.
const PIECE_BYTES: usize = 256 * 1024;
/// Output read at once, bytes.
const READ_BYTES: u64 = 64 * 1024;
/// What sessions are told their terminal is.
const TERM: &str = "xterm-256color";

/// Which format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Times since the start.
    V2,
    /// Times since the event before, and the exit.
    V3,
}

/// Output that has an index record and is not written yet.
#[derive(Debug)]
struct Stretch {
    at: u64,
    end: u64,
    time_ms: u64,
}

/// A recording on its way. All of it blocks.
#[derive(Debug)]
pub struct Asciicast {
    reader: Reader,
    records: Records,
    version: Version,
    from: u64,
    end: u64,
    stretch: Option<Stretch>,
    /// The time of the first record; none: the header is to be written.
    begun_ms: Option<u64>,
    /// The time of the newest event.
    last_ms: u64,
    size: Option<Size>,
    /// The beginning of a character whose end is in the next stretch.
    unfinished: Vec<u8>,
}

impl Asciicast {
    /// A recording of the output in `from..end` in a session's directory.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn open(directory: &Path, from: u64, end: u64, version: Version) -> io::Result<Self> {
        let mut reader = Reader::open(directory)?;
        let size = reader.size_at(from)?;
        Ok(Self {
            records: reader.records(from)?,
            reader,
            version,
            from,
            end,
            stretch: None,
            begun_ms: None,
            last_ms: 0,
            size,
            unfinished: Vec::new(),
        })
    }

    /// The next lines; none after the last.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn lines(&mut self) -> io::Result<Option<String>> {
        let mut text = String::new();
        while text.len() < PIECE_BYTES {
            if let Some(stretch) = self.stretch.take() {
                self.output(stretch, &mut text)?;
                continue;
            }
            match self.records.next().transpose()? {
                Some(record) => self.record(&record, &mut text),
                None => break,
            }
        }
        if text.is_empty() && self.begun_ms.is_none() {
            self.header(0, &mut text);
        }
        Ok((!text.is_empty()).then_some(text))
    }

    fn header(&mut self, time_ms: u64, text: &mut String) {
        self.begun_ms = Some(time_ms);
        self.last_ms = time_ms;
        let (cols, rows) = self.size.map_or((80, 24), |size| (size.cols, size.rows));
        let timestamp = time_ms / 1000;
        let header = match self.version {
            Version::V2 => serde_json::json!({
                "version": 2, "width": cols, "height": rows, "timestamp": timestamp, "env": { "TERM": TERM },
            }),
            Version::V3 => serde_json::json!({
                "version": 3, "term": { "cols": cols, "rows": rows, "type": TERM }, "timestamp": timestamp,
            }),
        };
        // A String takes everything.
        let _ = writeln!(text, "{header}");
    }

    fn event(&mut self, time_ms: u64, code: &str, data: &str, text: &mut String) {
        // The wall clock may be set back; a recording does not go back.
        let time_ms = time_ms.max(self.last_ms);
        let since = match self.version {
            Version::V2 => self.begun_ms.unwrap_or(time_ms),
            Version::V3 => self.last_ms,
        };
        self.last_ms = time_ms;
        let ms = time_ms - since;
        let data = serde_json::Value::from(data);
        let _ = writeln!(text, "[{}.{:03}, \"{code}\", {data}]", ms / 1000, ms % 1000);
    }

    fn record(&mut self, record: &Record, text: &mut String) {
        if record.offset > self.end {
            return;
        }
        let time_ms = record.time_ms;
        if self.begun_ms.is_none() {
            self.header(time_ms, text);
        }
        match record.event {
            Event::Output { len, .. } => {
                self.stretch = Some(Stretch {
                    at: record.offset.max(self.from),
                    end: record.offset.saturating_add(len.into()).min(self.end),
                    time_ms,
                });
            }
            // Each segment begins with the size in force.
            Event::Resize(size) if self.size == Some(size) => {}
            Event::Resize(size) => {
                self.size = Some(size);
                self.event(time_ms, "r", &size.to_string(), text);
            }
            Event::Gap { .. } => self.event(time_ms, "m", "output is missing here", text),
            Event::Exit { status, .. } => self.exit(time_ms, status, text),
        }
    }

    fn exit(&mut self, time_ms: u64, status: ExitStatus, text: &mut String) {
        let code = match status {
            ExitStatus::Code(code) => code.to_string(),
            // As shells tell it.
            ExitStatus::Signal(signal) => (128 + signal).to_string(),
            ExitStatus::Unknown => return,
        };
        if self.version == Version::V3 {
            self.event(time_ms, "x", &code, text);
        }
    }

    /// Writes one read's worth of a stretch; the rest of it is kept.
    fn output(&mut self, mut stretch: Stretch, text: &mut String) -> io::Result<()> {
        let count = stretch.end.saturating_sub(stretch.at).min(READ_BYTES);
        if count == 0 {
            return Ok(());
        }
        let mut bytes = vec![0; usize::try_from(count).unwrap_or_default()];
        match self
            .reader
            .read_at(stretch.at, &mut bytes)
            .map_err(io::Error::other)?
        {
            ReadAt::Bytes(taken) => {
                bytes.truncate(taken);
                stretch.at += taken as u64;
                let time_ms = stretch.time_ms;
                self.stretch = Some(stretch);
                let said = self.characters(&bytes);
                if !said.is_empty() {
                    self.event(time_ms, "o", &said, text);
                }
            }
            ReadAt::Gap { resumes_at } => {
                stretch.at = resumes_at;
                self.stretch = Some(stretch);
            }
            // Trimmed meanwhile, or not there: nothing of it can be told.
            _ => {}
        }
        Ok(())
    }

    /// Bytes as text: a character that is not whole waits for its rest.
    fn characters(&mut self, bytes: &[u8]) -> String {
        self.unfinished.extend_from_slice(bytes);
        let all = std::mem::take(&mut self.unfinished);
        let mut said = String::new();
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            said.push_str(chunk.valid());
            let invalid = chunk.invalid();
            let is_begun = chunks.peek().is_none()
                && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            if is_begun {
                self.unfinished = invalid.to_vec();
            } else if !invalid.is_empty() {
                said.push(char::REPLACEMENT_CHARACTER);
            }
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use sempre_journal::{Options, Writer};

    use super::*;

    fn recording(version: Version) -> String {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let size = |cols, rows| Size { cols, rows };
        let mut writer = Writer::create(temp.path(), Options::default(), size(80, 24), 5_000).unwrap();
        let character = "\u{20ac}".as_bytes();
        writer.append(b"a\x1b[1m", 5_100).unwrap();
        writer.append(&character[..2], 5_500).unwrap();
        writer.append(&character[2..], 6_000).unwrap();
        writer.resize(size(100, 30), 6_250).unwrap();
        writer.append(b"b\xff", 6_300).unwrap();
        writer.exit(ExitStatus::Code(3), 0, 7_000).unwrap();
        let end = writer.end_offset();
        let mut cast = Asciicast::open(temp.path(), 0, end, version).unwrap();
        let mut text = String::new();
        while let Some(lines) = cast.lines().unwrap() {
            text.push_str(&lines);
        }
        text
    }

    #[test]
    fn t8_golden_recordings() {
        assert_eq!(
            recording(Version::V2),
            "{\"env\":{\"TERM\":\"xterm-256color\"},\"height\":24,\"timestamp\":5,\"version\":2,\"width\":80}\n\
             [0.100, \"o\", \"a\\u001b[1m\"]\n[1.000, \"o\", \"\u{20ac}\"]\n[1.250, \"r\", \"100x30\"]\n\
             [1.300, \"o\", \"b\u{fffd}\"]\n"
        );
        let v3 = recording(Version::V3);
        assert!(v3.starts_with("{\"term\":{\"cols\":80,\"rows\":24,\"type\":\"xterm-256color\"},\"timestamp\":5,\"version\":3}\n"), "{v3}");
        assert!(
            v3.ends_with(
                "[0.250, \"r\", \"100x30\"]\n[0.050, \"o\", \"b\u{fffd}\"]\n[0.700, \"x\", \"3\"]\n"
            ),
            "{v3}"
        );
    }
}
