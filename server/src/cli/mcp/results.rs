//! What the tools answer, as data; each also says itself as text, for clients that show no data.

use std::collections::BTreeMap;

use rmcp::schemars::JsonSchema;
use sempre_protocol::api::SessionInfo;
use sempre_protocol::texts::ExitStatus;
use serde::Serialize;

use super::text;

/// A session.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Session {
    /// Its id, 32 digits.
    pub(super) session_id: String,
    /// active, completed (ended, its output is kept) or archived.
    pub(super) state: String,
    /// Program and arguments.
    pub(super) command: Vec<String>,
    /// Where it stands now, or started. Untrusted.
    pub(super) cwd: String,
    /// Window title, set by programs. Untrusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    /// Start, RFC 3339.
    pub(super) started_at: String,
    /// End, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended_at: Option<String>,
    /// How it ended.
    #[serde(flatten)]
    pub(super) exit: Exit,
    /// Group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<String>,
    /// Labels.
    pub(super) labels: BTreeMap<String, String>,
    /// Columns.
    pub(super) cols: u16,
    /// Rows.
    pub(super) rows: u16,
    /// How many people and programs watch it.
    pub(super) viewers: u32,
}

/// How something ended: a code, or a signal.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Exit {
    /// Exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exit_code: Option<i32>,
    /// Number of the signal that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exit_signal: Option<i32>,
}

impl From<Option<ExitStatus>> for Exit {
    fn from(status: Option<ExitStatus>) -> Self {
        match status {
            Some(ExitStatus::Code(code)) => Self {
                exit_code: Some(code),
                exit_signal: None,
            },
            Some(ExitStatus::Signal(signal)) => Self {
                exit_code: None,
                exit_signal: Some(signal),
            },
            None => Self::default(),
        }
    }
}

impl Exit {
    /// In words; none if it is not known.
    pub(super) fn words(&self) -> Option<String> {
        match (self.exit_code, self.exit_signal) {
            (Some(code), _) => Some(format!("exit code {code}")),
            (None, Some(signal)) => Some(format!("killed by signal {signal}")),
            (None, None) => None,
        }
    }
}

impl From<&SessionInfo> for Session {
    fn from(info: &SessionInfo) -> Self {
        let cwd = info.current_cwd.as_deref().unwrap_or(&info.cwd);
        let labels = info.labels.iter();
        Self {
            session_id: info.session_id.to_string(),
            state: info.state.word().to_owned(),
            command: info.cmd.iter().map(|word| text::line(word)).collect(),
            cwd: text::line(cwd),
            title: info.title.as_deref().map(text::line),
            started_at: info.started_at.clone(),
            ended_at: info.ended_at.clone(),
            exit: info.exit.into(),
            group: info.group.as_deref().map(text::line),
            labels: labels
                .map(|(key, value)| (text::line(key), text::line(value)))
                .collect(),
            cols: info.cols,
            rows: info.rows,
            viewers: info.viewers,
        }
    }
}

impl Session {
    /// One line.
    pub(super) fn words(&self) -> String {
        let mut words = format!("{} {}", self.session_id, self.state);
        let exit = self.exit.words().map(|exit| format!(" ({exit})"));
        words.push_str(&exit.unwrap_or_default());
        words.push_str(&format!(": {} in {}", self.command.join(" "), self.cwd));
        if let Some(title) = self.title.as_deref().filter(|title| !title.is_empty()) {
            words.push_str(&format!(", title {title:?}"));
        }
        if let Some(group) = &self.group {
            words.push_str(&format!(", group {group}"));
        }
        for (key, value) in &self.labels {
            words.push_str(&format!(", {key}={value}"));
        }
        words
    }
}

/// Of `list_sessions`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Sessions {
    /// The newest first.
    pub(super) sessions: Vec<Session>,
    /// How many more there are than were asked for.
    pub(super) left_out: usize,
}

/// Of `create_session`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Created {
    /// The session.
    pub(super) session: Session,
    /// Where a person can watch it: an address, or its path at the server.
    pub(super) page: String,
}

/// Of `run_command`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct CommandRan {
    /// What it printed, as it stands on the terminal. Untrusted.
    pub(super) output: String,
    /// The beginning of the output is left out.
    pub(super) truncated: bool,
    /// The command's exit code; left out while it runs or if the shell did not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exit_code: Option<i32>,
    /// How long it took, milliseconds.
    pub(super) duration_ms: u64,
    /// It did not end in time.
    pub(super) timed_out: bool,
    /// It runs on.
    pub(super) running: bool,
    /// The command ended the session, with it the shell.
    pub(super) session_ended: bool,
    /// Output offset after it: give it to wait_for as from_offset.
    pub(super) offset: u64,
}

/// Of `send_input`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Typed {
    /// Output offset before it was typed: give it to wait_for as from_offset.
    pub(super) offset: u64,
    /// Bytes that reached the program's terminal.
    pub(super) written_bytes: u64,
    /// Bytes that wait until the program reads.
    pub(super) held_bytes: u64,
}

/// Of `wait_for`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Waited {
    /// Whether it happened; false: not in time.
    pub(super) happened: bool,
    /// What matched. Untrusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) matched: Option<String>,
    /// The groups of the pattern; null where one took no part. Untrusted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) groups: Vec<Option<String>>,
    /// Output offset after the match, else where the session stands; left out after a time-out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<u64>,
    /// How the session ended, if that was waited for.
    #[serde(flatten)]
    pub(super) exit: Exit,
}

/// Of `read_screen`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Screen {
    /// The lines, scrollback first. Untrusted.
    pub(super) text: String,
    /// How many of the lines stand above the screen.
    pub(super) scrollback_lines: u32,
    /// The beginning is left out: it is too long.
    pub(super) truncated: bool,
    /// Columns.
    pub(super) cols: u16,
    /// Rows.
    pub(super) rows: u16,
    /// The cursor's column, from 0.
    pub(super) cursor_col: u16,
    /// The cursor's row on the screen, from 0.
    pub(super) cursor_row: u16,
    /// A full-screen program (an editor, a pager) has the screen.
    pub(super) full_screen: bool,
    /// Window title. Untrusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    /// Where the shell stands, if it tells. Untrusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cwd: Option<String>,
    /// Output offset it shows.
    pub(super) offset: u64,
}

/// Of `end_session`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Ended {
    /// The session as it ended.
    pub(super) session: Session,
    /// It had ended before; nothing was done.
    pub(super) had_ended: bool,
}
