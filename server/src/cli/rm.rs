//! `sempre rm`: removes ended sessions with their output.

use anyhow::bail;
use clap::Args;
use sempre_protocol::api::DeleteOnly;

use super::connect::{ServerFlags, block_on};
use super::exit::Outcome;
use super::out;

/// Flags of `sempre rm`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Sessions: ids, or the beginnings of them
    #[arg(value_name = "SESSION", required = true)]
    sessions: Vec<String>,

    /// End those that still run
    #[arg(long, short)]
    force: bool,

    /// Write JSON: the ids of what was removed
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    block_on(async {
        let mut removed = Vec::new();
        for text in &flags.sessions {
            let id = client.find(text).await?;
            if flags.force {
                client.end(id).await?;
            }
            match client.delete(id, DeleteOnly::Ended).await {
                Err(error) if error.code() == Some("session_running") => {
                    bail!("session {id} runs; end it with `sempre stop`, or remove it with --force")
                }
                deleted => deleted?,
            }
            removed.push(id);
        }
        out::done(flags.json, &removed, |removed| {
            removed.iter().map(|id| format!("{id} removed\n")).collect()
        })
    })
}
