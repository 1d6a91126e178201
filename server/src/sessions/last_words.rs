//! What an ended session still has to say: how it ended, when, and its last lines (rows D5 and D6).

use std::fmt;
use std::time::Duration;

use sempre_protocol::SessionId;
use sempre_protocol::texts::ExitStatus;
use tokio::time::timeout;

use super::last_lines;
use super::session::{Exit, Session};
use crate::calendar::rfc3339;

/// An exit within this long after the start is an early one (D5).
pub const EARLY_EXIT_LIMIT: Duration = Duration::from_millis(200);
/// Lines told.
const LINES: usize = 20;

/// How a session ended, and what stood on its last lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastWords {
    /// Whose.
    pub session: SessionId,
    /// How and when it ended.
    pub exit: Exit,
    /// At most twenty lines of text without control sequences.
    pub lines: Vec<String>,
}

/// Waits at most `limit` for the end of `session`, and no longer than until then; none: it runs on.
pub async fn early_exit(session: &Session, limit: Duration) -> Option<LastWords> {
    let mut status = session.watch();
    let ended = timeout(limit, status.wait_for(|status| status.exit.is_some())).await;
    // Neither in time nor known: whoever asked goes on with a running session.
    drop(ended.ok()?.ok()?);
    last_words(session).await
}

/// What is to be told to who wants to attach; none: the session runs.
pub async fn last_words(session: &Session) -> Option<LastWords> {
    let exit = session.exit()?;
    let (directory, size) = (session.directory().to_path_buf(), session.status().size);
    let read = tokio::task::spawn_blocking(move || last_lines::of_journal(&directory, size, LINES));
    Some(LastWords {
        session: session.id(),
        exit,
        lines: read.await.unwrap_or_default(),
    })
}

/// The newest 256 KiB of what a session wrote, from the beginning of a line on; all, if it wrote less. Empty if it
/// cannot be read.
pub async fn newest_output(session: &Session) -> Vec<u8> {
    let directory = session.directory().to_path_buf();
    let read = tokio::task::spawn_blocking(move || last_lines::newest_output(&directory));
    read.await.unwrap_or_default()
}

impl LastWords {
    /// The text of the error `DAEMON_PTY_EXITED_EARLY` (D5).
    pub fn early_exit_message(&self) -> String {
        let how = match self.exit.status {
            Some(ExitStatus::Code(code)) => format!("exit code: {code}"),
            Some(ExitStatus::Signal(signal)) => format!("signal: {signal}"),
            None => "exit code: unknown".to_owned(),
        };
        let lines = self.lines.join("\n");
        format!("Daemon PTY exited immediately ({how}). Last output:\n{lines}")
    }
}

/// Why there is nothing to attach to (D6): how and when it ended, the last lines, and how to start it again.
impl fmt::Display for LastWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.session;
        write!(f, "session {id} ")?;
        match self.exit.status {
            Some(ExitStatus::Code(code)) => write!(f, "exited with code {code}")?,
            Some(ExitStatus::Signal(signal)) => write!(f, "was killed by signal {signal}")?,
            None => write!(f, "was lost with its holder")?,
        }
        let time = rfc3339(self.exit.ended_at_ms);
        write!(f, " at {time} ({})", self.exit.reason.word())?;
        if !self.lines.is_empty() {
            write!(f, "; its last lines were:\n{}\n", self.lines.join("\n"))?;
        } else {
            write!(f, " and wrote nothing; ")?;
        }
        write!(f, "start it again with: sempre restart {id}")
    }
}

#[cfg(test)]
mod tests {
    use sempre_protocol::Offset;
    use sempre_protocol::holder::EndReason;

    use super::*;

    fn words(status: Option<ExitStatus>, lines: &[&str]) -> LastWords {
        LastWords {
            session: SessionId::from_bytes([1; 16]),
            exit: Exit {
                offset: Offset(9),
                status,
                reason: EndReason::Exited,
                ended_at_ms: 1_700_000_000_000,
            },
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        }
    }

    #[test]
    fn d5_an_early_exit_is_told_in_the_documents_words() {
        let text = words(Some(ExitStatus::Code(0)), &["a", "b"]).early_exit_message();
        assert_eq!(
            text,
            "Daemon PTY exited immediately (exit code: 0). Last output:\na\nb"
        );
        assert!(
            words(Some(ExitStatus::Signal(9)), &[])
                .early_exit_message()
                .contains("(signal: 9)")
        );
    }

    #[test]
    fn d6_an_ended_session_says_how_when_and_what_to_do() {
        let text = words(Some(ExitStatus::Code(3)), &["no such file"]).to_string();
        for part in [
            "exited with code 3",
            "2023-11-14T22:13:20",
            "no such file",
            "sempre restart 0101",
        ] {
            assert!(text.contains(part), "{part:?} in {text}");
        }
        assert!(words(None, &[]).to_string().contains("lost with its holder"));
    }
}
