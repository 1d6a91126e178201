//! `/session/{sid}/pty…` (rows P1 to P4): PTYs of a group, with snapshots and a stream of events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Base64;
use crate::texts::ExitStatus;
use crate::{Offset, SessionId};

/// Body of `POST /session/{sid}/pty`. Everything may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatePty {
    /// Program and arguments; none: the server's default shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    /// Columns, 80 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cols: Option<u16>,
    /// Rows, 24 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u16>,
    /// Working directory, absolute or starting with `~/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Environment on top of the server's allow-list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// How long it may wait idle, seconds; 1800 if left out, 0: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<u64>,
}

/// Whether a PTY's program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PtyStatus {
    /// It runs.
    Running,
    /// It has ended; the output is kept.
    Exited,
}

/// A PTY as these routes show it; the answer to creating one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PtyInfo {
    /// Its id, which is the session's id everywhere else.
    #[serde(rename = "ptyID")]
    pub pty_id: SessionId,
    /// Program and arguments.
    pub cmd: Vec<String>,
    /// Working directory it started in.
    pub cwd: String,
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// Whether it runs.
    pub status: PtyStatus,
    /// The program's pid while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// How it ended, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<PtyExit>,
    /// Start, RFC 3339.
    pub created_at: String,
    /// Last output, input, attach or resize, ms since the Unix epoch.
    pub last_activity: u64,
}

/// Body of `…/input`: text, or bytes, or text and then bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PtyInput {
    /// Text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Bytes, for what is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_b64: Option<Base64>,
}

/// Answer to `…/input`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PtyWritten {
    /// Bytes taken.
    pub bytes: u64,
    /// Whether all of them have reached the PTY; if not, they wait until its program reads.
    pub written: bool,
}

/// Body of `…/resize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResizePty {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

/// Answer to `…/snapshot`, and data of the event `snapshot`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PtySnapshot {
    /// The screen and what scrolled off it, in the format that was asked for.
    pub data: String,
    /// The output offset it stands for.
    pub offset: Offset,
    /// Columns it is for.
    pub cols: u16,
    /// Rows it is for.
    pub rows: u16,
}

/// Data of the event `data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PtyData {
    /// What the program wrote; what is no UTF-8 in it is replaced by `U+FFFD`.
    pub data: String,
    /// The same, exactly; only there if something was replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b64: Option<Base64>,
}

/// Data of the event `resize`.
pub type PtySize = ResizePty;

/// Data of the event `exit`, and how an ended PTY is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PtyExit {
    /// The exit code; of a program that a signal ended 128 and the signal, as shells say it; none if it is lost.
    pub code: Option<i32>,
    /// The signal, if one ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
}

impl From<Option<ExitStatus>> for PtyExit {
    fn from(status: Option<ExitStatus>) -> Self {
        match status {
            Some(ExitStatus::Code(code)) => Self {
                code: Some(code),
                signal: None,
            },
            Some(ExitStatus::Signal(signal)) => Self {
                code: Some(128_i32.saturating_add(signal)),
                signal: Some(signal),
            },
            None => Self {
                code: None,
                signal: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_p4_golden_json() {
        let create: CreatePty =
            serde_json::from_str(r#"{"cmd": ["bash", "-l"], "cols": 80, "rows": 24}"#).unwrap();
        assert_eq!(
            create.cmd.as_deref(),
            Some(&["bash".to_owned(), "-l".to_owned()][..])
        );
        assert_eq!((create.cols, create.rows), (Some(80), Some(24)));
        let exit = |status| serde_json::to_string(&PtyExit::from(status)).unwrap();
        assert_eq!(exit(Some(ExitStatus::Code(0))), r#"{"code":0}"#);
        assert_eq!(exit(Some(ExitStatus::Signal(9))), r#"{"code":137,"signal":9}"#);
        assert_eq!(exit(None), r#"{"code":null}"#);
        let data = PtyData {
            data: "x".into(),
            b64: None,
        };
        assert_eq!(serde_json::to_string(&data).unwrap(), r#"{"data":"x"}"#);
    }
}
