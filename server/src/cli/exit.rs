//! What the exit codes mean, and how errors become one.

use std::io;
use std::process::ExitCode;

use sempre_protocol::texts::ExitStatus;

use super::out;
use crate::client::ClientError;

/// What a verb answers.
pub(super) type Outcome = anyhow::Result<ExitCode>;

/// The command line makes no sense.
const USAGE: u8 = 2;
/// The server cannot be reached.
pub(super) const UNREACHABLE: u8 = 3;
/// No such session, or several.
pub(super) const NO_SESSION: u8 = 4;
/// The server does not let in, or not do that.
pub(super) const FORBIDDEN: u8 = 5;
/// The session has ended.
pub(super) const ENDED: u8 = 6;
/// What was waited for did not happen in time; the code of timeout(1).
pub(super) const TIMED_OUT: u8 = 124;
/// `sempre run` itself failed, and not the command it ran; the code of timeout(1) and of containers.
pub(super) const NOT_RUN: u8 = 125;

/// Below the list of verbs.
pub(super) const HELP: &str = "\
Verbs but `serve` talk to the local server by a socket in its data directory, or to the one that --url names.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no server answers, 4 no such session, 5 not allowed, 6 the session \
has ended, 124 not in time. `run`, `attach` and `open` end with the code of what ran.";

/// An error that has been told already, or needs no words.
#[derive(Debug, thiserror::Error)]
#[error("exit code {0}")]
pub(super) struct Silent(pub(super) u8);

/// An error with a code of its own.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(super) struct Coded {
    /// The exit code.
    pub(super) code: u8,
    /// For people.
    pub(super) text: String,
}

/// Says what went wrong, if it was not said, and which exit code that is.
pub(super) fn fail(error: &anyhow::Error) -> ExitCode {
    // Who reads the output has enough of it.
    if let Some(io) = error.downcast_ref::<io::Error>()
        && io.kind() == io::ErrorKind::BrokenPipe
    {
        return ExitCode::SUCCESS;
    }
    if let Some(Silent(code)) = error.downcast_ref() {
        return (*code).into();
    }
    // What the argument parser has to say is printed as it does.
    if let Some(error) = error.downcast_ref::<clap::Error>() {
        let _ = error.print();
        return USAGE.into();
    }
    complain(error);
    code(error).into()
}

/// The exit code of an error.
pub(super) fn code(error: &anyhow::Error) -> u8 {
    if let Some(Coded { code, .. }) = error.downcast_ref() {
        return *code;
    }
    match error.downcast_ref::<ClientError>() {
        Some(ClientError::Unreachable { .. } | ClientError::Strange { .. }) => UNREACHABLE,
        Some(ClientError::NoSuchSession(_) | ClientError::Ambiguous { .. }) => NO_SESSION,
        Some(ClientError::RunTimedOut(..)) => TIMED_OUT,
        Some(ClientError::Problem(problem)) => match (problem.code.as_str(), problem.status) {
            ("session_not_found", _) => NO_SESSION,
            ("session_ended" | "session_archived", _) => ENDED,
            ("timed_out", _) => TIMED_OUT,
            (_, 401 | 403) => FORBIDDEN,
            _ => 1,
        },
        _ => 1,
    }
}

/// The exit code of what ran in a session, as a shell tells it: 128 and the signal if one ended it.
pub(super) fn of_status(status: Option<ExitStatus>) -> ExitCode {
    let code = match status {
        Some(ExitStatus::Code(code)) => code & 0xff,
        Some(ExitStatus::Signal(signal)) => 128 + (signal & 0x7f),
        None => 1,
    };
    u8::try_from(code).unwrap_or(1).into()
}

/// Says something on standard error.
pub(super) fn say(text: &str) {
    out::say(&format!("sempre: {text}"));
}

/// Says what went wrong.
pub(super) fn complain(error: &anyhow::Error) {
    say(&format!("{error:#}"));
}
