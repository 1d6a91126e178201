//! Waiting for a state of a session: text in its output, the prompt, the end, silence.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use regex::{Regex, RegexBuilder};
use sempre_journal::{ReadAt, Reader};
use sempre_protocol::Offset;
use sempre_screen::PlainText;
use tokio::time::timeout;

use super::prompt::Busy;
use crate::sessions::{Exit, Session, SessionError};

/// Longest text or pattern, bytes.
pub const MAX_VALUE_BYTES: usize = 1024;
/// Memory of a compiled pattern, bytes.
const MAX_REGEX_BYTES: usize = 1024 * 1024;
/// Text kept to find a match in, bytes; a match is not longer than a part of it.
const MAX_TEXT_BYTES: usize = 128 * 1024;
/// Text looked through again with what follows, bytes: the longest match of a pattern that is sure to be found.
const OVERLAP_BYTES: usize = 16 * 1024;
/// Output read at once, bytes.
const CHUNK_BYTES: u64 = 64 * 1024;
/// Output asked of a holder whose disk is full, bytes.
const MEMORY_READ_BYTES: u32 = 64 * 1024;

/// What is waited for.
#[derive(Debug, Clone)]
pub enum WaitFor {
    /// This text in the output as it is printed, without sequences.
    Text(String),
    /// A match in the same.
    Regex(Regex),
    /// The shell's prompt.
    Prompt,
    /// The session's end.
    Exit,
    /// No output for this long.
    Silence(Duration),
}

/// That it is so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Awaited {
    /// Output offset: after the match, or where the session stood.
    pub offset: Offset,
    /// The match, and its groups.
    pub text: Option<String>,
    /// Groups of the pattern; none where one took no part.
    pub groups: Vec<Option<String>>,
    /// How the session ended, if that was waited for.
    pub exit: Option<Exit>,
}

impl WaitFor {
    /// A pattern of linear time and bounded size.
    ///
    /// # Errors
    /// [`SessionError::Invalid`] for what is no pattern or too large a one.
    pub fn regex(pattern: &str) -> Result<Self, SessionError> {
        let built = RegexBuilder::new(pattern)
            .size_limit(MAX_REGEX_BYTES)
            .dfa_size_limit(MAX_REGEX_BYTES)
            .multi_line(true)
            .build();
        built.map(Self::Regex).map_err(|error| SessionError::Invalid {
            field: "value",
            message: error.to_string(),
        })
    }
}

impl Session {
    /// Waits until `what` is so. Text is looked for in the output from `from` on, none: that comes from now on.
    ///
    /// # Errors
    /// [`SessionError::TimedOut`], [`SessionError::Ended`] if it cannot happen any more,
    /// [`SessionError::NoShellIntegration`] for the prompt of a shell that does not tell.
    pub async fn wait(
        self: &Arc<Self>,
        what: WaitFor,
        from: Option<Offset>,
        limit: Duration,
    ) -> Result<Awaited, SessionError> {
        let timed_out = SessionError::TimedOut {
            what: match what {
                WaitFor::Text(_) | WaitFor::Regex(_) => "the text in the output",
                WaitFor::Prompt => "the shell's prompt",
                WaitFor::Exit => "the end of the session",
                WaitFor::Silence(_) => "silence",
            },
            timeout_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        };
        let waiting = async {
            match what {
                WaitFor::Text(text) => self.wait_for_text(Needle::Text(text), from).await,
                WaitFor::Regex(regex) => self.wait_for_text(Needle::Regex(regex), from).await,
                WaitFor::Prompt => self.wait_for_prompt().await,
                WaitFor::Exit => self.wait_for_exit().await,
                WaitFor::Silence(silence) => self.wait_for_silence(silence).await,
            }
        };
        timeout(limit, waiting).await.unwrap_or(Err(timed_out))
    }

