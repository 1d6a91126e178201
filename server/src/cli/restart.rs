//! `sempre restart`: starts an ended session again.

use clap::Args;

use super::connect::{ServerFlags, SessionArg, block_on};
use super::exit::Outcome;
use super::{last_words, out};

/// Flags of `sempre restart`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    session: SessionArg,

    /// Write JSON: the new session
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    block_on(async {
        let id = flags.session.find(&client).await?;
        let started = client.restart(id).await?;
        last_words::refuse_early_exit(&client, started.session.session_id).await?;
        out::done(flags.json, &started, |started| {
            started.session.session_id.to_string()
        })
    })
}
