//! The wire between server and holder: length-prefixed messages on the holder's Unix socket, the spec on the
//! pipe that starts it, and the manifest it leaves beside the journal.
//!
//! Versioned and additive: kinds are never reused, readers ignore fields they do not know, a holder started by
//! an old release works with a new server. Every message is `u32 length, u8 kind, payload`; the length counts
//! kind and payload; integers are big-endian.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::limits::MAX_CONTROL_BYTES;
use crate::texts::{ExitStatus, Signal};
use crate::{Offset, RunId, SessionId, Size, WriterId};

/// Version of this wire; a peer with another one is still talked to, fields decide.
pub const CONTROL_VERSION: u32 = 1;

/// Name of the holder's socket in the session's directory.
pub const SOCKET_NAME: &str = "sock";
/// Name of the file whose exclusive lock means that the holder lives. It holds the holder's pid.
pub const LOCK_NAME: &str = "lock";
/// Name of the [`Manifest`] in the session's directory.
pub const MANIFEST_NAME: &str = "session.json";

const KIND_HELLO: u8 = 0x01;
const KIND_INPUT: u8 = 0x02;
const KIND_REQUEST: u8 = 0x03;
const KIND_ENGINE_REPLY: u8 = 0x04;
const KIND_HOLDER_HELLO: u8 = 0x81;
const KIND_TAIL: u8 = 0x82;
const KIND_INPUT_ACK: u8 = 0x83;
const KIND_REPLY: u8 = 0x84;
const KIND_EVENT: u8 = 0x85;
const KIND_DATA: u8 = 0x86;

const INPUT_HAS_SIZE: u8 = 1;

/// Why a control message cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The length word is zero or above the limit.
    #[error("a control message of {0} bytes is outside 1..={MAX_CONTROL_BYTES}")]
    Length(usize),
    /// The message ends within its header.
    #[error("a control message of kind {0:#04x} ends too early")]
    Short(u8),
}

