//! How a tool's outcome is told: data and text if it went well, else what went wrong and what to do next.

use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;

use super::text;
use crate::client::ClientError;

/// Why a tool did not do what it was asked for; told to the model, never a failure of the protocol.
#[derive(Debug, thiserror::Error)]
pub(super) enum ToolError {
    /// The arguments make no sense.
    #[error("wrong arguments: {0}")]
    Arguments(String),
    /// The server did not do it, or did not answer.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// Too much at once.
    #[error("{0} calls are being answered already")]
    Busy(usize),
}

/// What a tool answers: its data, and the same in words.
pub(super) type Answer = Result<CallToolResult, ToolError>;

/// An outcome.
pub(super) fn done(data: &impl Serialize, words: impl Into<String>) -> Answer {
    let data = serde_json::to_value(data);
    let data = data.map_err(|error| ToolError::Arguments(format!("no answer can be written: {error}")))?;
    let mut result = CallToolResult::success(vec![ContentBlock::text(words)]);
    result.structured_content = Some(data);
    Ok(result)
}

/// What went wrong, and what may help.
pub(super) fn failed(error: &ToolError) -> CallToolResult {
    let mut words = text::lines(&error.to_string());
    if let Some(hint) = hint(error) {
        words.push_str("\nHint: ");
        words.push_str(hint);
    }
    CallToolResult::error(vec![ContentBlock::text(words)])
}

fn hint(error: &ToolError) -> Option<&'static str> {
    let error = match error {
        ToolError::Arguments(_) => return Some("the tool's input schema says what it takes"),
        ToolError::Busy(_) => return Some("wait until some of them are answered"),
        ToolError::Client(error) => error,
    };
    match (error, error.code()) {
        (ClientError::Unreachable { .. }, _) => Some(
            "sessions go on while the server is away; try again in a moment. What was typed or run just now may have been \
             taken: look with read_screen before you repeat it",
        ),
        (ClientError::NoSuchSession(_) | ClientError::Ambiguous { .. }, _) => {
            Some("list_sessions has the ids of those within reach")
        }
        (_, Some("session_not_found")) => Some("list_sessions has the ids of those within reach"),
        (_, Some("session_ended" | "session_archived")) => {
            Some("read_screen shows what it printed last; create_session starts another")
        }
        (_, Some("shell_busy" | "run_in_progress")) => Some(
            "read_screen shows what runs there; wait_for \"prompt\", answer it with send_input, or end it with the key \
             ctrl-c",
        ),
        (_, Some("no_shell_integration")) => {
            Some("type with send_input and Enter, then wait_for \"text\" or \"silence\" and read_screen")
        }
        (_, Some("timed_out")) => {
            Some("read_screen shows where it stands; a longer timeout_seconds waits longer")
        }
        (ClientError::Problem(problem), _) if matches!(problem.status, 401 | 403) => {
            Some("the key or the settings do not allow it; ask the person who set this up")
        }
        _ => None,
    }
}
