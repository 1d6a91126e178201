//! `sempre cleanup-sessions`: ends running sessions that nobody has used for a while (L4).

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use sempre_protocol::SessionId;
use sempre_protocol::api::{SessionInfo, SessionState};
use serde::Serialize;

use super::connect::{ServerFlags, block_on};
use super::exit::{self, Outcome};
use super::{describe, out};
use crate::calendar::now_ms;
use crate::client::{Client, ClientError};

/// Flags of `sempre cleanup-sessions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Sessions count in which nothing happened for that long (no output, no input, no resize) and to which nobody is \
attached. They are ended as by `sempre stop`: what they wrote stays. Nothing else needs cleaning: a session whose \
process is gone is completed by the server itself.")]
pub(super) struct Flags {
    /// Only those in which nothing happened for so many hours; 0: all that nobody is attached to
    #[arg(long, value_name = "HOURS", default_value_t = 1.0, value_parser = hours)]
    older_than: f64,

    /// Say what would be ended, and end nothing
    #[arg(long)]
    dry_run: bool,

    /// Do not ask
    #[arg(long, short)]
    force: bool,

    /// Write JSON: `ended` and `failed`, or with --dry-run `would_end`
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

fn hours(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(hours) if hours.is_finite() && hours >= 0.0 => Ok(hours),
        _ => Err(format!("{text:?} is no number of hours")),
    }
}

#[derive(Debug, Default, Serialize)]
struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    would_end: Option<Vec<SessionId>>,
    ended: Vec<SessionId>,
    failed: Vec<Failure>,
}

#[derive(Debug, Serialize)]
struct Failure {
    session_id: SessionId,
    error: String,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    block_on(async {
        let sessions = client.sessions(Some(SessionState::Active)).await?;
        let now_s = now_ms() / 1000;
        let due = plan(now_s, sessions, flags.older_than);
        let table = describe::table(&due, now_s);
        if flags.dry_run {
            let ids = due.iter().map(|session| session.session_id).collect();
            let report = Report {
                would_end: Some(ids),
                ..Report::default()
            };
            let words = match due.is_empty() {
                true => "nothing to end".to_owned(),
                false => format!("{table}{} would be ended", count(due.len())),
            };
            return out::done(flags.json, &report, |_| words);
        }
        if !due.is_empty() && !flags.force && !agreed(&table, due.len())? {
            exit::say("nothing was ended");
            return Ok(1.into());
        }
        let report = end(&client, due).await;
        let failed = !report.failed.is_empty();
        out::done(flags.json, &report, words)?;
        Ok(if failed { 1.into() } else { ExitCode::SUCCESS })
    })
}

/// The running sessions that are due at `now_s`, seconds since the Unix epoch.
fn plan(now_s: u64, sessions: Vec<SessionInfo>, older_than_h: f64) -> Vec<SessionInfo> {
    let unused = |session: &SessionInfo| {
        let quiet_s = now_s.saturating_sub(session.last_activity);
        session.state == SessionState::Active
            && session.viewers == 0
            && quiet_s as f64 >= older_than_h * 3600.0
    };
    sessions.into_iter().filter(unused).collect()
}

/// Asks a person; without one nothing is agreed to.
fn agreed(table: &str, sessions: usize) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("nobody can be asked here; say --force, or --dry-run to see what is due");
    }
    let mut stderr = io::stderr().lock();
    write!(stderr, "{table}End {}? [y/N] ", count(sessions))?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Ends them one after the other. One that was used since the plan was made stays.
async fn end(client: &Client, due: Vec<SessionInfo>) -> Report {
    let mut report = Report::default();
    for planned in due {
        let id = planned.session_id;
        match end_one(client, &planned).await {
            Ok(true) => report.ended.push(id),
            Ok(false) => {}
            Err(error) => report.failed.push(Failure {
                session_id: id,
                error: error.to_string(),
            }),
        }
    }
    report
}

async fn end_one(client: &Client, planned: &SessionInfo) -> Result<bool, ClientError> {
    let now = client.session(planned.session_id).await?;
    let used = now.last_activity != planned.last_activity || now.viewers > 0;
    if used || now.state != SessionState::Active {
        return Ok(false);
    }
    client.end(planned.session_id).await
}

fn count(sessions: usize) -> String {
    match sessions {
        1 => "1 session".to_owned(),
        count => format!("{count} sessions"),
    }
}

fn words(report: &Report) -> String {
    let failed = report
        .failed
        .iter()
        .map(|failure| format!("{}: {}\n", failure.session_id, failure.error));
    let ended = format!("{} ended", count(report.ended.len()));
    failed.chain([ended]).collect()
}
