//! What a holder is started with, what it leaves beside the journal, and how it reports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::confinement::{Confinement, LimitsInForce};
use crate::{RunId, SessionId, Size};

/// What a holder is started with: one JSON object on its standard input, then end of file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// [`super::CONTROL_VERSION`] of the server.
    pub version: u32,
    /// What to remember of the session.
    pub manifest: Manifest,
    /// The child's whole environment.
    pub child_env: BTreeMap<String, String>,
    /// Arguments after the manifest's own that are Sempre's matter and nobody else's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// What the child is held to; with it the holder is started with [`super::CONFINE_ARGUMENT`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confinement: Option<Confinement>,
    /// Journal bytes kept before the oldest segments go.
    pub budget_bytes: u64,
    /// Size of the recording of input at which it ends, bytes; none: the holder's own. Means nothing without
    /// [`Manifest::records_input`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_budget_bytes: Option<u64>,
    /// Soft limit of open files that the child begins with, at most the hard one; none: the holder's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_files: Option<u64>,
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
    /// Who made it: only they and administrators may type. None: whoever has the server's own token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The session this one repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted_from: Option<SessionId>,
    /// It is ended when nothing happened for this long, seconds; 0: never.
    #[serde(default)]
    pub ttl_s: u64,
    /// It is ended when its shell waited at the prompt, unwatched, for this long, seconds; 0: never.
    #[serde(default)]
    pub idle_s: u64,
    /// The name its shell gives itself in OSC 133, if Sempre set up shell integration; else left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell_aid: Option<String>,
    /// What is typed is recorded beside the journal (`docs/journal.md`). A holder of an older release leaves this out
    /// of `session.json`, and records nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub records_input: bool,
    /// The Unix user its processes run as; none: as the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as: Option<String>,
    /// What its processes are limited to.
    #[serde(default, skip_serializing_if = "LimitsInForce::is_none")]
    pub limits: LimitsInForce,
    /// Directory of its control group, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<String>,
    /// When it was made of a recording from elsewhere, ms since the Unix epoch; none: it ran here. Its times are the
    /// recording's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_at_ms: Option<u64>,
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