    fn here(&self) -> Awaited {
        Awaited {
            offset: self.status().offset,
            ..Awaited::default()
        }
    }

    async fn wait_for_exit(&self) -> Result<Awaited, SessionError> {
        let mut status = self.watch();
        let ended = status.wait_for(|status| status.exit.is_some()).await;
        let exit = ended.map_err(|_| SessionError::Draining)?.exit;
        Ok(Awaited { exit, ..self.here() })
    }

    async fn wait_for_silence(&self, silence: Duration) -> Result<Awaited, SessionError> {
        let mut status = self.watch();
        loop {
            let at = status.borrow_and_update().offset;
            let more = status.wait_for(|status| status.offset != at);
            match timeout(silence, more).await {
                Err(_) => return Ok(self.here()),
                Ok(Err(_)) => return Err(SessionError::Draining),
                Ok(Ok(_)) => {}
            }
        }
    }

    async fn wait_for_prompt(self: &Arc<Self>) -> Result<Awaited, SessionError> {
        let mut timeline = self.screen().timeline();
        self.until_prompt(&mut timeline, Busy::Awaited).await?;
        Ok(self.here())
    }

    async fn wait_for_text(
        self: &Arc<Self>,
        needle: Needle,
        from: Option<Offset>,
    ) -> Result<Awaited, SessionError> {
        let mut status = self.watch();
        let start = from.unwrap_or_else(|| self.status().offset);
        let mut search = Search::new(self.directory().to_path_buf(), needle, start.0);
        loop {
            let (end, ended) = {
                let status = status.borrow_and_update();
                (status.offset, status.exit.is_some())
            };
            while search.at < end.0 {
                let slice = move || {
                    let step = search.step(end.0);
                    (search, step)
                };
                let (back, step) = tokio::task::spawn_blocking(slice)
                    .await
                    .map_err(|error| SessionError::system("cannot search")(io::Error::other(error)))?;
                search = back;
                match step.map_err(SessionError::system("cannot read the journal"))? {
                    Step::Found(found) => return Ok(found),
                    Step::On => {}
                    Step::DiskEnd => {
                        let at = Offset(search.at);
                        let Some((from, bytes)) = self.read_memory(at, MEMORY_READ_BYTES).await else {
                            break;
                        };
                        search.at = from.0;
                        if let Some(found) = search.take(&bytes) {
                            return Ok(found);
                        }
                    }
                }
            }
            if ended {
                return Err(SessionError::Ended(self.id()));
            }
            status.changed().await.map_err(|_| SessionError::Draining)?;
        }
    }
}

#[derive(Debug)]
enum Needle {
    Text(String),
    Regex(Regex),
}

enum Step {
    Found(Awaited),
    On,
    DiskEnd,
}

/// A search through output.
#[derive(Debug)]
struct Search {
    directory: PathBuf,
    reader: Option<Reader>,
    needle: Needle,
    /// Output is read up to here.
    at: u64,
    plain: PlainText,
    /// Output offset after each byte of the text.
    offsets: Vec<u64>,
    /// Text before this holds no match.
    searched: usize,
}

impl Search {
    fn new(directory: PathBuf, needle: Needle, at: u64) -> Self {
        Self {
            directory,
            reader: None,
            needle,
            at,
            plain: PlainText::default(),
            offsets: Vec::new(),
            searched: 0,
        }
    }

