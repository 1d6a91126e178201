//! What programs ask of a session, and what they are answered: `docs/api.md`.

use serde::{Deserialize, Serialize};

use crate::Offset;
use crate::api::SessionState;
use crate::history::HistoryLine;
use crate::texts::{ExitStatus, Signal};

/// How long `run` and `wait` last when nothing is said, ms.
pub const DEFAULT_TIMEOUT_MS: u64 = 30_000;
/// How long they last at most, ms.
pub const MAX_TIMEOUT_MS: u64 = 3_600_000;
/// Rows above the screen that `GET …/screen` answers at most.
pub const MAX_SCREEN_LINES: u32 = 5_000;

/// Answer to `GET /api/v1/sessions/{id}/screen?format=json`: what a terminal shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScreenPage {
    /// It is the screen after the output before this.
    pub offset: Offset,
    /// Columns.
    pub cols: u16,
    /// Rows of the screen.
    pub rows: u16,
    /// The cursor.
    pub cursor: ScreenCursor,
    /// A full-screen program has the screen.
    pub alternate: bool,
    /// The window title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where the shell stands, if it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Output is missing that may still show.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inexact: bool,
    /// How many of the `lines` stand above the screen.
    pub above: u32,
    /// The rows, top first. Their numbers are those of the history; on the alternate screen they count from 0.
    pub lines: Vec<HistoryLine>,
}

/// Where the cursor is on the screen, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScreenCursor {
    /// Column; one past the last while a wrap is pending.
    pub col: u16,
    /// Row of the screen.
    pub row: u16,
    /// Whether it is shown.
    pub visible: bool,
}

/// Body of `POST /api/v1/sessions/{id}/input`: `data` or `data_b64`, or only `enter`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SendInput {
    /// Text to type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Bytes to type, in base64 (RFC 4648, with padding).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_b64: Option<String>,
    /// Press Enter after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub enter: bool,
}

/// Answer to it: what has become of the input once all of it is written, or two seconds later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InputTaken {
    /// End of the output before it was typed: what it causes comes after. Give it to `wait` as `from`.
    pub offset: Offset,
    /// Bytes that reached the program's terminal.
    pub written: u64,
    /// Bytes that wait until the program reads.
    pub held: u64,
}

/// Body of `POST /api/v1/sessions/{id}/signal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SendSignal {
    /// `INT`, `QUIT`, `TSTP`, `TERM`, `HUP` or `KILL`, to the foreground process group.
    pub signal: Signal,
}

/// Body of `POST /api/v1/sessions/{id}/run`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RunCommand {
    /// What to type at the shell's prompt; may be several lines.
    pub command: String,
    /// How long to wait for the prompt and the command, ms: 30 000 if left out, an hour at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// Answer to it. After a timeout it is part of the error, with what came so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunResult {
    /// What the command printed, as it stands on the terminal: text without colours, no line end after the last line.
    pub output: String,
    /// The beginning of the output is left out: it is over 4 MiB, or was not kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// The command's exit code; left out if the shell did not tell, or while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// How long it took as the server saw it, ms; good to some 10 ms.
    pub duration_ms: u64,
    /// Its raw output is what `GET …/output?from=` answers from here …
    pub from: Offset,
    /// … to here.
    pub to: Offset,
    /// Set if the command ended the session: its code or signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_exit: Option<ExitStatus>,
    /// The command runs on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub running: bool,
}

/// What can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// The text `value` in the output as it is printed, without sequences.
    Text,
    /// A match of the pattern `value` in the same (syntax of the Rust crate regex; `^` and `$` are line ends). It is found as soon
    /// as it matches: what it must not stop before, such as a line's end, belongs into it.
    Regex,
    /// The shell's prompt; needs shell integration.
    Prompt,
    /// The session's end.
    Exit,
    /// No output for `value` ms.
    Silence,
}

/// The value of a wait: a text, or a number of milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum WaitValue {
    /// Milliseconds.
    Ms(u64),
    /// A text or pattern.
    Text(String),
}

