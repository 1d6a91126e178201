//! `sempre stop`: ends sessions; their output stays.

use clap::Args;
use sempre_protocol::api::{SessionInfo, SessionState};

use super::connect::{ServerFlags, block_on};
use super::exit::{self, Coded, Outcome};
use super::{describe, out};
use crate::client::Client;

/// Flags of `sempre stop`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Sessions: ids, or the beginnings of them
    #[arg(value_name = "SESSION", required = true)]
    sessions: Vec<String>,

    /// Write JSON: the sessions as they ended
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    block_on(async {
        let mut ended = Vec::new();
        for text in &flags.sessions {
            let id = client.find(text).await?;
            ended.push(end(&client, client.session(id).await?).await?);
        }
        out::done(flags.json, &ended, |ended| words(ended))
    })
}

fn words(ended: &[SessionInfo]) -> String {
    let line = |session: &SessionInfo| format!("{} {}", session.session_id, describe::ended(session));
    ended.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Ends a running session; how it ended.
async fn end(client: &Client, session: SessionInfo) -> anyhow::Result<SessionInfo> {
    let id = session.session_id;
    if session.state != SessionState::Active {
        return Err(has_ended(&session));
    }
    let was_running = client.end(id).await?;
    let session = client.session(id).await?;
    match was_running {
        true => Ok(session),
        // By itself, since it was looked at: its output stays all the same.
        false => Err(has_ended(&session)),
    }
}

fn has_ended(session: &SessionInfo) -> anyhow::Error {
    let text = format!(
        "session {} {} at {}; `sempre rm` removes it",
        session.session_id,
        describe::ended(session),
        session.ended_at.as_deref().unwrap_or("some time")
    );
    Coded {
        code: exit::ENDED,
        text,
    }
    .into()
}