/// One message as it travels; JSON payloads are left to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control<'a> {
    /// Server → holder, first: [`ServerHello`] as JSON.
    Hello(&'a [u8]),
    /// Server → holder: input of one writer; a size is set before the bytes are written.
    Input {
        /// Whose stream.
        writer: WriterId,
        /// Input offset of the first byte.
        offset: Offset,
        /// Hand-over: the size of the writer that types now.
        size: Option<Size>,
        /// What was typed.
        bytes: &'a [u8],
    },
    /// Server → holder: [`Request`] as JSON.
    Request(&'a [u8]),
    /// Server → holder: the engine's answer to a terminal query; empty marks it answered.
    EngineReply {
        /// Journal offset after the query's last byte; only ever rises.
        query_offset: Offset,
        /// The answer for the program.
        bytes: &'a [u8],
    },
    /// Holder → server, first: [`HolderHello`] as JSON.
    HolderHello(&'a [u8]),
    /// Holder → server: the journal reaches this far.
    Tail {
        /// End of the journal.
        offset: Offset,
        /// Oldest byte kept.
        base_offset: Offset,
    },
    /// Holder → server: input of `writer` before `offset` is in the PTY.
    InputAck {
        /// Whose stream.
        writer: WriterId,
        /// Input offset after the last byte written.
        offset: Offset,
    },
    /// Holder → server: [`Reply`] as JSON.
    Reply(&'a [u8]),
    /// Holder → server: [`Event`] as JSON.
    Event(&'a [u8]),
    /// Holder → server: journal bytes that are not on the disk, for [`Op::Read`].
    Data {
        /// The request answered.
        id: u64,
        /// Offset of the first byte: later than asked for if those between are lost.
        offset: Offset,
        /// The bytes; empty: the holder has none from there on.
        bytes: &'a [u8],
    },
    /// A kind this release does not know; skipped.
    Unknown(u8),
}

/// Splits `n` bytes off the front.
fn take<'a, const N: usize>(rest: &mut &'a [u8], kind: u8) -> Result<&'a [u8; N], ControlError> {
    let (head, tail) = rest.split_first_chunk().ok_or(ControlError::Short(kind))?;
    *rest = tail;
    Ok(head)
}

impl<'a> Control<'a> {
    /// The first whole message in `buffer` and the bytes it takes up; none while it is incomplete.
    pub fn decode(buffer: &'a [u8]) -> Result<Option<(Self, usize)>, ControlError> {
        let Some((length, rest)) = buffer.split_first_chunk() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length) as usize;
        if length == 0 || length > MAX_CONTROL_BYTES {
            return Err(ControlError::Length(length));
        }
        let Some(message) = rest.get(..length) else {
            return Ok(None);
        };
        let (&kind, payload) = message.split_first().ok_or(ControlError::Length(length))?;
        Ok(Some((Self::decode_payload(kind, payload)?, 4 + length)))
    }

    fn decode_payload(kind: u8, mut rest: &'a [u8]) -> Result<Self, ControlError> {
        let rest = &mut rest;
        let offset = |rest: &mut &'a [u8]| Ok(Offset(u64::from_be_bytes(*take(rest, kind)?)));
        Ok(match kind {
            KIND_HELLO => Self::Hello(rest),
            KIND_INPUT => {
                let writer = WriterId::from_bytes(*take(rest, kind)?);
                let offset = offset(rest)?;
                let [flags] = *take(rest, kind)?;
                let size = if flags & INPUT_HAS_SIZE != 0 {
                    let cols = u16::from_be_bytes(*take(rest, kind)?);
                    let rows = u16::from_be_bytes(*take(rest, kind)?);
                    Some(Size::new(cols, rows))
                } else {
                    None
                };
                Self::Input {
                    writer,
                    offset,
                    size,
                    bytes: rest,
                }
            }
            KIND_REQUEST => Self::Request(rest),
            KIND_ENGINE_REPLY => Self::EngineReply {
                query_offset: offset(rest)?,
                bytes: rest,
            },
            KIND_HOLDER_HELLO => Self::HolderHello(rest),
            KIND_TAIL => Self::Tail {
                offset: offset(rest)?,
                base_offset: offset(rest)?,
            },
            KIND_INPUT_ACK => Self::InputAck {
                writer: WriterId::from_bytes(*take(rest, kind)?),
                offset: offset(rest)?,
            },
            KIND_REPLY => Self::Reply(rest),
            KIND_EVENT => Self::Event(rest),
            KIND_DATA => {
                let id = u64::from_be_bytes(*take(rest, kind)?);
                Self::Data {
                    id,
                    offset: offset(rest)?,
                    bytes: rest,
                }
            }
            unknown => Self::Unknown(unknown),
        })
    }

    /// Appends the message to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        match *self {
            Self::Hello(json) => put(out, KIND_HELLO, &[json]),
            Self::Input {
                writer,
                offset,
                size: None,
                bytes,
            } => {
                put(
                    out,
                    KIND_INPUT,
                    &[writer.as_bytes(), &offset.0.to_be_bytes(), &[0], bytes],
                );
            }
            Self::Input {
                writer,
                offset,
                size: Some(size),
                bytes,
            } => {
                let (cols, rows) = (size.cols.to_be_bytes(), size.rows.to_be_bytes());
                let parts: [&[u8]; 6] = [
                    writer.as_bytes(),
                    &offset.0.to_be_bytes(),
                    &[INPUT_HAS_SIZE],
                    &cols,
                    &rows,
                    bytes,
                ];
                put(out, KIND_INPUT, &parts);
            }
            Self::Request(json) => put(out, KIND_REQUEST, &[json]),
            Self::EngineReply { query_offset, bytes } => {
                put(out, KIND_ENGINE_REPLY, &[&query_offset.0.to_be_bytes(), bytes]);
            }
            Self::HolderHello(json) => put(out, KIND_HOLDER_HELLO, &[json]),
            Self::Tail { offset, base_offset } => {
                put(
                    out,
                    KIND_TAIL,
                    &[&offset.0.to_be_bytes(), &base_offset.0.to_be_bytes()],
                );
            }
            Self::InputAck { writer, offset } => {
                put(out, KIND_INPUT_ACK, &[writer.as_bytes(), &offset.0.to_be_bytes()]);
            }
            Self::Reply(json) => put(out, KIND_REPLY, &[json]),
            Self::Event(json) => put(out, KIND_EVENT, &[json]),
            Self::Data { id, offset, bytes } => {
                put(
                    out,
                    KIND_DATA,
                    &[&id.to_be_bytes(), &offset.0.to_be_bytes(), bytes],
                );
            }
            Self::Unknown(kind) => put(out, kind, &[]),
        }
        let length = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
        if let Some(word) = out.get_mut(start..start + 4) {
            word.copy_from_slice(&length.to_be_bytes());
        }
    }
}

