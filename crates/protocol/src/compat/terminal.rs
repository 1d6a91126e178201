//! `WS /ws/terminal/{id}` (rows T5 and T6): JSON text frames, bytes in base64.
//!
//! Additive: clients skip a `type` they do not know, and so does the server.

use serde::{Deserialize, Serialize};

use super::Base64;
use crate::Offset;
use crate::texts::ErrorCode;

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TerminalSaid {
    /// What the program wrote, exactly.
    Output {
        /// The bytes.
        data: Base64,
        /// The session's output offset after them: `recover_from` of a later connection.
        seq: Offset,
    },
    /// The whole screen: reset the terminal, then write it. Output goes on at `seq`.
    Snapshot {
        /// Text and sequences that rebuild it.
        data: Base64,
        /// The offset it stands for.
        seq: Offset,
        /// The width it is for.
        cols: u16,
        /// The height it is for.
        rows: u16,
    },
    /// The session has this size from here on.
    Resize {
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// The session has ended; everything it wrote came before.
    Exit {
        /// The exit code; of a program that a signal ended 128 and the signal, as shells say it; none if it is lost.
        code: Option<i32>,
        /// The signal, if one ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        /// Why: `exited`, `ended`, `ttl`, …
        reason: String,
        /// The final offset.
        seq: Offset,
    },
    /// Every minute.
    Heartbeat {
        /// Seconds since the Unix epoch.
        timestamp: u64,
    },
    /// The answer to `ping`.
    Pong,
    /// What was asked for was not done.
    Error {
        /// For programs.
        code: ErrorCode,
        /// For people.
        message: String,
    },
    /// The server goes down and the session stays: connect again.
    Draining,
    /// A type this release does not know.
    #[serde(other)]
    Unknown,
}

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TerminalAsked {
    /// Bytes for the program, taken as fast as it reads.
    Input {
        /// The bytes.
        data: Base64,
    },
    /// The size of the client's terminal.
    Resize {
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// Output before `seq` is safe with the client: where `recover_from=last_sequence` goes on.
    Ack {
        /// The `seq` of the last message that counts.
        seq: Offset,
    },
    /// Asks for a `pong`.
    Ping,
    /// An answer to a ping; nothing follows from it.
    Pong,
    /// The client is there; nothing follows from it.
    Heartbeat,
    /// A type this release does not know.
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t5_golden_messages() {
        let said = |said: &TerminalSaid| serde_json::to_string(said).unwrap();
        let output = TerminalSaid::Output {
            data: Base64(b"hi".to_vec()),
            seq: Offset(2),
        };
        assert_eq!(said(&output), r#"{"type":"output","data":"aGk=","seq":2}"#);
        let exit = TerminalSaid::Exit {
            code: Some(0),
            signal: None,
            reason: "exited".into(),
            seq: Offset(2),
        };
        assert_eq!(
            said(&exit),
            r#"{"type":"exit","code":0,"reason":"exited","seq":2}"#
        );
        assert_eq!(
            said(&TerminalSaid::Heartbeat { timestamp: 7 }),
            r#"{"type":"heartbeat","timestamp":7}"#
        );
        let asked = |json: &str| serde_json::from_str::<TerminalAsked>(json).unwrap();
        assert_eq!(
            asked(r#"{"type": "input", "data": "ZWNobw0="}"#),
            TerminalAsked::Input {
                data: Base64(b"echo\r".to_vec())
            }
        );
        assert_eq!(
            asked(r#"{"type":"resize","rows":30,"cols":120}"#),
            TerminalAsked::Resize { cols: 120, rows: 30 }
        );
        assert_eq!(asked(r#"{"type":"hologram","depth":3}"#), TerminalAsked::Unknown);
    }
}
