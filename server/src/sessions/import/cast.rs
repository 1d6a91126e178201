//! Reading recordings of asciinema: asciicast v2 and v3 (<https://docs.asciinema.org/manual/asciicast/v3/>), line by line.
//! Nothing is kept; what is wrong is told with its line.

use std::io::{BufRead, Read};

use sempre_protocol::Size;
use serde::Deserialize;
use serde_json::Value;

/// Longest line, bytes.
const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;
/// Longest recording, seconds: some thirty years. Behind it times no longer fit.
const MAX_SECONDS: f64 = 1e9;
/// Latest beginning, seconds since the Unix epoch: the end of the year 9000, so that no end lies behind 9999.
const MAX_TIMESTAMP: u64 = 221_876_927_999;
const US_PER_SECOND: f64 = 1e6;
const US_PER_MS: u64 = 1000;
/// Longest message about a line, characters.
const MAX_WHY_CHARS: usize = 200;

/// What is wrong with a recording.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the recording: {why}")]
pub struct CastError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: String,
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The terminal's size at the beginning.
    pub(super) size: Size,
    /// When it began, ms since the Unix epoch, if it tells.
    pub(super) begun_ms: Option<u64>,
    /// What it is called.
    pub(super) title: Option<String>,
    /// What was recorded.
    pub(super) command: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happening {
    /// Output.
    Output(String),
    /// The terminal has another size.
    Resize(Size),
    /// The program ended with this code.
    Exit(i32),
}

/// A line that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Since the recording began, ms.
    pub(super) at_ms: u64,
    /// What happened.
    pub(super) happening: Happening,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    /// Times since the start.
    V2,
    /// Times since the event before.
    V3,
}

/// A recording that is read.
#[derive(Debug)]
pub(super) struct Cast<R> {
    from: R,
    version: Version,
    line: u64,
    at_us: u64,
    exited: bool,
}

#[derive(Debug, Deserialize)]
struct RawHeader {
    version: u64,
    width: Option<u64>,
    height: Option<u64>,
    term: Option<RawTerm>,
    timestamp: Option<u64>,
    title: Option<String>,
    command: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RawTerm {
    cols: Option<u64>,
    rows: Option<u64>,
}

impl<R: BufRead> Cast<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// If it is none of a recording of version 2 or 3.
    pub(super) fn open(from: R) -> Result<(Header, Self), CastError> {
        let mut cast = Self {
            from,
            version: Version::V2,
            line: 0,
            at_us: 0,
            exited: false,
        };
        let Some(text) = cast.next_line()? else {
            return Err(CastError {
                line: 1,
                why: "it is empty; a recording begins with a line {\"version\": 2, …} or 3".into(),
            });
        };
        let header = cast.header(&text)?;
        Ok((header, cast))
    }

    fn header(&mut self, text: &str) -> Result<Header, CastError> {
        let raw: RawHeader = serde_json::from_str(text)
            .map_err(|error| self.wrong(format!("it is no header of a recording ({error})")))?;
        let (cols, rows) = match raw.version {
            2 => (raw.width, raw.height),
            3 => raw.term.map_or((None, None), |term| (term.cols, term.rows)),
            other => {
                return Err(self.wrong(format!(
                    "recordings of version {other} are not read; versions 2 and 3 are"
                )));
            }
        };
        if raw.version == 3 {
            self.version = Version::V3;
        }
        let (Some(cols), Some(rows)) = (cols, rows) else {
            let names = match self.version {
                Version::V2 => "width and height",
                Version::V3 => "term.cols and term.rows",
            };
            return Err(self.wrong(format!("the header lacks the terminal's size: {names}")));
        };
        Ok(Header {
            size: self.size(cols, rows)?,
            begun_ms: self.begun_ms(raw.timestamp)?,
            title: raw.title,
            command: raw.command,
        })
    }

    /// When it began; 0 says that it is not known.
    fn begun_ms(&self, timestamp: Option<u64>) -> Result<Option<u64>, CastError> {
        match timestamp {
            None | Some(0) => Ok(None),
            Some(seconds) if seconds <= MAX_TIMESTAMP => Ok(Some(seconds * 1000)),
            Some(seconds) => Err(self.wrong(format!(
                "its timestamp {seconds} is no time within {MAX_TIMESTAMP} seconds of 1970"
            ))),
        }
    }

