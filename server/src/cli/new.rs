//! `sempre new`: starts a session and says which.

use clap::Args;
use sempre_protocol::Size;

use super::connect::{ServerFlags, block_on};
use super::exit::Outcome;
use super::start::StartFlags;
use super::{last_words, out};

/// Flags of `sempre new`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    start: StartFlags,

    /// Size until somebody attaches, COLSxROWS [default: 80x24]
    #[arg(long, value_name = "SIZE")]
    size: Option<Size>,

    /// Write JSON: the session and its addresses
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    let request = flags.start.request(flags.server.is_remote(), flags.size)?;
    block_on(async {
        let started = client.create(&request).await?;
        last_words::refuse_early_exit(&client, started.session.session_id).await?;
        out::done(flags.json, &started, |started| {
            started.session.session_id.to_string()
        })
    })
}
