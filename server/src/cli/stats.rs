//! `sempre stats`: how many sessions there are, the newest, and those that run for long (L6).

use clap::Args;
use sempre_protocol::stats::{Stats, StatsSession};

use super::connect::{ServerFlags, block_on};
use super::exit::Outcome;
use super::table::Table;
use super::{describe, out};

/// Flags of `sempre stats`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Write JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    block_on(async { out::done(flags.json, &client.stats().await?, text) })
}

fn text(stats: &Stats) -> String {
    let counts = &stats.by_status;
    let long = &stats.active_longer_than_a_day;
    format!(
        "active     {}\ncompleted  {}\narchived   {}\n\nnewest:\n{}\nactive for more than a day: {}\n{}",
        counts.active,
        counts.completed,
        counts.archived,
        table(&stats.recent),
        long.count,
        if long.sessions.is_empty() {
            String::new()
        } else {
            table(&long.sessions)
        }
    )
}

fn table(sessions: &[StatsSession]) -> String {
    let mut table = Table::new(["ID", "STATE", "COMMAND", "STARTED"]);
    for session in sessions {
        table.row([
            describe::short(session.session_id),
            session.status.word().into(),
            session.shell.clone(),
            session.started_at.clone(),
        ]);
    }
    table.to_string()
}