/// Body of `POST /api/v1/sessions/{id}/wait`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WaitRequest {
    /// What for.
    #[serde(rename = "for")]
    pub kind: WaitKind,
    /// Which text, pattern (1 KiB at most) or silence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<WaitValue>,
    /// How long, ms: 30 000 if left out, an hour at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Text is looked for from this output offset on; left out: in what comes from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Offset>,
}

/// Answer to it, once it is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitResult {
    /// Output offset: after the match, else where the session stands.
    pub offset: Offset,
    /// The match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The groups of the pattern; `null` where one took no part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Option<String>>,
    /// How the session ended, if that was waited for and is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<ExitStatus>,
}

/// An event of `GET /api/v1/sessions/{id}/events` (server-sent events); its name is the `type`, its id the offset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProgramEvent {
    /// Output offset after what told of it.
    pub offset: Offset,
    /// What happened.
    #[serde(flatten)]
    pub happened: Happened,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Happened {
    /// How the session stands: the first event, and the last once it has ended.
    State {
        /// Where it stands in its life.
        state: SessionState,
        /// Whether the shell waits for a command; left out if it does not tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_prompt: Option<bool>,
        /// The window title.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// Where the shell stands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cwd: Option<String>,
        /// Code or signal, once ended and if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<ExitStatus>,
        /// Why it ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end_reason: Option<String>,
    },
    /// The window title is now this.
    Title {
        /// Plain text.
        title: String,
    },
    /// The shell stands in this directory.
    Cwd {
        /// An absolute path.
        cwd: String,
    },
    /// A command runs.
    CommandStarted,
    /// It ended.
    CommandEnded {
        /// Its exit code, if the shell told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
        /// How long it took, ms; left out if that was not seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_ms: Option<u64>,
    },
    /// The bell rang.
    Bell,
    /// The program wants the user told.
    Notification {
        /// Plain text.
        message: String,
    },
    /// The program tells how far it is.
    Progress {
        /// Per cent; left out: busy without a known end, or over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        percent: Option<u8>,
    },
    /// Older events are not kept any more: look at the state again.
    Missed,
}

impl Happened {
    /// The event's name.
    pub fn word(&self) -> &'static str {
        match self {
            Self::State { .. } => "state",
            Self::Title { .. } => "title",
            Self::Cwd { .. } => "cwd",
            Self::CommandStarted => "command_started",
            Self::CommandEnded { .. } => "command_ended",
            Self::Bell => "bell",
            Self::Notification { .. } => "notification",
            Self::Progress { .. } => "progress",
            Self::Missed => "missed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_events() {
        let ended = ProgramEvent {
            offset: Offset(7),
            happened: Happened::CommandEnded {
                exit_code: Some(1),
                duration_ms: None,
            },
        };
        let golden = r#"{"offset":7,"type":"command_ended","exit_code":1}"#;
        assert_eq!(serde_json::to_string(&ended).unwrap(), golden);
        assert_eq!(serde_json::from_str::<ProgramEvent>(golden).unwrap(), ended);
        for happened in [Happened::Bell, Happened::Missed, Happened::CommandStarted] {
            let json = serde_json::to_value(&happened).unwrap();
            assert_eq!(json["type"], happened.word());
        }
    }

    #[test]
    fn golden_requests() {
        let wait: WaitRequest = serde_json::from_str(r#"{"for":"silence","value":500}"#).unwrap();
        assert_eq!(
            (wait.kind, wait.value),
            (WaitKind::Silence, Some(WaitValue::Ms(500)))
        );
        let wait: WaitRequest = serde_json::from_str(r#"{"for":"text","value":"500","from":3}"#).unwrap();
        assert_eq!(
            (wait.value, wait.from),
            (Some(WaitValue::Text("500".into())), Some(Offset(3)))
        );
        let signal: SendSignal = serde_json::from_str(r#"{"signal":"INT"}"#).unwrap();
        assert_eq!(signal.signal, Signal::Int);
    }
}
