//! `sempre open`: starts a session and attaches to it, or goes on with one (row D1).

use clap::Args;
use sempre_protocol::Size;
use sempre_protocol::api::{SessionInfo, SessionState};

use super::attach::{self, LocalFlags, attach};
use super::connect::{ServerFlags, block_on};
use super::exit::Outcome;
use super::last_words;
use super::start::StartFlags;
use crate::client::Client;
use crate::config::agents::Agents;

/// Shells that take `-l`, `-c` and arguments as sh does; another one is left out of the way.
const LIKE_SH: [&str; 6] = ["bash", "zsh", "sh", "dash", "ksh", "mksh"];
/// Runs its arguments, after the profile was read.
const EXEC: &str = "exec \"$@\"";

/// Flags of `sempre open`.
#[derive(Debug, Args)]
#[command(after_help = "\
What ends within 200 ms is told with its exit code and its last 20 lines. Ends like `sempre attach`. Agents are \
commands named below [agents] in sempre.toml; they are started by a login shell, so that its profile counts.")]
pub(super) struct Flags {
    /// Go on with this session instead of starting one: attach if it runs, start it again if it has ended
    #[arg(long, value_name = "SESSION", conflicts_with_all = ["agent", "no_agent", "command", "shell"])]
    resume: Option<String>,

    /// Start the agent of this name instead of a shell
    #[arg(long, value_name = "NAME", conflicts_with_all = ["command", "shell"])]
    agent: Option<String>,

    /// Start a shell, also if there is an agent named `default`
    #[arg(long, conflicts_with_all = ["agent", "command"])]
    no_agent: bool,

    #[command(flatten)]
    start: StartFlags,

    #[command(flatten)]
    local: LocalFlags,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    block_on(async {
        let session = match &flags.resume {
            Some(text) => resume(&client, text).await?,
            None => {
                start(
                    &client,
                    flags.start,
                    flags.agent,
                    flags.no_agent,
                    flags.server.is_remote(),
                )
                .await?
            }
        };
        attach(client, &session, flags.local).await
    })
}

async fn resume(client: &Client, text: &str) -> anyhow::Result<SessionInfo> {
    let id = client.find(text).await?;
    let session = client.session(id).await?;
    if session.state == SessionState::Active {
        return Ok(session);
    }
    let started = client.restart(id).await?.session;
    last_words::refuse_early_exit(client, started.session_id).await?;
    Ok(started)
}

async fn start(
    client: &Client,
    mut flags: StartFlags,
    agent: Option<String>,
    no_agent: bool,
    remote: bool,
) -> anyhow::Result<SessionInfo> {
    // Before there is a session: without a terminal nobody could attach to it.
    let size: Size = attach::size_of_terminal()?;
    if !no_agent && flags.command.is_empty() && !flags.names_shell() {
        flags.command = command_of(client, agent).await?;
    }
    let request = flags.request(remote, Some(size))?;
    let session = client.create(&request).await?.session;
    last_words::refuse_early_exit(client, session.session_id).await?;
    Ok(session)
}

/// The command of an agent, behind a login shell; nothing: a shell is meant.
async fn command_of(client: &Client, agent: Option<String>) -> anyhow::Result<Vec<String>> {
    let agents = Agents::read()?;
    let words = match &agent {
        Some(name) => agents.get(name)?,
        None => match agents.get("default") {
            Ok(words) => words,
            Err(_) => return Ok(Vec::new()),
        },
    };
    let shell = client.shells().await?.default;
    let name = shell.rsplit('/').next().unwrap_or_default();
    let shell = if LIKE_SH.contains(&name) {
        shell.clone()
    } else {
        "sh".to_owned()
    };
    let wrap = [shell.clone(), "-lc".into(), EXEC.into(), shell];
    Ok(wrap.into_iter().chain(words.iter().cloned()).collect())
}
