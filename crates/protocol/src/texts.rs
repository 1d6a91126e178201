//! Text frames of the native wire: one JSON object each, told apart by `type`.
//!
//! Additive: readers ignore fields they do not know and skip server texts of an unknown `type`.

use serde::{Deserialize, Serialize};

use crate::colours::Theme;
use crate::viewers::ViewerInfo;
use crate::{Offset, RunId, SessionId, Size, WriterId};

/// What a viewer may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees output; its input is refused.
    Viewer,
    /// Types, resizes and signals.
    Writer,
}

/// How a child process ended: a code *or* a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExitStatus {
    /// It called exit with this code.
    Code(i32),
    /// This signal number ended it.
    Signal(i32),
}

/// A signal a client may send to the foreground process group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Signal {
    /// Interrupt.
    Int,
    /// Quit with a core dump.
    Quit,
    /// Stop from the terminal.
    Tstp,
    /// Terminate.
    Term,
    /// Hang up.
    Hup,
    /// Kill, not catchable.
    Kill,
}

impl Signal {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Int => "INT",
            Self::Quit => "QUIT",
            Self::Tstp => "TSTP",
            Self::Term => "TERM",
            Self::Hup => "HUP",
            Self::Kill => "KILL",
        }
    }

    /// Whether it throws away the input that no program has read: those that a terminal has keys for do.
    pub fn discards_input(self) -> bool {
        matches!(self, Self::Int | Self::Quit | Self::Tstp)
    }
}

/// What went wrong on a connection; the code is for programs, the message for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A newer connection uses this writer id; `input_offset` is final for this one.
    WriterTaken,
    /// Input began beyond the expected offset; nothing was written.
    InputGap,
    /// More input is outstanding than the window allows; nothing of it was written.
    InputWindow,
    /// This viewer's role may not do that.
    Forbidden,
    /// The text frame is not valid JSON of a known type.
    BadText,
    /// The session has ended; input goes nowhere.
    SessionEnded,
    /// The holder does not answer.
    Unreachable,
    /// Output at the cursor is not kept; attach again.
    OutputTrimmed,
    /// Someone disconnected this viewer: it must not attach again by itself.
    Disconnected,
    /// The login or key this connection was opened with has expired or was taken back.
    LoggedOut,
    /// A code this release does not know.
    #[serde(other)]
    Unknown,
}

/// A text frame from the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerText {
    /// The first frame of every connection.
    Hello(Hello),
    /// Bytes of this writer's input before `offset` have reached the PTY.
    InputAck {
        /// Input offset after the last byte written.
        offset: Offset,
    },
    /// From `offset` on, output is meant for this size. Comes in stream order.
    Resized {
        /// Output offset of the first byte drawn at the new size.
        offset: Offset,
        /// Cells per row.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// The program set the window title.
    Title {
        /// Plain text, never markup.
        title: String,
    },
    /// The shell reported its working directory.
    Cwd {
        /// An absolute path.
        cwd: String,
    },
    /// The program rang the bell.
    Bell,
    /// The program reported progress.
    Progress {
        /// `0..=100`; none: busy without a known end, or over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        percent: Option<u8>,
    },
    /// The program asked to notify the user.
    Notify {
        /// Plain text, never markup.
        message: String,
    },
    /// How many viewers are attached now.
    Viewers {
        /// All of them, this one included.
        count: u32,
        /// Those that may type.
        writers: u32,
        /// Who they are, oldest first; at most [`crate::limits::MAX_VIEWERS_TOLD`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        who: Vec<ViewerInfo>,
    },
    /// Whether output is missing that may still show on the screen; told after `hello` if so, and when it changes.
    Inexact {
        /// False once the program has drawn the screen anew.
        inexact: bool,
    },
    /// Whether this viewer's terminal answers the program's queries from now on.
    Answers {
        /// At most one viewer of a session is told `true`.
        answers: bool,
    },
    /// The child ended; all output before `offset` has been sent.
    Exit {
        /// The final output offset.
        offset: Offset,
        /// Code or signal; none if it was lost with the holder.
        #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
        status: Option<ExitStatus>,
        /// Why, in a word: `exited`, `ended`, `orphaned`, …
        reason: String,
    },
    /// The server goes down; the session does not. Reconnect.
    Draining,
    /// Proof of life for clients that do not see WebSocket pings.
    Heartbeat {
        /// Server time, ms since the Unix epoch.
        time_ms: u64,
    },
    /// The answer to `ping`.
    Pong,
    /// Something went wrong; the connection may go on.
    Error {
        /// For programs.
        code: ErrorCode,
        /// For people: what, with which value, and what to do.
        message: String,
        /// With `writer_taken` and `input_gap`: where this writer's input stands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input_offset: Option<Offset>,
    },
    /// A type this release does not know; skipped.
    #[serde(other)]
    Unknown,
}

/// What a client must know before the first byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The session attached to.
    pub session: SessionId,
    /// This connection's input stream.
    pub writer: WriterId,
    /// The child process: another `run` is another shell.
    pub run: RunId,
    /// Whether the holder has seen this writer before.
    pub writer_known: bool,
    /// Offset of the first output byte that follows.
    pub offset: Offset,
    /// The oldest output byte still kept.
    pub base_offset: Offset,
    /// The end of output when the connection was made: everything before it is replay.
    pub tail_offset: Offset,
    /// How much of this writer's input has reached the PTY: send again from here.
    pub input_offset: Offset,
    /// How much of it was taken over, if the server says so: what comes again before this is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_accepted: Option<Offset>,
    /// Input bytes that may be outstanding.
    pub input_window: u64,
    /// The size at the first output byte that follows.
    pub size: Size,
    /// What this viewer may do.
    pub role: Role,
    /// This connection among the session's viewers.
    #[serde(default)]
    pub viewer: u64,
    /// Whether this viewer's terminal answers the program's queries: false, since the server does.
    pub answers: bool,
    /// The stream does not continue what the client had: a snapshot at `offset` comes before any output.
    pub reset: bool,
    /// What is typed is recorded: a client that a person types into says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub records_input: bool,
    /// The server's version.
    pub server_version: String,
}

/// A text frame from a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientText {
    /// The size this viewer has room for.
    Resize {
        /// Cells per row.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// Output before `offset` has been drawn.
    Ack {
        /// Output offset after the last byte drawn.
        offset: Offset,
    },
    /// A person typed or pasted the next input frame; reports by the terminal are not typing.
    Typing,
    /// A signal for the foreground process group, for when input is stuck.
    Signal {
        /// Which.
        signal: Signal,
    },
    /// The colours this viewer shows; programs that ask are told those of who typed last.
    Theme(Theme),
    /// Asks for a `pong`.
    Ping,
}

#[cfg(test)]
mod tests;
