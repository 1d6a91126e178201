//! What a page shows of the feed: plain data, compared to find out whether anything changed.

use std::sync::Arc;

use sempre_protocol::texts::{ExitStatus, Role};
use sempre_protocol::{RunId, Size, WriterId};

use super::News;

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Code or signal; none if it was lost with the holder.
    pub status: Option<ExitStatus>,
    /// Why, in a word of the wire.
    pub reason: String,
}

/// Where the connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// The first attempt is under way.
    Connecting,
    /// Earlier output is being drawn.
    Replaying,
    /// What is drawn is what there is.
    Live,
    /// Cut off; an attempt is under way or planned.
    Reconnecting {
        /// Attempts that failed since it was last live.
        attempt: u32,
        /// When the next attempt starts, in the caller's ms; none: it is under way.
        retry_at_ms: Option<u64>,
    },
    /// The session ended; all its output is here.
    Ended(Ending),
    /// There is no such session.
    Gone,
    /// The credentials are no longer accepted.
    LoggedOut,
    /// Someone disconnected this viewer: only its person attaches it again.
    Disconnected,
}

impl Connection {
    /// The word in the `data-state` attribute of the terminal's host element.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Replaying => "replaying",
            Self::Live => "live",
            Self::Reconnecting { .. } => "reconnecting",
            Self::Ended(_) => "ended",
            Self::Gone => "gone",
            Self::LoggedOut => "logged-out",
            Self::Disconnected => "disconnected",
        }
    }

    /// Whether typed text reaches the server at once.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Replaying | Self::Live)
    }
}

/// Why typed text was held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParkReason {
    /// It was meant for a process that is no longer there.
    OtherRun,
    /// Nobody knows how much of it arrived.
    Uncertain,
    /// The session ended before it could be sent.
    Ended,
}

/// Typed text that must not be sent without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The bytes as typed.
    pub bytes: Vec<u8>,
    /// Why they were held back.
    pub reason: ParkReason,
}

impl Parked {
    /// The text for people: control characters as pictures, so that nothing in it acts.
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.bytes)
            .chars()
            .map(|c| match c {
                '\r' | '\n' => '\n',
                '\t' => '\t',
                '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
                '\x7f'..='\u{9f}' => '\u{2421}',
                c => c,
            })
            .collect()
    }
}

/// What a page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Where the connection stands.
    pub connection: Connection,
    /// This tab's input stream.
    pub writer: WriterId,
    /// The child process, once known.
    pub run: Option<RunId>,
    /// What this viewer may do.
    pub role: Role,
    /// What is typed is recorded.
    pub records_input: bool,
    /// Viewers attached, this one included; 0 while unknown.
    pub viewers: u32,
    /// The session's size, once known.
    pub size: Option<Size>,
    /// What this viewer has room for, once known.
    pub fit: Option<Size>,
    /// Typed bytes worth telling about: all that wait while cut off, or a backlog while connected.
    pub pending_bytes: usize,
    /// The program does not read what is typed.
    pub stuck: bool,
    /// Text that must not be sent without asking.
    pub parked: Option<Arc<Parked>>,
    /// What the session tells besides its output.
    pub news: Arc<News>,
    /// Output was skipped: this viewer fell behind and went on from a snapshot.
    pub skipped: bool,
    /// The last thing that went wrong, for people.
    pub notice: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parked_text_is_shown_without_acting() {
        let parked = Parked {
            bytes: b"rm -rf x\r\x1b[2J\x03\xff".to_vec(),
            reason: ParkReason::OtherRun,
        };
        assert_eq!(parked.shown(), "rm -rf x\n\u{241b}[2J\u{2403}\u{fffd}");
    }
}
