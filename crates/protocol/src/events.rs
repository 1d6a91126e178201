//! Events of `GET /api/v1/events` (server-sent events): what changed in the list of sessions.

use serde::{Deserialize, Serialize};

use crate::SessionId;
use crate::api::SessionInfo;

/// SSE event name of [`SessionEvent::Session`].
pub const EVENT_SESSION: &str = "session";
/// SSE event name of [`SessionEvent::Removed`].
pub const EVENT_REMOVED: &str = "session_removed";
/// SSE event name of [`SessionEvent::Resync`].
pub const EVENT_RESYNC: &str = "resync";

/// A change in the list of sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum SessionEvent {
    /// A session is new or changed.
    Session(Box<SessionInfo>),
    /// A session is gone, with its journal.
    Removed {
        /// Which.
        session_id: SessionId,
    },
    /// Changes were missed: get the whole list again.
    Resync {},
}
