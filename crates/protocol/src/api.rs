//! Types of the HTTP API, shared by server, page and other programs.
//!
//! Field names follow the rows of `docs/compatibility.md` (T1–T4): `uptime` and `last_activity` are seconds there;
//! every other time is RFC 3339 and every other duration has its unit in its name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::confinement::{LimitsInForce, ResourceLimits};
use crate::texts::ExitStatus;
use crate::{Offset, RunId, SessionId};

/// Where a session stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// Its process runs.
    Active,
    /// Its process ended; the journal is kept.
    Completed,
    /// Only metadata, summary and last screen are kept.
    Archived,
}

impl SessionState {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Archived => "archived",
        }
    }
}

/// Body of `POST /api/v1/sessions`. Everything may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// A shell by name (`bash`, `zsh`, …) or by absolute path; none: the server's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// Program and arguments instead of a shell. Never read from a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    /// Working directory, absolute or starting with `~/`; none: the home directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Rows, 24 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u16>,
    /// Columns, 80 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cols: Option<u16>,
    /// Environment on top of the server's allow-list; `$NAME` expands from that list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Whom the session is for; a name, not a permission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Sessions that belong together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// `key=value` labels such as `story` and `branch` (K8).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Ends the session when nothing happened for this long, seconds; 0: never; none: the server's
    /// `SESSION_TTL_SECONDS` (T7). Output, input, an attached viewer and a resize are what happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
    /// Ends the session when its shell waited at its prompt for this long, seconds, with nobody attached, nothing
    /// written and no other process in its terminal; 0 or none: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<u64>,
    /// Whether the shell is to tell where its prompt is and how commands ended (`docs/api.md`); none: as the server
    /// is set. Only for `bash`, `zsh` and `fish` asked for by `shell`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell_integration: Option<bool>,
    /// Whether what is typed is recorded beside the output (`docs/api.md`); none: as the server is set, which is no
    /// unless it says `--record-input always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_input: Option<bool>,
    /// What its processes may use; what is left out is as the server is set (T11).
    #[serde(default, skip_serializing_if = "ResourceLimits::is_none")]
    pub limits: ResourceLimits,
    /// The Unix user to run as, by name; none: as the server, or as it says for who asks. Only a server that runs as
    /// root can (T10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as: Option<String>,
}

/// Answer to `POST /api/v1/sessions` (T2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedSession {
    /// Path of the WebSocket with messages in JSON (T5), relative to the server.
    pub websocket_url: String,
    /// Path of the native WebSocket (`docs/protocol.md`).
    #[serde(default)]
    pub attach_url: String,
    /// Path of the standalone terminal page.
    pub page_url: String,
    /// The session as it stands.
    #[serde(flatten)]
    pub session: SessionInfo,
}

/// A session as the API shows it (T3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionInfo {
    /// Its id.
    pub session_id: SessionId,
    /// The shell by name, or the program's file name.
    pub shell: String,
    /// The child's pid; left out once the process is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Rows now.
    pub rows: u16,
    /// Columns now.
    pub cols: u16,
    /// Seconds since the start; of an ended session, how long it ran.
    pub uptime: u64,
    /// Last output, input, attach or resize, seconds since the Unix epoch.
    pub last_activity: u64,
    /// Where it stands in its life.
    pub state: SessionState,
    /// The child process.
    pub run: RunId,
    /// Program and arguments.
    pub cmd: Vec<String>,
    /// Working directory it started in.
    pub cwd: String,
    /// The window title the program set last: plain text, never markup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where the shell stands now, if it tells (OSC 7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_cwd: Option<String>,
    /// Start, RFC 3339.
    pub started_at: String,
    /// End, RFC 3339; left out while active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Code or signal; left out while active or if it was lost with the holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<ExitStatus>,
    /// Why it ended: `exited`, `ended`, `orphaned`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_reason: Option<String>,
    /// Group, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Who made it; left out: whoever has the server's own token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The Unix user it runs as; left out: the server's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as: Option<String>,
    /// What its processes are limited to, and by what; left out if by nothing.
    #[serde(default, skip_serializing_if = "LimitsInForce::is_none")]
    pub limits: LimitsInForce,
    /// Viewers attached now.
    pub viewers: u32,
    /// End of the output.
    pub offset: Offset,
    /// Oldest output byte kept.
    pub base_offset: Offset,
    /// The session this one repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted_from: Option<SessionId>,
    /// Time to live since the last activity, seconds; left out if it never expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
    /// How long it may wait idle, seconds; left out if for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<u64>,
    /// When it will be ended (active) or its journal dropped (completed) if nothing happens before, RFC 3339; the
    /// server looks every few minutes, so it may be a little later. Left out if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Why then: `ttl`, `idle` or `retention`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_by: Option<String>,
    /// Whether what is typed into it is recorded. False of archived sessions: the recording is gone with the output.
    #[serde(default)]
    pub records_input: bool,
    /// What it was, in a sentence; of archived sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Set while something is wrong with it: the holder does not answer, the disk is full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Body of `PUT /api/v1/sessions/{id}/resize` (T4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResizeSession {
    /// Rows.
    pub rows: u16,
    /// Columns.
    pub cols: u16,
}