fn put(out: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    out.push(kind);
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

/// The server introduces itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerHello {
    /// [`CONTROL_VERSION`] of the server.
    pub version: u32,
    /// The session it means; a holder of another one refuses.
    pub session: SessionId,
}

/// The holder introduces itself: all a server must know to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderHello {
    /// [`CONTROL_VERSION`] of the holder.
    pub version: u32,
    /// The holder's release.
    pub release: String,
    /// Its session.
    pub session: SessionId,
    /// The child process.
    pub run: RunId,
    /// The holder's own pid.
    pub holder_pid: u32,
    /// The child's pid; none once it was reaped.
    pub pid: Option<u32>,
    /// The size of the PTY now.
    pub size: Size,
    /// The offset at which that size took effect.
    pub size_offset: Offset,
    /// End of the journal.
    pub offset: Offset,
    /// Oldest byte kept.
    pub base_offset: Offset,
    /// Journal offset of the newest terminal query that was answered.
    #[serde(default)]
    pub answered_offset: Offset,
    /// Set while the disk refuses output: what it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_error: Option<String>,
}

/// A question or order that is answered by a [`Reply`] with the same id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the server; comes back in the reply.
    pub id: u64,
    /// What to do.
    #[serde(flatten)]
    pub op: Op,
}

/// What a holder can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// Sets the size of the PTY.
    Resize {
        /// Cells per row.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// Signals the foreground process group.
    Signal {
        /// Which.
        signal: Signal,
    },
    /// Ends the session: SIGHUP, after the grace SIGKILL.
    End {
        /// Time between SIGHUP and SIGKILL, ms.
        grace_ms: u64,
        /// Kept in the exit record.
        reason: EndReason,
    },
    /// Where a writer's input stands.
    Writer {
        /// Whose stream.
        writer: WriterId,
    },
    /// The server's newest durable keyframe: bytes after it stay until four times the budget.
    Keyframe {
        /// Journal offset of the keyframe.
        offset: Offset,
    },
    /// Journal bytes, from memory if the disk does not have them; answered by [`Control::Data`].
    Read {
        /// Offset of the first byte.
        offset: Offset,
        /// At most this many.
        max_bytes: u32,
    },
    /// An order of a later release; answered with an error.
    #[serde(other)]
    Unknown,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The child ended by itself.
    Exited,
    /// Someone ended the session.
    Ended,
    /// Its time to live was over.
    Ttl,
    /// It was idle for too long.
    Idle,
    /// The machine or the service went down.
    Shutdown,
    /// Its holder was lost.
    Orphaned,
    /// Its group had too many sessions, and this one was the idle one with the oldest activity.
    GroupLimit,
    /// A reason this release does not know.
    #[serde(other)]
    Unknown,
}

impl EndReason {
    /// By number; only ever longer.
    const ALL: [Self; 8] = [
        Self::Exited,
        Self::Ended,
        Self::Ttl,
        Self::Idle,
        Self::Shutdown,
        Self::Orphaned,
        Self::Unknown,
        Self::GroupLimit,
    ];

    /// The number in the journal's exit record.
    pub fn code(self) -> u8 {
        Self::ALL
            .iter()
            .position(|&reason| reason == self)
            .and_then(|n| u8::try_from(n).ok())
            .unwrap_or(6)
    }

    /// The reason with this number.
    pub fn from_code(code: u8) -> Self {
        Self::ALL.get(usize::from(code)).copied().unwrap_or(Self::Unknown)
    }

    /// The reason with this word.
    pub fn from_word(word: &str) -> Self {
        let known = Self::ALL.into_iter().find(|reason| reason.word() == word);
        known.unwrap_or(Self::Unknown)
    }

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exited => "exited",
            Self::Ended => "ended",
            Self::Ttl => "ttl",
            Self::Idle => "idle",
            Self::Shutdown => "shutdown",
            Self::Orphaned => "orphaned",
            Self::GroupLimit => "group_limit",
            Self::Unknown => "unknown",
        }
    }
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The request's id.
    pub id: u64,
    /// Set when the request failed: what went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// For [`Op::Writer`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<WriterState>,
}