    /// The next event that counts; none after the last. Input and marks are passed over.
    ///
    /// # Errors
    /// At the first line that makes no sense.
    pub(super) fn event(&mut self) -> Result<Option<Event>, CastError> {
        while let Some(text) = self.next_line()? {
            let is_comment = self.version == Version::V3 && text.starts_with('#');
            if is_comment || text.trim().is_empty() {
                continue;
            }
            let (time, code, data): (f64, String, Value) = serde_json::from_str(&text)
                .map_err(|error| self.wrong(format!("it is no event [time, code, data] ({error})")))?;
            self.advance(time)?;
            if let Some(happening) = self.happening(&code, data)? {
                let at_ms = self.at_us / US_PER_MS;
                return Ok(Some(Event { at_ms, happening }));
            }
        }
        Ok(None)
    }

    fn happening(&mut self, code: &str, data: Value) -> Result<Option<Happening>, CastError> {
        if !matches!(code, "o" | "r" | "x") {
            // Input, marks, and what later releases know.
            return Ok(None);
        }
        let Value::String(data) = data else {
            return Err(self.wrong(format!("the data of an event {code:?} is no text")));
        };
        if self.exited {
            return Err(self.wrong("something happens after the end".into()));
        }
        match code {
            "r" => {
                let size = data.split_once('x');
                let size = size.and_then(|(cols, rows)| Some((cols.parse().ok()?, rows.parse().ok()?)));
                match size {
                    Some((cols, rows)) => Ok(Some(Happening::Resize(self.size(cols, rows)?))),
                    None => Err(self.wrong(format!("{data:?} is no size; it is written 80x24"))),
                }
            }
            "x" => match data.trim().parse() {
                Ok(code) => {
                    self.exited = true;
                    Ok(Some(Happening::Exit(code)))
                }
                Err(_) => Err(self.wrong(format!("{data:?} is no exit code"))),
            },
            _ => Ok(Some(Happening::Output(data))),
        }
    }

    /// Goes on to an event's time.
    fn advance(&mut self, time: f64) -> Result<(), CastError> {
        if !(0.0..=MAX_SECONDS).contains(&time) {
            return Err(self.wrong(format!("{time} s is no time within 0 to {MAX_SECONDS} s")));
        }
        // Within what was checked above, so nothing is cut.
        let us = (time * US_PER_SECOND).round() as u64;
        let at_us = match self.version {
            Version::V3 => self.at_us + us,
            Version::V2 if us < self.at_us => {
                let before = self.at_us as f64 / US_PER_SECOND;
                return Err(self.wrong(format!("its time {time} s lies before the last one, {before} s")));
            }
            Version::V2 => us,
        };
        if at_us as f64 > MAX_SECONDS * US_PER_SECOND {
            return Err(self.wrong(format!("the recording is longer than {MAX_SECONDS} s")));
        }
        self.at_us = at_us;
        Ok(())
    }

    fn size(&self, cols: u64, rows: u64) -> Result<Size, CastError> {
        let narrow = |number: u64| u16::try_from(number).ok();
        let size = narrow(cols)
            .zip(narrow(rows))
            .map(|(cols, rows)| Size::new(cols, rows));
        size.filter(|size| u64::from(size.cols) == cols && u64::from(size.rows) == rows)
            .ok_or_else(|| {
                self.wrong(format!(
                    "{cols}x{rows} is no size of a terminal here; columns and rows are 1 to 1000"
                ))
            })
    }

    fn next_line(&mut self) -> Result<Option<String>, CastError> {
        self.line += 1;
        let mut bytes = Vec::new();
        let read = self
            .from
            .by_ref()
            .take(MAX_LINE_BYTES + 1)
            .read_until(b'\n', &mut bytes);
        read.map_err(|error| self.wrong(format!("it cannot be read: {error}")))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.len() as u64 > MAX_LINE_BYTES {
            return Err(self.wrong(format!("it is longer than {MAX_LINE_BYTES} bytes")));
        }
        let text = String::from_utf8(bytes);
        text.map(Some)
            .map_err(|error| self.wrong(format!("it is not UTF-8 ({})", error.utf8_error())))
    }

