//! `sempre show`: everything known of a session.

use clap::Args;
use sempre_protocol::api::SessionInfo;

use super::connect::{ServerFlags, SessionArg, block_on};
use super::exit::Outcome;
use super::table::plain;
use super::{describe, out};

/// Flags of `sempre show`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    session: SessionArg,

    /// Write JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    block_on(async {
        let id = flags.session.find(&client).await?;
        out::done(flags.json, &client.session(id).await?, text)
    })
}

fn text(session: &SessionInfo) -> String {
    let line = |(name, value)| format!("{name:<15}{value}");
    known(session)
        .into_iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

/// What is known of a session, in words, each with what it is; made [`plain`].
pub(super) fn known(session: &SessionInfo) -> Vec<(&'static str, String)> {
    let seconds = |seconds: u64| describe::span(seconds);
    let labels = session.labels.iter().map(|(key, value)| format!("{key}={value}"));
    let ended = session.ended_at.as_ref().map(|at| {
        let reason = session.end_reason.as_deref().unwrap_or("ended");
        format!("{at}, {} ({reason})", describe::ended(session))
    });
    let expires = session.expires_at.as_ref().map(|at| {
        let why = session.expires_by.as_deref().unwrap_or("age");
        format!("{at} ({why})")
    });
    let lines = [
        ("session", Some(session.session_id.to_string())),
        ("state", Some(session.state.word().to_owned())),
        ("problem", session.problem.clone()),
        ("command", Some(session.cmd.join(" "))),
        ("pid", session.pid.map(|pid| pid.to_string())),
        ("title", session.title.clone()),
        (
            "directory",
            session.current_cwd.clone().or(Some(session.cwd.clone())),
        ),
        ("size", Some(format!("{}x{}", session.cols, session.rows))),
        ("started", Some(session.started_at.clone())),
        ("ended", ended),
        ("running for", Some(seconds(session.uptime))),
        (
            "output",
            Some(format!("{} to {}", session.base_offset, session.offset)),
        ),
        ("viewers", Some(session.viewers.to_string())),
        ("group", session.group.clone()),
        (
            "labels",
            Some(labels.collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty()),
        ),
        ("owner", session.owner.clone()),
        ("user", session.user_id.clone()),
        ("restarted from", session.restarted_from.map(|id| id.to_string())),
        ("ttl", session.ttl.map(seconds)),
        ("idle", session.idle.map(seconds)),
        ("expires", expires),
        ("summary", session.summary.clone()),
    ];
    let known = lines
        .into_iter()
        .filter_map(|(name, value)| Some((name, plain(&value?))));
    known.collect()
}
