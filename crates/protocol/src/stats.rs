//! Answer of `GET /api/v1/stats` (row L6): how many sessions there are, the newest, and those that run for long.

use serde::{Deserialize, Serialize};

use crate::SessionId;
use crate::api::SessionState;

/// Sessions in `recent`.
pub const RECENT_SESSIONS: usize = 10;
/// Sessions in `active_longer_than_a_day` at most; its `count` counts all.
pub const MAX_LONG_SESSIONS: usize = 100;

/// Statistics of all sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stats {
    /// How many there are, by state.
    pub by_status: StatusCounts,
    /// The ten that started last, newest first.
    pub recent: Vec<StatsSession>,
    /// Those that have been active for more than a day.
    pub active_longer_than_a_day: LongSessions,
}

/// Sessions by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusCounts {
    /// Their process runs.
    pub active: u64,
    /// Their process ended; the journal is kept.
    pub completed: u64,
    /// Only a summary is kept.
    pub archived: u64,
}

/// Sessions that run for long.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LongSessions {
    /// How many.
    pub count: u64,
    /// The oldest of them, oldest first.
    pub sessions: Vec<StatsSession>,
}

/// A session in statistics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatsSession {
    /// Its id.
    pub session_id: SessionId,
    /// Where it stands in its life.
    pub status: SessionState,
    /// The shell by name, or the program's file name.
    pub shell: String,
    /// Start, RFC 3339.
    pub started_at: String,
}
