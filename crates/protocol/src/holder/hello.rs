//! How server and holder introduce themselves.

use serde::{Deserialize, Serialize};

use crate::{Offset, RunId, SessionId, Size};

/// The server introduces itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerHello {
    /// [`super::CONTROL_VERSION`] of the server.
    pub version: u32,
    /// The session it means; a holder of another one refuses.
    pub session: SessionId,
}

/// The holder introduces itself: all a server must know to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderHello {
    /// [`super::CONTROL_VERSION`] of the holder.
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
