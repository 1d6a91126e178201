//! What can go wrong between a client and its server, told apart where a caller branches.

use std::path::PathBuf;

use sempre_protocol::SessionId;
use sempre_protocol::api::Problem;
use sempre_protocol::programs::RunResult;

/// Why the server did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers, or the connection broke.
    #[error(
        "no server answers at {target} ({why}); start one with `sempre serve`, or name another with {hint}"
    )]
    Unreachable {
        /// Where it was looked for.
        target: String,
        /// What the system said.
        why: String,
        /// The flags that name another.
        hint: &'static str,
    },
    /// The server refused, with its reasons (RFC 9457).
    #[error("{}", .0.detail)]
    Problem(Problem),
    /// A command did not end in time; with what came so far.
    #[error("{}", .0.detail)]
    RunTimedOut(Problem, Box<RunResult>),
    /// An answer that no Sempre server gives.
    #[error("{target} answered {what}, which no Sempre server of this release does; is the address right?")]
    Strange {
        /// Who answered.
        target: String,
        /// What it was.
        what: String,
    },
    /// The connection was refused by the server's own words on the wire.
    #[error("{0}")]
    Told(String),
    /// No session begins like that.
    #[error("no session begins with {0:?}; `sempre list` shows all")]
    NoSuchSession(String),
    /// Several do.
    #[error("{} sessions begin with {text:?}: {}; write more of the id", found.len(), listed(found))]
    Ambiguous {
        /// What was written.
        text: String,
        /// The sessions that begin so.
        found: Vec<SessionId>,
    },
    /// An address that cannot be used.
    #[error("{url:?} is no address of a server: {why}")]
    Url {
        /// What was written.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The key cannot be read.
    #[error("cannot read a key from {path}: {why}")]
    KeyFile {
        /// Where it should be.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The system refused something that does not concern the server.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ClientError {
    /// The code of the server's problem details.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Problem(problem) | Self::RunTimedOut(problem, _) => Some(&problem.code),
            _ => None,
        }
    }

    /// Whether the same may go well later: nobody answered, or the server could not do it now.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Problem(problem) => problem.status >= 500 || problem.status == 429,
            _ => false,
        }
    }

    pub(super) fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}

fn listed(ids: &[SessionId]) -> String {
    const SHOWN: usize = 5;
    let mut texts: Vec<_> = ids.iter().take(SHOWN).map(ToString::to_string).collect();
    if ids.len() > SHOWN {
        texts.push("…".into());
    }
    texts.join(", ")
}
