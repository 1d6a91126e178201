//! A command run in a session's shell, at its prompt, as if someone had typed it: its output and its code.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sempre_protocol::Offset;
use sempre_screen::Engine;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use super::prompt::Busy;
use super::text::drawn_text;
use crate::sessions::screen::{Screen, Timeline, What};
use crate::sessions::session::Status;
use crate::sessions::{Exit, Session, SessionError};

/// Longest command, bytes.
const MAX_COMMAND_BYTES: usize = 64 * 1024;
/// Cuts the line, whatever someone left there. First a space and the end of the line: an empty line would ring the bell.
const CLEAR_LINE: &[u8] = b" \x05\x15";
const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";
/// Drops what the shell did not take for a command.
const INTERRUPT: &[u8] = b"\x03";
/// A shell that has not told of a new prompt by then has dropped it all the same.
const DROPPED_TIMEOUT: Duration = Duration::from_secs(1);
/// After this the line editor takes no keys: what follows is output.
const EDITOR_LEFT: &[u8] = b"\x1b[?2004l";

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// What it printed, as it would stand on the terminal.
    pub output: String,
    /// Its beginning is left out.
    pub truncated: bool,
    /// Its exit code; none if the shell did not tell, or while it runs.
    pub exit_code: Option<i32>,
    /// From its start to its end as the server saw them.
    pub took: Duration,
    /// Where its output begins.
    pub from: Offset,
    /// Where it ends.
    pub to: Offset,
    /// The shell took it for a command.
    pub started: bool,
    /// How the session ended, if the command ended it.
    pub exit: Option<Exit>,
}

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Nothing was typed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The time is over.
    #[error("{}", .0.explain())]
    TimedOut(Box<Ran>),
}

impl Ran {
    fn explain(&self) -> &'static str {
        match self.started {
            true => "the command runs on; wait for the prompt with POST …/wait, end it with POST …/signal",
            false => "the shell did not take it for a whole command; it was taken back with Ctrl-C",
        }
    }
}

/// What is known of a command so far.
#[derive(Debug, Default)]
struct Progress {
    from: Option<Offset>,
    to: Option<Offset>,
    code: Option<i32>,
    refused: bool,
    begun: Option<Instant>,
    took: Option<Duration>,
    at_prompt: bool,
}

impl Session {
    /// Waits for the shell's prompt, types `command` and Enter, and waits until it has ended.
    ///
    /// # Errors
    /// [`SessionError::ShellBusy`], [`SessionError::RunInProgress`], [`SessionError::NoShellIntegration`],
    /// [`SessionError::Ended`] or [`SessionError::TimedOut`] before it was typed; [`RunError::TimedOut`] after.
    pub async fn run(self: &Arc<Self>, command: &str, limit: Duration) -> Result<Ran, RunError> {
        let deadline = Instant::now() + limit;
        let line = line_of(command)?;
        let programs = self.programs();
        let Ok(_turn) = programs.running.try_acquire() else {
            return Err(SessionError::RunInProgress(self.id()).into());
        };
        let mut timeline = self.screen().timeline();
        let at_prompt = timeout_at(deadline, self.at_prompt(&mut timeline));
        let bracketed = at_prompt.await.map_err(|_| SessionError::TimedOut {
            what: "the shell's prompt",
            timeout_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        })??;
        if line.contains('\n') && !bracketed {
            return Err(SessionError::Invalid {
                field: "command",
                message: "this shell takes one line at a time: bracketed paste is off".into(),
            }
            .into());
        }
        let next = timeline.borrow().next();
        let begun = Instant::now();
        let typed = self.append(keys(line, bracketed)).await?;
        let mut progress = Progress::default();
        let ended = timeout_at(deadline, self.follow(&mut timeline, next, &mut progress)).await;
        if ended.is_err() && progress.from.is_none() && !progress.refused {
            let next = timeline.borrow().next();
            self.append(Bytes::from_static(INTERRUPT)).await?;
            // What is typed while the shell drops the line would be dropped with it. fish tells of no new prompt.
            let mut after = Progress::default();
            let dropped = self.follow(&mut timeline, next, &mut after);
            let _ = timeout(DROPPED_TIMEOUT, dropped).await;
        }
        let ran = self.result(progress, typed.offset, begun).await?;
        match ended {
            Ok(()) => Ok(ran),
            Err(_) => Err(RunError::TimedOut(Box::new(ran))),
        }
    }

    /// Waits until the shell takes commands; whether it takes pastes marked as such.
    async fn at_prompt(
        self: &Arc<Self>,
        timeline: &mut watch::Receiver<Timeline>,
    ) -> Result<bool, SessionError> {
        self.until_prompt(timeline, Busy::Refused).await?;
        // They switch it on after they have told that they take keys; bash before.
        let always = matches!(self.manifest().shell.as_str(), "zsh" | "fish");
        Ok(always || Screen::look(self, Engine::is_paste_bracketed).await?)
    }

