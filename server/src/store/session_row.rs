//! What the store knows of one session: the columns of row L1, as Rust values. No SQL.

use std::collections::BTreeMap;

use sempre_protocol::api::SessionState;
use sempre_protocol::confinement::LimitsInForce;
use sempre_protocol::{RunId, SessionId};
use serde::{Deserialize, Serialize};

/// A session as a row. The journal and `session.json` are the truth of sessions that have a directory; an archived
/// session has only its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Its child process.
    pub run: RunId,
    /// Where it stands in its life.
    pub state: SessionState,
    /// Start, ms since the Unix epoch.
    pub started_at: u64,
    /// End, ms since the Unix epoch; none while active.
    pub ended_at: Option<u64>,
    /// When this row was written, ms since the Unix epoch.
    pub updated_at: u64,
    /// The word of the end reason; none while active.
    pub end_reason: Option<String>,
    /// Exit code, if it exited and that is known.
    pub exit_code: Option<i32>,
    /// Signal, if one killed it.
    pub exit_signal: Option<i32>,
    /// The shell by name, or the program's file name.
    pub shell: String,
    /// The program.
    pub cmd: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Working directory it started in.
    pub cwd: String,
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Group, if it has one.
    pub group: Option<String>,
    /// Whom it is for.
    pub user_id: Option<String>,
    /// Who made it.
    pub owner: Option<String>,
    /// The Unix user it ran as, if not the server's own.
    pub run_as: Option<String>,
    /// What it was held to.
    pub limits: LimitsInForce,
    /// What was typed was recorded.
    pub records_input: bool,
    /// Time to live since the last activity, seconds; 0: for ever.
    pub ttl_s: u64,
    /// How long it may be idle, seconds; 0: for ever.
    pub idle_s: u64,
    /// The session it repeats.
    pub restarted_from: Option<SessionId>,
    /// Oldest output byte kept.
    pub output_base: u64,
    /// End of the output; of an active session as of when the row was written.
    pub output_end: u64,
    /// Last activity, ms since the Unix epoch; of an active session as of when it was last noted.
    pub last_activity: u64,
    /// The same, ms of the clock that no one sets (see `sessions::clock`); means nothing after a reboot.
    pub last_activity_monotonic: u64,
    /// What it was, in a sentence; of archived sessions.
    pub summary: Option<String>,
}

/// The newest activity of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityNote {
    /// Whose.
    pub id: SessionId,
    /// As in [`SessionRow::last_activity`].
    pub last_activity: u64,
    /// As in [`SessionRow::last_activity_monotonic`].
    pub last_activity_monotonic: u64,
}

/// Where a user's newest connection to a session stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The user; none: whoever has the server's own token.
    pub user: Option<String>,
    /// They have the output before this.
    pub offset: u64,
}