/// Where a writer's input stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriterState {
    /// Whether the holder has had input of this writer.
    pub known: bool,
    /// Input before this is in the PTY.
    pub written: Offset,
    /// Input before this was taken over by the holder; the next byte expected.
    pub accepted: Offset,
}

/// Something happened that nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The PTY has a new size for output from `offset` on.
    Resized {
        /// Output offset it takes effect at.
        offset: Offset,
        /// The new size.
        size: Size,
    },
    /// Input was not taken.
    InputRefused {
        /// Whose stream.
        writer: WriterId,
        /// `true`: it began beyond the expected offset; `false`: the holder holds its limit already.
        gap: bool,
        /// The next byte expected.
        accepted: Offset,
    },
    /// The child was reaped and the journal is complete and synced.
    Exit {
        /// Final output offset.
        offset: Offset,
        /// Code or signal.
        #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
        status: Option<ExitStatus>,
        /// Why.
        reason: EndReason,
        /// When, ms since the Unix epoch, as in the journal's exit record.
        time_ms: u64,
    },
    /// The disk refuses output (with what it said), or takes it again (none).
    Disk {
        /// What the disk said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// An event of a later release; skipped.
    #[serde(other)]
    Unknown,
}

/// What a holder is started with: one JSON object on its standard input, then end of file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// [`CONTROL_VERSION`] of the server.
    pub version: u32,
    /// What to remember of the session.
    pub manifest: Manifest,
    /// The child's whole environment.
    pub child_env: BTreeMap<String, String>,
    /// Journal bytes kept before the oldest segments go.
    pub budget_bytes: u64,
}

/// What a session is, for ever: `session.json` in its directory, mode 0600. The journal beside it is its output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The session.
    pub session: SessionId,
    /// The child process.
    pub run: RunId,
    /// Start, ms since the Unix epoch.
    pub started_at_ms: u64,
    /// The shell by its name, as asked for.
    pub shell: String,
    /// Program and arguments; the program is absolute or found on the child's PATH.
    pub cmd: Vec<String>,
    /// The program is started as a login shell (`argv[0]` with a leading `-`).
    #[serde(default)]
    pub login: bool,
    /// Absolute working directory the child started in.
    pub cwd: String,
    /// Size it started with.
    pub size: Size,
    /// Environment the request asked for; values are never shown.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Sessions that belong together share a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// `key=value` labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Whom the request named as user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The session this one repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted_from: Option<SessionId>,
    /// It is ended when nothing happened for this long, seconds; 0: never.
    #[serde(default)]
    pub ttl_s: u64,
    /// It is ended when its shell waited at the prompt, unwatched, for this long, seconds; 0: never.
    #[serde(default)]
    pub idle_s: u64,
    /// The child's pid at its start; 0 until it was started.
    #[serde(default)]
    pub pid: u32,
}

/// What a holder says on its standard output, one JSON object, before it detaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "started", rename_all = "snake_case")]
pub enum StartReport {
    /// The child runs; the socket accepts.
    Ok {
        /// The child's pid.
        pid: u32,
    },
    /// Nothing was started and nothing is left behind.
    Failed(StartError),
}

/// Why a child could not be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct StartError {
    /// What was wrong.
    pub what: StartFault,
    /// The path it is about.
    pub path: String,
    /// The system's error number, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// For people: what, which path, and what to do.
    pub message: String,
}

