//! The query of an attach, checked.

use axum::http::StatusCode;
use sempre_protocol::limits::{MAX_SNAPSHOT_LINES, MAX_VIEWER_NAME_CHARS, SNAPSHOT_LINES};
use sempre_protocol::texts::Role;
use sempre_protocol::{Offset, WriterId};
use serde::Deserialize;

use super::ApiError;
use crate::sessions::Identity;
use crate::sessions::viewer::{AttachOptions, Lag};

/// What a client may say when it attaches; `docs/protocol.md` 1.1.
#[derive(Debug, Default, Deserialize)]
pub(super) struct AttachQuery {
    from: Option<u64>,
    lines: Option<u32>,
    writer: Option<String>,
    #[serde(default)]
    acks: u8,
    lag: Option<String>,
    role: Option<String>,
    name: Option<String>,
}

fn bad(parameter: &str, value: &str, what: &str) -> ApiError {
    let detail = format!("{parameter}={value:?}: {what}");
    ApiError::new(StatusCode::BAD_REQUEST, "bad_query", detail)
}

/// Rows above the screen in a snapshot, within what is allowed.
pub(super) fn snapshot_lines(asked: Option<u32>) -> u32 {
    asked.unwrap_or(SNAPSHOT_LINES).min(MAX_SNAPSHOT_LINES)
}

impl AttachQuery {
    /// What the session is asked for. `identity` is what is known of the client without its query.
    pub(super) fn options(self, identity: Identity) -> Result<AttachOptions, ApiError> {
        let acks = self.acks == 1;
        let lag = match self.lag.as_deref() {
            None | Some("wait") => Lag::Wait,
            Some("skip") if acks => Lag::Skip,
            Some("skip") => return Err(bad("lag", "skip", "it needs acks=1")),
            Some(other) => return Err(bad("lag", other, "it is wait or skip")),
        };
        let role = match self.role.as_deref() {
            None | Some("writer") => Role::Writer,
            Some("viewer") => Role::Viewer,
            Some(other) => return Err(bad("role", other, "it is writer or viewer")),
        };
        Ok(AttachOptions {
            from: self.from.map(Offset),
            lines: snapshot_lines(self.lines),
            writer: self.writer.map(|writer| read_writer(&writer)).transpose()?,
            role,
            acks,
            lag,
            identity: Identity {
                name: self.name.map(read_name).transpose()?.or(identity.name),
                ..identity
            },
        })
    }
}

fn read_writer(writer: &str) -> Result<WriterId, ApiError> {
    writer.parse().map_err(|error| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "bad_writer",
            format!("writer={writer:?}: {error}"),
        )
    })
}

fn read_name(name: String) -> Result<String, ApiError> {
    let fits = (1..=MAX_VIEWER_NAME_CHARS).contains(&name.chars().count());
    if fits && !name.chars().any(char::is_control) {
        return Ok(name);
    }
    let what = format!("it is 1 to {MAX_VIEWER_NAME_CHARS} characters without control characters");
    Err(bad("name", &name, &what))
}
