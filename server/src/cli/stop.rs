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
        let text = format!(
            "session {id} {} at {}; `sempre rm` removes it",
            describe::ended(&session),
            session.ended_at.as_deref().unwrap_or("some time")
        );
        return Err(Coded {
            code: exit::ENDED,
            text,
        }
        .into());
    }
    client.delete(id).await?;
    Ok(client.session(id).await?)
}