/// Which part of a spec could not be honoured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartFault {
    /// The program is missing or cannot be executed.
    Program,
    /// The working directory is missing or cannot be entered.
    Cwd,
    /// The machine refused: files, processes, PTYs, disk.
    System,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(control: Control<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        control.encode(&mut out);
        out
    }

    #[test]
    fn golden_messages() {
        let writer = WriterId::from_bytes(*b"wwwwwwwwwwwwwwww");
        let (offset, base_offset) = (Offset(0x0102), Offset(3));
        let cases: [(Control<'_>, &[u8]); 11] = [
            (Control::Hello(b"{}"), b"\0\0\0\x03\x01{}"),
            (
                Control::Input {
                    writer,
                    offset,
                    size: None,
                    bytes: b"x",
                },
                b"\0\0\0\x1b\x02wwwwwwwwwwwwwwww\0\0\0\0\0\0\x01\x02\0x",
            ),
            (
                Control::Input {
                    writer,
                    offset,
                    size: Some(Size { cols: 80, rows: 24 }),
                    bytes: b"x",
                },
                b"\0\0\0\x1f\x02wwwwwwwwwwwwwwww\0\0\0\0\0\0\x01\x02\x01\0\x50\0\x18x",
            ),
            (Control::Request(b"{}"), b"\0\0\0\x03\x03{}"),
            (
                Control::EngineReply {
                    query_offset: offset,
                    bytes: b"r",
                },
                b"\0\0\0\x0a\x04\0\0\0\0\0\0\x01\x02r",
            ),
            (Control::HolderHello(b"{}"), b"\0\0\0\x03\x81{}"),
            (
                Control::Tail { offset, base_offset },
                b"\0\0\0\x11\x82\0\0\0\0\0\0\x01\x02\0\0\0\0\0\0\0\x03",
            ),
            (
                Control::InputAck { writer, offset },
                b"\0\0\0\x19\x83wwwwwwwwwwwwwwww\0\0\0\0\0\0\x01\x02",
            ),
            (Control::Reply(b"{}"), b"\0\0\0\x03\x84{}"),
            (Control::Event(b"{}"), b"\0\0\0\x03\x85{}"),
            (
                Control::Data {
                    id: 5,
                    offset,
                    bytes: b"d",
                },
                b"\0\0\0\x12\x86\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\x01\x02d",
            ),
        ];
        for (control, golden) in cases {
            assert_eq!(bytes(control), golden, "{control:?}");
            assert_eq!(Control::decode(golden), Ok(Some((control, golden.len()))));
            let (_, cut) = golden.split_last().unwrap();
            assert_eq!(
                Control::decode(cut),
                Ok(None),
                "an incomplete message waits for the rest"
            );
        }
    }

    #[test]
    fn golden_json() {
        let request = Request {
            id: 1,
            op: Op::Resize { cols: 80, rows: 24 },
        };
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"id":1,"op":"resize","cols":80,"rows":24}"#
        );
        let end = Request {
            id: 2,
            op: Op::End {
                grace_ms: 5,
                reason: EndReason::Ended,
            },
        };
        assert_eq!(
            serde_json::to_string(&end).unwrap(),
            r#"{"id":2,"op":"end","grace_ms":5,"reason":"ended"}"#
        );
        let exit = Event::Exit {
            offset: Offset(1),
            status: Some(ExitStatus::Code(0)),
            reason: EndReason::Exited,
            time_ms: 9,
        };
        let golden = r#"{"event":"exit","offset":1,"code":0,"reason":"exited","time_ms":9}"#;
        assert_eq!(serde_json::to_string(&exit).unwrap(), golden);
        assert_eq!(serde_json::from_str::<Event>(golden).unwrap(), exit);
        assert_eq!(
            serde_json::from_str::<Event>(r#"{"event":"moon","x":1}"#).unwrap(),
            Event::Unknown
        );
        let later = serde_json::from_str::<Request>(r#"{"id":3,"op":"dance","to":"jazz"}"#).unwrap();
        assert_eq!(later.op, Op::Unknown);
    }

    #[test]
    fn lengths_outside_the_limits_are_refused() {
        assert_eq!(Control::decode(&[0; 8]), Err(ControlError::Length(0)));
        assert_eq!(
            Control::decode(&[255; 8]),
            Err(ControlError::Length(u32::MAX as usize))
        );
        assert_eq!(
            Control::decode(&[0, 0, 0, 2, KIND_TAIL, 0]),
            Err(ControlError::Short(KIND_TAIL))
        );
    }

    #[test]
    fn end_reasons_keep_their_numbers() {
        for (code, reason) in [
            (0, EndReason::Exited),
            (1, EndReason::Ended),
            (5, EndReason::Orphaned),
            (6, EndReason::Unknown),
            (7, EndReason::GroupLimit),
        ] {
            assert_eq!(EndReason::from_word(reason.word()), reason);
            assert_eq!((reason.code(), EndReason::from_code(code)), (code, reason));
        }
        assert_eq!(EndReason::from_code(200), EndReason::Unknown);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_decoder_panic(data: Vec<u8>) {
            let _ = Control::decode(&data);
        }
    }
}
