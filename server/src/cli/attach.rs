//! `sempre attach`: this terminal becomes a viewer of a session.

mod keys;
mod picture;
mod queries;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use sempre_protocol::api::SessionInfo;
use sempre_protocol::texts::{ExitStatus, ServerText};
use sempre_protocol::{SessionId, Size};
use tokio::time::{Instant, sleep_until};

use self::keys::{DetachKey, Typed, is_typing};
use self::picture::Picture;
use super::connect::{ServerFlags, SessionArg, block_on};
use super::exit::{self, Outcome};
use super::local_terminal::{self, Drawn, LocalTerminal};
use super::signals::Signals;
use super::{describe, last_words, out};
use crate::client::{AttachOptions, Attached, Attachment, Client};

/// A server that is gone for longer than this is told of.
const NOTICE_AFTER: Duration = Duration::from_secs(1);

/// Flags of `sempre attach`.
#[derive(Debug, Args)]
#[command(after_help = "\
Ends with 0 when detached, else with the exit code of the session. If the server goes away, the session does not: \
attach waits and comes back by itself. The detach key pressed twice goes to the session once.")]
pub(super) struct Flags {
    #[command(flatten)]
    session: SessionArg,

    #[command(flatten)]
    local: LocalFlags,

    #[command(flatten)]
    server: ServerFlags,
}

/// How this terminal is used; shared with `open`.
#[derive(Debug, Clone, Args)]
pub(super) struct LocalFlags {
    /// Only look: nothing is typed, the session keeps its size
    #[arg(long, short)]
    read_only: bool,

    /// Keys that detach: one with Ctrl, and maybe a second one; or `none`
    #[arg(
        long,
        value_name = "KEYS",
        env = "SEMPRE_DETACH_KEY",
        default_value = r"ctrl-\ d"
    )]
    detach_key: DetachKey,

    /// Lines above the screen to show first
    #[arg(long, value_name = "N", default_value_t = 500)]
    lines: u32,

    /// What others who look on see of this terminal
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

impl LocalFlags {
    /// How to detach, in words.
    pub(super) fn detach_advice(&self) -> String {
        self.detach_key.advice()
    }
}

/// The size of the terminal this program runs in.
///
/// # Errors
/// If there is none.
pub(super) fn size_of_terminal() -> anyhow::Result<Size> {
    demand_terminal()?;
    Ok(local_terminal::size_of(&std::io::stdout()))
}

fn demand_terminal() -> anyhow::Result<()> {
    if local_terminal::is_terminal() {
        return Ok(());
    }
    bail!(
        "attaching takes a terminal; without one there are `sempre logs --follow`, `sempre send` and `sempre run`"
    )
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    block_on(async {
        let id = flags.session.find(&client).await?;
        let session = client.session(id).await?;
        attach(client, &session, flags.local).await
    })
}

/// Attaches until the session ends or somebody detaches, and says which.
pub(super) async fn attach(client: Client, session: &SessionInfo, flags: LocalFlags) -> Outcome {
    let ended = view(client, session, flags).await?;
    told(session.session_id, ended)
}

/// Attaches until the session ends or somebody detaches. After it the terminal is itself again.
///
/// # Errors
/// What keeps from attaching, or that the terminal is no more.
pub(super) async fn view(client: Client, session: &SessionInfo, flags: LocalFlags) -> anyhow::Result<End> {
    let id = session.session_id;
    last_words::refuse_ended(&client, session).await?;
    if std::env::var("SEMPRE_SESSION").is_ok_and(|inside| inside == id.to_string()) {
        anyhow::bail!(
            "this terminal is session {id}: attached to itself, it would show itself showing itself"
        );
    }
    let options = AttachOptions {
        from: None,
        lines: flags.lines,
        read_only: flags.read_only,
        name: flags.name.clone(),
    };
    let attachment = Attachment::open(client, id, options).await?;
    let signals = Signals::listen()?;
    let advice = flags.detach_key.advice();
    // Before the terminal is raw: it stands above the session's screen.
    let recorded = match session.records_input && !flags.read_only {
        true => "; what is typed is recorded",
        false => "",
    };
    out::print(&format!(
        "sempre: session {} ({}){recorded}; {advice}",
        describe::short(id),
        session.shell
    ))?;
    demand_terminal()?;
    let terminal = LocalTerminal::open(Drawn::Session)?;
    let viewer = Viewer {
        picture: Picture::new(terminal.size(), flags.lines),
        typed: Typed::new(flags.detach_key),
        read_only: flags.read_only,
        attachment,
        terminal,
        signals,
        lost_at: None,
        advice,
    };
    viewer.run().await
}