/// Answer to `GET /api/v1/shells`: what can be started here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Shells {
    /// The shell of a session that names none.
    pub default: String,
    /// Installed shells by name.
    pub installed: Vec<String>,
}

/// The label that is a session's name, where it was given one.
pub const NAME_LABEL: &str = "name";

/// The condition of `DELETE /api/v1/sessions/{id}`, as `only` in the query: without it a session that ends in the same
/// moment would be removed where it was to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteOnly {
    /// End it if it runs; never remove it.
    Running,
    /// Remove it if it has ended; never end it.
    Ended,
}

impl DeleteOnly {
    /// The word in the query.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ended => "ended",
        }
    }
}

/// `GET` and `PUT /api/v1/log-level`: what the server logs while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LogLevels {
    /// The level of all rooms that are not named: `off`, `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// Levels of single rooms, such as `http` or `sessions::screen`.
    #[serde(default)]
    pub rooms: BTreeMap<String, String>,
}

impl LogLevels {
    /// The level of all rooms, then `ROOM=LEVEL` of each that has its own.
    pub fn words(&self) -> Vec<String> {
        let rooms = self.rooms.iter().map(|(room, level)| format!("{room}={level}"));
        [self.level.clone()].into_iter().chain(rooms).collect()
    }
}

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// As it should be.
    Ok,
    /// Sessions go on, something needs attention.
    Degraded,
}

/// Answer to `GET /api/v1/health` (T1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// The worst of the checks.
    pub status: HealthStatus,
    /// Sessions whose process runs.
    pub active_sessions: u32,
    /// The server's version.
    pub version: String,
    /// Seconds since the server started.
    pub uptime: u64,
    /// Screen engines in memory: sessions that are watched or write.
    #[serde(default)]
    pub screens: u32,
    /// How sessions were come back to (P10).
    #[serde(default)]
    pub recovery: RecoveryFigures,
    /// What was looked at.
    pub checks: Vec<HealthCheck>,
}

/// How sessions were come back to, since the server started (P10).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryFigures {
    /// Sizes of the newest snapshots before compression, bytes; left out: there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_bytes: Option<Quantiles>,
    /// From a reconnect to what the client goes on with, of the newest, µs; left out: nobody came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_us: Option<Quantiles>,
    /// Clients that came back to a session.
    pub reconnects: u64,
    /// Those of the last hour.
    pub reconnects_last_hour: u64,
    /// Clients that came back and could not be given the session.
    pub failed_recoveries: u64,
}

/// Quantiles of values, by nearest rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quantiles {
    /// Of how many values.
    pub count: u32,
    /// The median.
    pub p50: u64,
    /// 95 of 100 are at most this.
    pub p95: u64,
    /// 99 of 100 are at most this.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthCheck {
    /// What, in snake case.
    pub name: String,
    /// How it is.
    pub status: HealthStatus,
    /// What was found, and what to do if it is not well.
    pub message: String,
}

/// An error as RFC 9457 problem details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `about:blank`, or the page that explains the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// For programs: `session_not_found`, `shell_not_installed`, …
    pub code: String,
    /// For people: what went wrong, with which value, and what to do.
    pub detail: String,
}
