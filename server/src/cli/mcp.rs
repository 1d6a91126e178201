//! `sempre mcp`: a server of the Model Context Protocol on standard input and output, for assistants that use sessions.
//!
//! It is a client of a Sempre server like the other verbs and holds nothing of its own: sessions stay when it ends.
//! Standard output carries the protocol alone; what is to be said to people goes to standard error.

mod answer;
mod arguments;
mod reach;
mod results;
mod text;
mod tools;
mod words;
mod work;

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use rmcp::transport::io::stdio_pipes;
use tokio::signal::unix::{SignalKind, signal};

use self::reach::Reach;
use self::tools::Tools;
use super::connect::{ServerFlags, block_on};
use super::exit::{self, Outcome};
use crate::client::ClientError;

/// Flags of `sempre mcp`.
#[derive(Debug, Args)]
#[command(
    after_help = "Started by an assistant's program, not by hand: docs/mcp.md says how to set it up. It ends when its \
standard input closes; the sessions go on."
)]
pub(super) struct Flags {
    /// Offer only tools that change nothing: list_sessions, read_screen and wait_for
    #[arg(long)]
    read_only: bool,

    /// Reach this session only: its id, or the beginning of it; repeatable. New ones cannot be started then
    #[arg(long, value_name = "SESSION")]
    session: Vec<String>,

    /// Reach sessions of this group only; new ones belong to it
    #[arg(long, value_name = "GROUP", conflicts_with = "session")]
    group: Option<String>,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    // A server that is not there yet may come; a key that cannot be read stays so.
    match flags.server.client() {
        Ok(_) => {}
        Err(error @ ClientError::Unreachable { .. }) => exit::say(&error.to_string()),
        Err(error) => return Err(error.into()),
    }
    let reach = Reach::new(flags.session, flags.group);
    let tools = Tools::new(flags.server, reach, flags.read_only);
    block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("cannot listen to SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen to SIGINT")?;
        tokio::select! {
            served = serve(tools) => served,
            _ = terminate.recv() => Ok(ExitCode::SUCCESS),
            _ = interrupt.recv() => Ok(ExitCode::SUCCESS),
        }
    })
}

/// Serves until the other side closes its end.
async fn serve(tools: Tools) -> Outcome {
    let service = match tools.serve(stdio_pipes()).await {
        Ok(service) => service,
        // It went away before it said anything: nothing was asked for.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(ExitCode::SUCCESS),
        Err(error) => return Err(error).context("no client of the Model Context Protocol on standard input"),
    };
    service.waiting().await.context("the protocol's task failed")?;
    Ok(ExitCode::SUCCESS)
}
