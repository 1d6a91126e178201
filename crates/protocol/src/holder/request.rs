//! Questions and orders of a server, and what a holder answers.

use serde::{Deserialize, Serialize};

use super::EndReason;
use crate::texts::Signal;
use crate::{Offset, WriterId};

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
    /// Signals the foreground process group. INT, QUIT and TSTP throw away the input that was not read, as their
    /// keys do: it counts as written.
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
    /// Journal bytes, from memory if the disk does not have them; answered by [`super::Control::Data`].
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

#[cfg(test)]
mod tests {
    use super::*;

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
        let later = serde_json::from_str::<Request>(r#"{"id":3,"op":"dance","to":"jazz"}"#).unwrap();
        assert_eq!(later.op, Op::Unknown);
    }
}
