//! What can go wrong with a session, for callers that branch on it.

use std::io;

use sempre_protocol::SessionId;
use sempre_protocol::holder::StartError;

use super::import::{CastError, MAX_RECORDING_BYTES};

/// Why a session operation failed.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No session has this id.
    #[error("no session has the id {0}; GET /api/v1/sessions lists those there are")]
    NotFound(SessionId),
    /// The session's process has ended.
    #[error("session {0} has ended; start it again with POST /api/v1/sessions/{0}/restart")]
    Ended(SessionId),
    /// The session's process still runs.
    #[error("session {0} still runs; end it first with DELETE /api/v1/sessions/{0}")]
    Running(SessionId),
    /// A field of the request makes no sense.
    #[error("{field}: {message}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it and what to do.
        message: String,
    },
    /// A shell that is not installed here.
    #[error("the shell {name:?} is not installed here; installed are: {}", .installed.join(", "))]
    ShellNotInstalled {
        /// What was asked for.
        name: String,
        /// What there is.
        installed: Vec<String>,
    },
    /// The server records input, or does not, whatever a request wants.
    #[error("{0}")]
    RecordInputRefused(&'static str),
    /// The child could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A named limit is reached.
    #[error("the limit {limit} of {value} is reached; end a session or raise the limit")]
    Limit {
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        value: usize,
    },
    /// The holder does not answer.
    #[error("the holder of session {id} does not answer: {reason}; the session may still run, try again")]
    Unreachable {
        /// The session.
        id: SessionId,
        /// What was tried.
        reason: String,
    },
    /// Only a summary is left of the session.
    #[error("session {0} is archived: its journal and environment are gone; create a new session instead")]
    Archived(SessionId),
    /// It never ran here.
    #[error(
        "session {0} is an imported recording: there is nothing to start again; create a new session instead"
    )]
    Imported(SessionId),
    /// A recording that cannot be read.
    #[error("{0}; nothing was imported")]
    BadRecording(#[from] CastError),
    /// A recording that is too large.
    #[error("the recording is larger than {MAX_RECORDING_BYTES} bytes; cut it, nothing was imported")]
    RecordingTooLarge,
    /// What is known of archived sessions cannot be read or changed now.
    #[error("{0}; try again")]
    Store(#[from] crate::store::StoreError),
    /// Someone disconnected this client, and that still holds.
    #[error("this viewer was disconnected from the session; ask who did before you attach again")]
    Disconnected,
    /// No viewer of the session has this number.
    #[error("the session has no viewer {0}; GET /api/v1/sessions/{{id}}/viewers lists those there are")]
    NoViewer(u64),
    /// Too much is being rendered already.
    #[error("too much history is being rendered at once; try again in a moment")]
    Busy,
    /// More input waits for the program than is kept for it.
    #[error(
        "the program of session {0} reads nothing and much input waits for it; nothing was taken, try again"
    )]
    InputFull(SessionId),
    /// The shell tells nothing of its prompt.
    #[error(
        "the shell of session {0} does not tell when a command ends: start bash, zsh or fish by `shell` with shell \
         integration, or use input and wait"
    )]
    NoShellIntegration(SessionId),
    /// The shell runs something.
    #[error(
        "the shell of session {0} runs a command; wait for its prompt with POST /api/v1/sessions/{0}/wait"
    )]
    ShellBusy(SessionId),
    /// Another program's command runs.
    #[error("session {0} runs a command for another request; one at a time")]
    RunInProgress(SessionId),
    /// What was waited for has not happened.
    #[error("{what} did not happen within {timeout_ms} ms")]
    TimedOut {
        /// What was waited for.
        what: &'static str,
        /// How long.
        timeout_ms: u64,
    },
    /// The server stops and starts nothing new.
    #[error("the server is going down; try again when it is back")]
    Draining,
    /// The machine refused.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

impl SessionError {
    /// Wraps an I/O error with what was tried.
    pub fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }
}