    /// Reads and searches a part of the output up to `end`.
    fn step(&mut self, end: u64) -> io::Result<Step> {
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => Reader::open(&self.directory)?,
        };
        let mut chunk = vec![0; usize::try_from((end - self.at).min(CHUNK_BYTES)).unwrap_or_default()];
        let read = reader.read_at(self.at, &mut chunk).map_err(io::Error::other)?;
        self.reader = Some(reader);
        match read {
            ReadAt::Bytes(count) => {
                chunk.truncate(count);
                Ok(self.take(&chunk).map_or(Step::On, Step::Found))
            }
            ReadAt::End => Ok(Step::DiskEnd),
            ReadAt::Gap { resumes_at: next } | ReadAt::Trimmed { base_offset: next } => {
                self.at = next.max(self.at + 1);
                Ok(Step::On)
            }
        }
    }

    /// Takes the next output in.
    fn take(&mut self, bytes: &[u8]) -> Option<Awaited> {
        for byte in bytes {
            self.plain.feed(std::slice::from_ref(byte));
            self.at += 1;
            self.offsets.resize(self.plain.text().len(), self.at);
        }
        let found = self.find();
        if self.offsets.len() > MAX_TEXT_BYTES {
            let dropped = self.plain.drop_front(self.offsets.len() - MAX_TEXT_BYTES / 2);
            self.offsets.drain(..dropped);
            self.searched = self.searched.saturating_sub(dropped);
        }
        found
    }

    fn find(&mut self) -> Option<Awaited> {
        let text = self.plain.text();
        let overlap = match &self.needle {
            Needle::Text(text) => text.len(),
            Needle::Regex(_) => OVERLAP_BYTES,
        };
        let start = text.floor_char_boundary(self.searched.min(text.len()).saturating_sub(overlap));
        self.searched = text.len();
        let (end, matched, groups) = match &self.needle {
            Needle::Text(needle) => {
                let at = start + text.get(start..)?.find(needle.as_str())?;
                (at + needle.len(), needle.clone(), Vec::new())
            }
            Needle::Regex(regex) => {
                let found = regex.captures_at(text, start)?;
                let whole = found.get(0)?;
                let groups = found.iter().skip(1);
                let groups = groups.map(|group| group.map(|group| group.as_str().to_owned()));
                (whole.end(), whole.as_str().to_owned(), groups.collect())
            }
        };
        let offset = end.checked_sub(1).and_then(|last| self.offsets.get(last));
        Some(Awaited {
            offset: Offset(offset.copied().unwrap_or(self.at)),
            text: Some(matched),
            groups,
            exit: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(needle: Needle) -> Search {
        Search::new(PathBuf::new(), needle, 100)
    }

    fn regex(pattern: &str) -> Needle {
        match WaitFor::regex(pattern).unwrap() {
            WaitFor::Regex(regex) => Needle::Regex(regex),
            _ => unreachable!(),
        }
    }

    #[test]
    fn text_is_found_over_sequences_and_cuts_and_its_end_is_told() {
        let mut search = search(Needle::Text("ready now".into()));
        assert_eq!(search.take(b"\x1b[1mrea"), None);
        assert_eq!(search.take(b"dy\x1b[m n"), None);
        let found = search.take(b"ow and more").unwrap();
        assert_eq!(found.offset.0, 100 + 7 + 7 + 2);
    }

    #[test]
    fn a_pattern_has_groups_and_lines() {
        let mut search = search(regex(r"^port (\d+)( udp)?\n"));
        assert_eq!(search.take(b"a port 1\r\nport 80"), None);
        let found = search.take(b"81\r\nnext").unwrap();
        assert_eq!(found.text.as_deref(), Some("port 8081\n"));
        assert_eq!(found.groups, [Some("8081".to_owned()), None]);
    }

    #[test]
    fn a_match_is_found_in_a_flood_that_is_forgotten() {
        let mut search = search(Needle::Text("here".into()));
        for _ in 0..100 {
            assert_eq!(search.take("ä flood\r\n".repeat(500).as_bytes()), None);
        }
        assert!(search.offsets.len() <= MAX_TEXT_BYTES && search.offsets.len() == search.plain.text().len());
        assert!(search.take(b"here").is_some());
    }

    #[test]
    fn patterns_that_cost_too_much_are_refused() {
        assert!(WaitFor::regex(r"\p{L}{1000}{1000}").is_err());
        assert!(WaitFor::regex("(").is_err());
    }
}
