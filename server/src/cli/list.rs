//! `sempre list`: sessions, once or as they change.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use sempre_protocol::SessionId;
use sempre_protocol::api::{SessionInfo, SessionState};
use sempre_protocol::events::SessionEvent;
use tokio::time::sleep;

use super::connect::{ServerFlags, block_on};
use super::exit::Outcome;
use super::{describe, out};
use crate::calendar::now_ms;
use crate::client::{Client, ClientError};

/// Between two attempts to reach a server that went down.
const RETRY: Duration = Duration::from_secs(1);
/// Clears a terminal.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Flags of `sempre list`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Only sessions in this state; archived ones are listed by this alone
    #[arg(long, value_enum)]
    state: Option<State>,

    /// Only sessions of this group
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,

    /// Go on: show the list again at each change
    #[arg(long, short)]
    watch: bool,

    /// Write JSON: an array, with --watch one for each change
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Active,
    Completed,
    Archived,
}

impl From<State> for SessionState {
    fn from(state: State) -> Self {
        match state {
            State::Active => Self::Active,
            State::Completed => Self::Completed,
            State::Archived => Self::Archived,
        }
    }
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    block_on(async {
        if flags.watch {
            return watch(&flags, &client).await;
        }
        flags.show(sessions(&flags, &client).await?.values(), false)?;
        Ok(ExitCode::SUCCESS)
    })
}

type Sessions = BTreeMap<SessionId, SessionInfo>;

async fn sessions(flags: &Flags, client: &Client) -> Result<Sessions, ClientError> {
    let sessions = client.sessions(flags.state.map(Into::into)).await?;
    let by_id = sessions.into_iter().map(|session| (session.session_id, session));
    Ok(by_id.collect())
}

/// Shows the list at each event; when the server goes down, waits until it is there again.
async fn watch(flags: &Flags, client: &Client) -> Outcome {
    let mut events = client.events().await?;
    let mut known = Sessions::new();
    loop {
        match events.next().await {
            Ok(Some(SessionEvent::Session(session))) => {
                known.insert(session.session_id, *session);
            }
            Ok(Some(SessionEvent::Removed { session_id })) => {
                known.remove(&session_id);
            }
            // The first event of each stream.
            Ok(Some(SessionEvent::Resync {})) => known = sessions(flags, client).await?,
            Ok(None) | Err(_) => {
                events = again(client).await?;
                continue;
            }
        }
        flags.show(known.values(), true)?;
    }
}

async fn again(client: &Client) -> Result<crate::client::Events, ClientError> {
    loop {
        sleep(RETRY).await;
        match client.events().await {
            Err(error) if error.is_passing() => {}
            events => return events,
        }
    }
}

impl Flags {
    fn show<'a>(&self, sessions: impl Iterator<Item = &'a SessionInfo>, clear: bool) -> anyhow::Result<()> {
        let state = self.state.map(SessionState::from);
        let wanted = sessions
            .filter(|session| state.is_none_or(|state| session.state == state))
            .filter(|session| self.group.is_none() || session.group == self.group);
        let wanted: Vec<_> = wanted.cloned().collect();
        if self.json {
            return out::json(&wanted);
        }
        let table = describe::table(&wanted, now_ms() / 1000);
        match clear && out::is_terminal() {
            true => out::print(&format!("{CLEAR}{table}")),
            false => out::print(&table),
        }
    }
}
