//! Who is attached to a session, as other viewers and the API see it.

use serde::{Deserialize, Serialize};

use crate::texts::Role;

/// How a viewer reached the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PeerKind {
    /// By a Unix socket of this machine.
    Unix,
    /// By this machine's loopback address; a proxy on this machine looks like that.
    Loopback,
    /// From another address.
    Network,
    /// In a way this release does not know.
    #[serde(other)]
    Unknown,
}

/// One attached viewer. Element of `GET /api/v1/sessions/{id}/viewers` and of the text `viewers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ViewerInfo {
    /// Names the connection within its session; later ones have greater numbers.
    pub viewer: u64,
    /// What it may do.
    pub role: Role,
    /// A person typed there within the last seconds.
    pub typing: bool,
    /// When it attached, RFC 3339.
    pub since: String,
    /// How it reached the server.
    pub peer: PeerKind,
    /// The name it gave itself: plain text, never markup, of no meaning for what it may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The kind of program it is, by what it says of itself: `Firefox`, `Chrome`, `curl`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}
