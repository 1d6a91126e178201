//! Whether what is typed into sessions is recorded (row P11): the server's rule, what a request makes of it, and the
//! recording as programs read it.

use std::io;
use std::path::Path;
use std::str::FromStr;

use sempre_journal::{InputEvent, InputRead, InputReader};
use sempre_protocol::compat::Base64;
use sempre_protocol::recording::{RecordedInput, RecordedKind};

use super::SessionError;

/// Which sessions are recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RecordInput {
    /// Those whose request asks for it.
    #[default]
    Allowed,
    /// All; a request that wants none is refused.
    Always,
    /// None; a request that asks for it is refused.
    Never,
}

impl FromStr for RecordInput {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "allowed" => Ok(Self::Allowed),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            other => Err(format!("{other:?} is none of allowed, always, never")),
        }
    }
}

impl RecordInput {
    /// Whether a new session is recorded.
    ///
    /// # Errors
    /// [`SessionError::RecordInputRefused`] if the request wants what the server does not do: nobody is to believe
    /// that something is recorded, or that it is not.
    pub(super) fn decide(self, requested: Option<bool>) -> Result<bool, SessionError> {
        match (self, requested) {
            (Self::Never, Some(true)) => Err(SessionError::RecordInputRefused(
                "this server records no input (--record-input never); leave record_input out",
            )),
            (Self::Always, Some(false)) => Err(SessionError::RecordInputRefused(
                "this server records the input of all sessions (--record-input always); leave record_input out",
            )),
            (Self::Allowed, requested) => Ok(requested.unwrap_or(false)),
            (rule, _) => Ok(rule == Self::Always),
        }
    }

    /// Whether the repetition of a session is recorded, by whether that was.
    pub(super) fn decide_again(self, was_recorded: bool) -> bool {
        match self {
            Self::Allowed => was_recorded,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Most entries read at once.
const ENTRIES_AT_ONCE: usize = 1024;

/// A recording read piece by piece.
#[derive(Debug)]
pub struct InputRecording {
    reader: InputReader,
    /// Writers in the order in which they typed first. Their ids are theirs: here they are numbers.
    writers: Vec<[u8; 16]>,
    ended: bool,
}

impl InputRecording {
    /// Opens the recording in a session's directory; none: there is none.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(directory: &Path) -> io::Result<Option<Self>> {
        let reader = InputReader::open(directory)?;
        Ok(reader.map(|reader| Self {
            reader,
            writers: Vec::new(),
            ended: false,
        }))
    }

    /// The next entries, oldest first; empty at the end. Blocks.
    ///
    /// # Errors
    /// What the disk said.
    pub fn read_some(&mut self) -> io::Result<Vec<RecordedInput>> {
        let mut entries = Vec::new();
        while !self.ended && entries.len() < ENTRIES_AT_ONCE {
            let (time_ms, writer, kind, data) = match self.reader.read_next()? {
                InputRead::End => {
                    self.ended = true;
                    break;
                }
                InputRead::Damaged { .. } => {
                    self.ended = true;
                    (None, None, RecordedKind::Damaged, None)
                }
                InputRead::Record(record) => {
                    let writer = record.writer;
                    let (kind, writer, data) = match record.event {
                        InputEvent::Typed(bytes) => (RecordedKind::Input, Some(writer), Some(Base64(bytes))),
                        InputEvent::Withheld => (RecordedKind::Withheld, Some(writer), None),
                        InputEvent::Gap => (RecordedKind::Gap, None, None),
                        InputEvent::Full => (RecordedKind::Full, None, None),
                    };
                    (Some(record.time_ms), writer, kind, data)
                }
            };
            entries.push(RecordedInput {
                kind,
                time_ms,
                writer: writer.map(|writer| self.number(writer)),
                data,
            });
        }
        Ok(entries)
    }

    fn number(&mut self, writer: [u8; 16]) -> u32 {
        let known = self.writers.iter().position(|&known| known == writer);
        let at = known.unwrap_or_else(|| {
            self.writers.push(writer);
            self.writers.len() - 1
        });
        u32::try_from(at + 1).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p11_who_asks_for_what_the_server_does_not_do_is_refused() {
        for (rule, requested, expected) in [
            ("allowed", None, Some(false)),
            ("allowed", Some(true), Some(true)),
            ("allowed", Some(false), Some(false)),
            ("always", None, Some(true)),
            ("always", Some(true), Some(true)),
            ("always", Some(false), None),
            ("never", None, Some(false)),
            ("never", Some(true), None),
            ("never", Some(false), Some(false)),
        ] {
            let decided = rule.parse::<RecordInput>().unwrap().decide(requested);
            assert_eq!(decided.ok(), expected, "{rule} {requested:?}");
        }
        assert!("sometimes".parse::<RecordInput>().unwrap_err().contains("always"));
    }
}
