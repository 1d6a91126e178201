//! `sempre screen`: what a session's terminal shows.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::connect::{ServerFlags, SessionArg, block_on};
use super::exit::Outcome;
use super::out;
use crate::client::ScreenFormat;

/// Flags of `sempre screen`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    session: SessionArg,

    /// How to write it: `ansi` rebuilds it on a reset terminal
    #[arg(long, value_enum, default_value = "text")]
    format: Format,

    /// Rows above the screen to write too, 5000 at most
    #[arg(long, value_name = "N", default_value_t = 0)]
    lines: u32,

    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Ansi,
    Html,
    Json,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    let format = match flags.format {
        _ if flags.json => ScreenFormat::Json,
        Format::Text => ScreenFormat::Text,
        Format::Ansi => ScreenFormat::Ansi,
        Format::Html => ScreenFormat::Html,
        Format::Json => ScreenFormat::Json,
    };
    block_on(async {
        let id = flags.session.find(&client).await?;
        let screen = client.screen(id, format, flags.lines).await?;
        out::write(&screen)?;
        if format == ScreenFormat::Json {
            out::write(b"\n")?;
        }
        Ok(ExitCode::SUCCESS)
    })
}
