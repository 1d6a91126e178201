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
mod tests {
    use super::*;
    use crate::viewers::PeerKind;

    fn json<T: Serialize>(value: &T) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn golden_hello() {
        let hello = ServerText::Hello(Hello {
            session: SessionId::from_bytes([1; 16]),
            writer: WriterId::from_bytes([2; 16]),
            run: RunId::from_bytes([3; 16]),
            writer_known: true,
            offset: Offset(10),
            base_offset: Offset(0),
            tail_offset: Offset(12),
            input_offset: Offset(4),
            input_accepted: Some(Offset(5)),
            input_window: 262_144,
            size: Size::DEFAULT,
            role: Role::Writer,
            viewer: 6,
            answers: false,
            reset: true,
            server_version: "0.1.0".into(),
        });
        assert_eq!(
            json(&hello),
            "{\"type\":\"hello\",\"session\":\"01010101010101010101010101010101\",\
             \"writer\":\"02020202020202020202020202020202\",\"run\":\"03030303030303030303030303030303\",\
             \"writer_known\":true,\"offset\":10,\"base_offset\":0,\"tail_offset\":12,\"input_offset\":4,\"input_accepted\":5,\
             \"input_window\":262144,\"size\":{\"cols\":80,\"rows\":24},\"role\":\"writer\",\"viewer\":6,\"answers\":false,\
             \"reset\":true,\"server_version\":\"0.1.0\"}"
        );
        assert_eq!(serde_json::from_str::<ServerText>(&json(&hello)).unwrap(), hello);
    }

    #[test]
    fn golden_server_texts() {
        let cases = [
            (
                ServerText::InputAck { offset: Offset(3) },
                r#"{"type":"input_ack","offset":3}"#,
            ),
            (
                ServerText::Resized {
                    offset: Offset(7),
                    cols: 80,
                    rows: 24,
                },
                r#"{"type":"resized","offset":7,"cols":80,"rows":24}"#,
            ),
            (
                ServerText::Title { title: "t".into() },
                r#"{"type":"title","title":"t"}"#,
            ),
            (ServerText::Cwd { cwd: "/".into() }, r#"{"type":"cwd","cwd":"/"}"#),
            (ServerText::Bell, r#"{"type":"bell"}"#),
            (
                ServerText::Progress { percent: Some(5) },
                r#"{"type":"progress","percent":5}"#,
            ),
            (
                ServerText::Notify { message: "m".into() },
                r#"{"type":"notify","message":"m"}"#,
            ),
            (
                ServerText::Viewers {
                    count: 2,
                    writers: 1,
                    who: Vec::new(),
                },
                r#"{"type":"viewers","count":2,"writers":1}"#,
            ),
            (
                ServerText::Viewers {
                    count: 1,
                    writers: 1,
                    who: vec![ViewerInfo {
                        viewer: 4,
                        role: Role::Writer,
                        typing: true,
                        since: "2026-11-20T10:00:00Z".into(),
                        peer: PeerKind::Network,
                        name: Some("n".into()),
                        client: Some("Firefox".into()),
                    }],
                },
                r#"{"type":"viewers","count":1,"writers":1,"who":[{"viewer":4,"role":"writer","typing":true,"since":"2026-11-20T10:00:00Z","peer":"network","name":"n","client":"Firefox"}]}"#,
            ),
            (
                ServerText::Inexact { inexact: true },
                r#"{"type":"inexact","inexact":true}"#,
            ),
            (
                ServerText::Answers { answers: true },
                r#"{"type":"answers","answers":true}"#,
            ),
            (
                ServerText::Exit {
                    offset: Offset(9),
                    status: Some(ExitStatus::Code(3)),
                    reason: "exited".into(),
                },
                r#"{"type":"exit","offset":9,"code":3,"reason":"exited"}"#,
            ),
            (
                ServerText::Exit {
                    offset: Offset(9),
                    status: Some(ExitStatus::Signal(9)),
                    reason: "exited".into(),
                },
                r#"{"type":"exit","offset":9,"signal":9,"reason":"exited"}"#,
            ),
            (ServerText::Draining, r#"{"type":"draining"}"#),
            (
                ServerText::Heartbeat { time_ms: 1 },
                r#"{"type":"heartbeat","time_ms":1}"#,
            ),
            (ServerText::Pong, r#"{"type":"pong"}"#),
            (
                ServerText::Error {
                    code: ErrorCode::InputGap,
                    message: "m".into(),
                    input_offset: Some(Offset(1)),
                },
                r#"{"type":"error","code":"input_gap","message":"m","input_offset":1}"#,
            ),
        ];
        for (text, golden) in cases {
            assert_eq!(json(&text), golden);
            assert_eq!(serde_json::from_str::<ServerText>(golden).unwrap(), text);
        }
    }

    const GOLDEN_THEME: &str = r##"{"type":"theme","foreground":"#c0caf5","background":"#1a1b26","cursor":"#ffffff","ansi":["#000000","#000001","#000002","#000003","#000004","#000005","#000006","#000007","#000008","#000009","#00000a","#00000b","#00000c","#00000d","#00000e","#00000f"]}"##;

    #[test]
    fn golden_client_texts() {
        let colour = |text: &str| text.parse().unwrap();
        let theme = Theme {
            foreground: colour("#c0caf5"),
            background: colour("#1a1b26"),
            cursor: colour("#ffffff"),
            ansi: std::array::from_fn(|n| colour(&format!("#{n:06x}"))),
        };
        let cases = [
            (
                ClientText::Resize { cols: 80, rows: 24 },
                r#"{"type":"resize","cols":80,"rows":24}"#,
            ),
            (
                ClientText::Ack { offset: Offset(5) },
                r#"{"type":"ack","offset":5}"#,
            ),
            (ClientText::Typing, r#"{"type":"typing"}"#),
            (
                ClientText::Signal { signal: Signal::Int },
                r#"{"type":"signal","signal":"INT"}"#,
            ),
            (ClientText::Theme(theme), GOLDEN_THEME),
            (ClientText::Ping, r#"{"type":"ping"}"#),
        ];
        for (text, golden) in cases {
            assert_eq!(json(&text), golden);
            assert_eq!(serde_json::from_str::<ClientText>(golden).unwrap(), text);
        }
    }

    #[test]
    fn texts_of_a_later_release_are_skipped_by_a_client() {
        let text: ServerText = serde_json::from_str(r#"{"type":"hologram","depth":3}"#).unwrap();
        assert_eq!(text, ServerText::Unknown);
        let exit: ServerText =
            serde_json::from_str(r#"{"type":"exit","offset":9,"reason":"orphaned"}"#).unwrap();
        assert_eq!(
            exit,
            ServerText::Exit {
                offset: Offset(9),
                status: None,
                reason: "orphaned".into()
            }
        );
    }
}