/// Why it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// By the keys that detach.
    Detached,
    /// The session has ended; without a status it was lost with its holder.
    Exit(Option<ExitStatus>),
    /// By a signal to this program.
    Signal(u8),
}

fn told(id: SessionId, end: End) -> Outcome {
    let short = describe::short(id);
    match end {
        End::Detached => {
            out::print(&format!(
                "sempre: detached; come back with: sempre attach {short}"
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        End::Exit(status) => {
            out::print(&format!("sempre: session {short} {}", describe::exit(status)))?;
            Ok(exit::of_status(status))
        }
        End::Signal(signal) => Ok((128 + signal).into()),
    }
}

struct Viewer {
    attachment: Attachment,
    terminal: LocalTerminal,
    picture: Picture,
    typed: Typed,
    signals: Signals,
    read_only: bool,
    /// When the connection was lost, until that is told.
    lost_at: Option<Instant>,
    advice: String,
}

impl Viewer {
    async fn run(mut self) -> anyhow::Result<End> {
        if !self.read_only {
            self.attachment.resize(self.terminal.size());
        }
        loop {
            let Signals { resized, ending } = &mut self.signals;
            let notice_at = self.lost_at.map(|at| at + NOTICE_AFTER);
            tokio::select! {
                event = self.attachment.next() => if let Some(end) = self.hear(event?).await? {
                    return Ok(end);
                },
                bytes = self.terminal.read(), if self.attachment.takes_input() => match bytes?.as_slice() {
                    [] => return Ok(End::Signal(1)),
                    bytes => if self.key(bytes) {
                        return Ok(End::Detached);
                    },
                },
                _ = resized.recv() => {
                    let size = self.terminal.size();
                    self.picture.local_size(size);
                    if !self.read_only {
                        self.attachment.resize(size);
                    }
                }
                signal = ending.next() => return Ok(End::Signal(signal)),
                () = at(notice_at) => {
                    self.lost_at = None;
                    let notice = self.picture.notice(&self.advice);
                    self.terminal.write(&notice).await?;
                }
            }
        }
    }

    /// Whether to detach.
    fn key(&mut self, bytes: &[u8]) -> bool {
        let (bytes, detach) = self.typed.feed(bytes);
        if !self.read_only && !bytes.is_empty() {
            self.attachment.type_in(&bytes, is_typing(&bytes));
        }
        detach
    }

    async fn hear(&mut self, event: Attached) -> anyhow::Result<Option<End>> {
        let shown = match event {
            Attached::Up { .. } => {
                self.lost_at = None;
                self.picture.without_notice()
            }
            Attached::Snapshot(snapshot) => self.picture.snapshot(&snapshot),
            Attached::Output(bytes) => self.picture.output(&bytes),
            Attached::Text(ServerText::Resized { cols, rows, .. }) => {
                self.picture.session_size(Size::new(cols, rows));
                Vec::new()
            }
            Attached::Text(_) => Vec::new(),
            Attached::Exit { status, .. } => return Ok(Some(End::Exit(status))),
            Attached::Lost => {
                self.lost_at = Some(Instant::now());
                Vec::new()
            }
        };
        self.terminal.write(&shown).await?;
        self.attachment.drawn();
        Ok(None)
    }
}

/// Waits until then; without a time for ever.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
