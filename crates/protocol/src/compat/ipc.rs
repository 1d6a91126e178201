//! JSON lines on the Unix socket `server.sock` (rows D2, D3, D5): sessions as a daemon that holds PTYs tells of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Base64;
use super::pty::PtyExit;
use crate::SessionId;
use crate::api::{SessionInfo, SessionState};

/// The code of a session that ended at once (row D5).
pub const EXITED_EARLY: &str = "DAEMON_PTY_EXITED_EARLY";

/// What a line asks for. Beside it stands `id`, which comes back with the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum IpcRequest {
    /// Starts a session.
    #[serde(alias = "create_session")]
    Create(IpcCreate),
    /// Makes the connection a viewer of a session: its output comes, and it may type.
    Attach {
        /// Which.
        session_id: String,
        /// Rows of the client's terminal; none: it has no size of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows: Option<u16>,
        /// Columns.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cols: Option<u16>,
    },
    /// Ends that, and the connection with it.
    Detach,
    /// Types into the session this connection is attached to.
    WriteStdin {
        /// What.
        data: Base64,
    },
    /// Says the size of the client's terminal while it is attached.
    ResizePty {
        /// Rows.
        rows: u16,
        /// Columns.
        cols: u16,
    },
    /// Ends a session if it runs, and removes it with its output.
    #[serde(alias = "destroy_session")]
    Destroy {
        /// Which.
        session_id: String,
    },
    /// Shows a session.
    GetSession {
        /// Which.
        session_id: String,
    },
    /// Shows all sessions.
    ListSessions,
    /// The newest of what a session wrote.
    ReadScrollback {
        /// Which.
        session_id: String,
    },
    /// Asks for an answer.
    Ping,
}

/// A session to be started. Everything may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpcCreate {
    /// A name the client gives it; it may be used in place of its id. No two running sessions have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Absolute, or starting with `~/`; the home directory if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    /// The program; none: the default shell as a login shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Environment on top of the server's allow-list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env_vars: BTreeMap<String, String>,
    /// Rows, 24 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u16>,
    /// Columns, 80 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cols: Option<u16>,
    /// The default shell as a login shell, whatever `command` says.
    #[serde(default)]
    pub use_login_shell: bool,
    /// The group it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// Whether a session's program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IpcStatus {
    /// It runs.
    Running,
    /// It has ended.
    Stopped,
}

/// A session as these lines show it (row D2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpcSession {
    /// Its id, the same as everywhere else.
    pub id: SessionId,
    /// Directory it started in.
    pub working_directory: String,
    /// Program and arguments, with spaces between them.
    pub command: String,
    /// Whether it runs.
    pub status: IpcStatus,
    /// Start, RFC 3339.
    pub created_at: String,
    /// Viewers attached; not of archived ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_count: Option<u32>,
    /// The program's pid while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pty_pid: Option<u32>,
    /// How it ended, if that is known: its code, or 128 and the signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
}

impl From<SessionInfo> for IpcSession {
    fn from(session: SessionInfo) -> Self {
        Self {
            id: session.session_id,
            working_directory: session.cwd,
            command: session.cmd.join(" "),
            status: match session.state {
                SessionState::Active => IpcStatus::Running,
                SessionState::Completed | SessionState::Archived => IpcStatus::Stopped,
            },
            created_at: session.started_at,
            client_count: (session.state != SessionState::Archived).then_some(session.viewers),
            pty_pid: session.pid,
            exit_code: PtyExit::from(session.exit).code,
        }
    }
}

/// What is answered. `id` is that of the request; what comes by itself has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum IpcReply {
    /// It was started.
    SessionCreated {
        /// Of the request.
        id: String,
        /// What it is.
        session: IpcSession,
    },
    /// It is this.
    SessionInfo {
        /// Of the request.
        id: String,
        /// What it is.
        session: IpcSession,
    },
    /// They are these, newest first.
    SessionList {
        /// Of the request.
        id: String,
        /// What they are.
        sessions: Vec<IpcSession>,
    },
    /// It wrote this.
    ScrollbackContents {
        /// Of the request.
        id: String,
        /// Exactly as it was written.
        data: Base64,
    },
    /// It is done.
    Ack {
        /// Of the request.
        id: String,
    },
    /// The session this connection is attached to wrote this.
    PtyOutput {
        /// Which.
        session_id: SessionId,
        /// Exactly as it was written.
        data: Base64,
    },
    /// Something became of the session this connection is attached to.
    SessionEvent {
        /// What.
        event: IpcEvent,
        /// Which.
        session_id: SessionId,
        /// How it ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        details: Option<PtyExit>,
    },
    /// It could not be done.
    Error {
        /// Of the request; empty if it could not be read.
        id: String,
        /// For programs.
        code: String,
        /// For people.
        message: String,
    },
}

/// What may become of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IpcEvent {
    /// It has ended; the last line of the connection.
    Stopped,
    /// The server goes down; the session stays.
    Draining,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d3_golden_lines() {
        let line = r#"{"id":"info-x","type":"get_session","session_id":"x"}"#;
        let read: IpcRequest = serde_json::from_str(line).unwrap();
        let session_id = "x".to_owned();
        assert_eq!(read, IpcRequest::GetSession { session_id });
        let line = r#"{"id":"1","type":"create_session","session_id":"app_branch","working_directory":"/tmp","command":"sh","args":["-c","exit 3"]}"#;
        let Ok(IpcRequest::Create(create)) = serde_json::from_str(line) else {
            panic!("{line}");
        };
        assert_eq!(create.command.as_deref(), Some("sh"));
        assert_eq!(create.args, ["-c", "exit 3"]);
        let line = r#"{"id":"2","type":"destroy_session","session_id":"x","force":true}"#;
        assert!(matches!(
            serde_json::from_str(line),
            Ok(IpcRequest::Destroy { .. })
        ));
        let error = IpcReply::Error {
            id: "1".into(),
            code: "session_not_found".into(),
            message: "no".into(),
        };
        assert_eq!(
            serde_json::to_string(&error).unwrap(),
            r#"{"type":"error","id":"1","code":"session_not_found","message":"no"}"#
        );
    }

    #[test]
    fn d2_what_is_not_known_is_left_out() {
        let session = IpcSession {
            id: SessionId::from_bytes([1; 16]),
            working_directory: "/".into(),
            command: "sh -c x".into(),
            status: IpcStatus::Stopped,
            created_at: "2026-01-01T00:00:00Z".into(),
            client_count: None,
            pty_pid: None,
            exit_code: None,
        };
        let id = "01".repeat(16);
        assert_eq!(
            serde_json::to_string(&session).unwrap(),
            format!(
                r#"{{"id":"{id}","working_directory":"/","command":"sh -c x","status":"stopped","created_at":"2026-01-01T00:00:00Z"}}"#
            )
        );
        let ended = IpcSession {
            exit_code: Some(1),
            ..session
        };
        assert!(
            serde_json::to_string(&ended)
                .unwrap()
                .ends_with(r#","exit_code":1}"#)
        );
    }
}