    fn wrong(&self, why: String) -> CastError {
        CastError {
            line: self.line,
            why: why.chars().take(MAX_WHY_CHARS).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Header, Vec<Event>), CastError> {
        let (header, mut cast) = Cast::open(text.as_bytes())?;
        let mut events = Vec::new();
        while let Some(event) = cast.event()? {
            events.push(event);
        }
        Ok((header, events))
    }

    fn event(at_ms: u64, happening: Happening) -> Event {
        Event { at_ms, happening }
    }

    #[test]
    fn both_versions_tell_the_same() {
        let v2 = "{\"version\": 2, \"width\": 90, \"height\": 20, \"timestamp\": 5, \"title\": \"t\"}\n[0.1, \"o\", \"a\"]\n\
                  [0.1004, \"i\", \"x\"]\n[1.25, \"r\", \"100x30\"]\n[1.25, \"m\", \"\"]\n[2, \"o\", \"b\\u001b\"]\n\n";
        let v3 = "{\"version\":3,\"term\":{\"cols\":90,\"rows\":20},\"timestamp\":5,\"title\":\"t\"}\n# words\n[0.1,\"o\",\"a\"]\n\
                  [0.9, \"q\", {\"new\": 1}]\n[0.25,\"r\",\"100x30\"]\n[0.75,\"o\",\"b\\u001b\"]";
        let (header, events) = read(v2).unwrap();
        assert_eq!((header.size, header.begun_ms), (Size::new(90, 20), Some(5000)));
        assert_eq!(header.title.as_deref(), Some("t"));
        assert_eq!(
            events,
            [
                event(100, Happening::Output("a".into())),
                event(1250, Happening::Resize(Size::new(100, 30))),
                event(2000, Happening::Output("b\u{1b}".into())),
            ]
        );
        assert_eq!(read(v3).unwrap(), (header, events));
    }

    #[test]
    fn short_times_add_up_without_drifting() {
        let mut text = "{\"version\":3,\"term\":{\"cols\":1,\"rows\":1}}\n".to_owned();
        text.push_str(&"[0.000333, \"o\", \"a\"]\n".repeat(30_000));
        text.push_str("[0.01, \"x\", \"3\"]\n");
        let (header, events) = read(&text).unwrap();
        assert_eq!(header.begun_ms, None);
        assert_eq!(events.last(), Some(&event(10_000, Happening::Exit(3))));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let header = "{\"version\":2,\"width\":80,\"height\":24}\n[1, \"o\", \"a\"]\n";
        for (text, line, says) in [
            ("", 1, "empty"),
            ("hello\n", 1, "header"),
            ("{\"version\":1,\"width\":80,\"height\":24}\n", 1, "version 1"),
            ("{\"version\":2,\"width\":80}\n", 1, "height"),
            ("{\"version\":3,\"width\":80,\"height\":24}\n", 1, "term.cols"),
            (
                "{\"version\":2,\"width\":80,\"height\":24,\"timestamp\":999999999999999}\n",
                1,
                "timestamp",
            ),
            ("{\"version\":2,\"width\":0,\"height\":24}\n", 1, "0x24"),
            (
                "{\"version\":2,\"width\":80,\"height\":99999999}\n",
                1,
                "99999999",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.line == line && error.why.contains(says), "{text}: {error}");
        }
        for (more, says) in [
            ("[0.5, \"o\", \"b\"]", "before"),
            ("[2, \"o\", \"b\"", "EOF"),
            ("[2, \"o\"]", "event"),
            ("{\"a\":1}", "event"),
            ("[-1, \"o\", \"b\"]", "-1"),
            ("[1e12, \"o\", \"b\"]", "1000000000000"),
            ("[2, \"r\", \"80\"]", "80x24"),
            ("[2, \"r\", \"80x1001\"]", "80x1001"),
            ("[2, \"o\", 7]", "no text"),
            ("[2, \"x\", \"well\"]", "exit code"),
        ] {
            let error = read(&format!("{header}{more}\n")).unwrap_err();
            assert!(error.line == 3 && error.why.contains(says), "{more}: {error}");
        }
        let error = read(&format!("{header}[2, \"x\", \"0\"]\n[3, \"o\", \"b\"]\n")).unwrap_err();
        assert!(error.line == 4 && error.why.contains("after the end"), "{error}");
        let (_, mut cast) =
            Cast::open(&b"{\"version\":2,\"width\":80,\"height\":24}\n[1,\"o\",\"\xff\"]\n"[..]).unwrap();
        assert!(cast.event().unwrap_err().why.contains("UTF-8"));
    }
}