    /// Follows the shell until it is at its prompt again, or the session has ended.
    async fn follow(
        self: &Arc<Self>,
        timeline: &mut watch::Receiver<Timeline>,
        mut next: u64,
        progress: &mut Progress,
    ) {
        let mut status = self.watch();
        loop {
            {
                let told = timeline.borrow_and_update();
                told.since(next)
                    .for_each(|happening| progress.note(&happening.what, happening.offset));
                next = told.next();
            }
            if progress.at_prompt {
                return;
            }
            tokio::select! {
                changed = timeline.changed() => if changed.is_err() { return },
                () = ended(&mut status) => {
                    // What it told last may not have been drawn yet; an error shows in what is known.
                    let _ = Screen::look(self, |_| ()).await;
                    let told = timeline.borrow();
                    told.since(next).for_each(|happening| progress.note(&happening.what, happening.offset));
                    return;
                }
            }
        }
    }

    async fn result(
        self: &Arc<Self>,
        progress: Progress,
        typed_at: Offset,
        begun: Instant,
    ) -> Result<Ran, SessionError> {
        let status = self.status();
        let started = progress.from.is_some();
        let took = progress
            .took
            .unwrap_or_else(|| progress.begun.unwrap_or(begun).elapsed());
        let (directory, size) = (self.directory().to_path_buf(), status.size);
        let end = progress.to.unwrap_or(status.offset);
        let draw = move || {
            let from = match progress.from {
                Some(from) => from,
                None if progress.refused => after_editor(&directory, typed_at, end)?,
                None => end,
            };
            drawn_text(&directory, from, end, size).map(|(text, truncated)| (text, truncated, from))
        };
        let (output, truncated, from) = Screen::render(self, draw).await?;
        Ok(Ran {
            output,
            truncated,
            exit_code: progress.code,
            took,
            from,
            to: end,
            started: started || progress.refused,
            exit: status.exit,
        })
    }
}

impl Progress {
    fn note(&mut self, what: &What, offset: Offset) {
        let known = self.from.is_some() || self.refused;
        match what {
            What::CommandStarted => {
                self.from.get_or_insert(offset);
                self.begun.get_or_insert_with(Instant::now);
            }
            What::CommandEnded { code, took } if self.from.is_some() => {
                self.to = Some(offset);
                self.code = *code;
                self.took = Some(self.took.unwrap_or_default() + took.unwrap_or_default());
            }
            What::Refused { code } => {
                self.refused = true;
                self.to = Some(offset);
                self.code = *code;
            }
            What::Prompt | What::Input if known && self.to.is_some() => self.at_prompt = true,
            _ => {}
        }
    }
}

async fn ended(status: &mut watch::Receiver<Status>) {
    if status.wait_for(|status| status.exit.is_some()).await.is_err() {
        std::future::pending().await
    }
}

/// The command without the line end that Enter is.
fn line_of(command: &str) -> Result<&str, SessionError> {
    let wrong = |message: &str| SessionError::Invalid {
        field: "command",
        message: message.into(),
    };
    let line = command.trim_end_matches(['\n', '\r']);
    if line.trim().is_empty() {
        return Err(wrong("it is empty"));
    }
    if line.len() > MAX_COMMAND_BYTES {
        return Err(wrong("it is longer than 64 KiB; write it to a file and run that"));
    }
    if line.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err(wrong(
            "it holds control characters, which would be keys; use input for those",
        ));
    }
    Ok(line)
}

fn keys(line: &str, bracketed: bool) -> Bytes {
    let (begins, ends): (&[u8], &[u8]) = if bracketed {
        (PASTE_BEGINS, PASTE_ENDS)
    } else {
        (b"", b"")
    };
    Bytes::from([CLEAR_LINE, begins, line.as_bytes(), ends, b"\r"].concat())
}

/// Where the output of a line begins that the shell did not take: after its editor gave up the terminal.
fn after_editor(directory: &std::path::Path, start: Offset, end: Offset) -> std::io::Result<Offset> {
    let mut reader = sempre_journal::Reader::open(directory)?;
    let mut bytes = vec![
        0;
        usize::try_from(end.since(start))
            .unwrap_or_default()
            .min(MAX_COMMAND_BYTES * 4)
    ];
    let count = match reader
        .read_at(start.0, &mut bytes)
        .map_err(std::io::Error::other)?
    {
        sempre_journal::ReadAt::Bytes(count) => count,
        _ => 0,
    };
    let read = bytes.get(..count).unwrap_or_default();
    let at = read
        .windows(EDITOR_LEFT.len())
        .position(|window| window == EDITOR_LEFT);
    Ok(at.map_or(start, |at| start.plus((at + EDITOR_LEFT.len()) as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_one_paste_and_an_enter() {
        assert_eq!(
            keys(line_of("echo a\necho b\n").unwrap(), true),
            Bytes::from_static(b" \x05\x15\x1b[200~echo a\necho b\x1b[201~\r")
        );
        assert_eq!(
            keys(line_of("ls").unwrap(), false),
            Bytes::from_static(b" \x05\x15ls\r")
        );
        for wrong in ["", " \n", "a\x1b[201~b", "a\rb", "a\x03"] {
            assert!(line_of(wrong).is_err(), "{wrong:?}");
        }
    }
}
