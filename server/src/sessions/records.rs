//! A session as a row of the store, and a row as the API shows it.

use sempre_protocol::Offset;
use sempre_protocol::api::{SessionInfo, SessionState};
use sempre_protocol::holder::EndReason;
use sempre_protocol::texts::ExitStatus;

use super::session::{Exit, Session, Status};
use crate::calendar::rfc3339;
use crate::store::SessionRow;

/// The row of a session as it stands; `updated_at` is the caller's.
pub(super) fn row_of(session: &Session, updated_at: u64) -> SessionRow {
    let manifest = session.manifest();
    let Status {
        offset,
        base_offset,
        size,
        exit,
        ..
    } = session.status();
    let activity = session.activity();
    let (cmd, args) = match manifest.cmd.split_first() {
        Some((cmd, args)) => (cmd.clone(), args.to_vec()),
        None => Default::default(),
    };
    let (exit_code, exit_signal) = code_and_signal(exit.and_then(|exit| exit.status));
    SessionRow {
        id: manifest.session,
        run: manifest.run,
        state: match exit {
            Some(_) => SessionState::Completed,
            None => SessionState::Active,
        },
        started_at: manifest.started_at_ms,
        ended_at: exit.map(|exit| exit.ended_at_ms),
        updated_at,
        end_reason: exit.map(|exit| exit.reason.word().to_owned()),
        exit_code,
        exit_signal,
        shell: manifest.shell.clone(),
        cmd,
        args,
        cwd: manifest.cwd.clone(),
        cols: size.cols,
        rows: size.rows,
        labels: manifest.labels.clone(),
        group: manifest.group.clone(),
        user_id: manifest.user_id.clone(),
        owner: manifest.owner.clone(),
        run_as: manifest.run_as.clone(),
        limits: manifest.limits,
        records_input: manifest.records_input,
        ttl_s: manifest.ttl_s,
        idle_s: manifest.idle_s,
        restarted_from: manifest.restarted_from,
        output_base: base_offset.0,
        output_end: offset.0,
        last_activity: activity.wall_ms,
        last_activity_monotonic: activity.monotonic_ms,
        summary: None,
    }
}

fn code_and_signal(status: Option<ExitStatus>) -> (Option<i32>, Option<i32>) {
    match status {
        Some(ExitStatus::Code(code)) => (Some(code), None),
        Some(ExitStatus::Signal(signal)) => (None, Some(signal)),
        None => (None, None),
    }
}

/// Whether `new` says something that `old` does not: that output came and when is no reason to write a row again.
pub(super) fn is_news(old: &SessionRow, new: &SessionRow) -> bool {
    let mut quiet = new.clone();
    quiet.updated_at = old.updated_at;
    quiet.last_activity = old.last_activity;
    quiet.last_activity_monotonic = old.last_activity_monotonic;
    if new.state == SessionState::Active {
        (quiet.output_base, quiet.output_end) = (old.output_base, old.output_end);
    }
    quiet != *old
}

/// How the session of a row ended, if it has.
pub(super) fn exit_of(row: &SessionRow) -> Option<Exit> {
    let code = row.exit_code.map(ExitStatus::Code);
    Some(Exit {
        offset: Offset(row.output_end),
        status: code.or(row.exit_signal.map(ExitStatus::Signal)),
        reason: EndReason::from_word(row.end_reason.as_deref()?),
        ended_at_ms: row.ended_at?,
    })
}

/// An archived session as the API shows it: everything comes from its row.
pub(super) fn info_of(row: SessionRow) -> SessionInfo {
    let exit = exit_of(&row);
    let until = row.ended_at.unwrap_or(row.updated_at);
    SessionInfo {
        session_id: row.id,
        shell: row.shell,
        pid: None,
        rows: row.rows,
        cols: row.cols,
        uptime: until.saturating_sub(row.started_at) / 1000,
        last_activity: row.last_activity / 1000,
        state: row.state,
        run: row.run,
        cmd: [vec![row.cmd], row.args].concat(),
        cwd: row.cwd,
        started_at: rfc3339(row.started_at),
        ended_at: row.ended_at.map(rfc3339),
        exit: exit.and_then(|exit| exit.status),
        end_reason: row.end_reason,
        group: row.group,
        labels: row.labels,
        user_id: row.user_id,
        owner: row.owner,
        run_as: row.run_as,
        limits: row.limits,
        viewers: 0,
        offset: Offset(row.output_end),
        // Its journal is gone.
        base_offset: Offset(row.output_end),
        restarted_from: row.restarted_from,
        ttl: Some(row.ttl_s).filter(|&seconds| seconds > 0),
        idle: Some(row.idle_s).filter(|&seconds| seconds > 0),
        expires_at: None,
        expires_by: None,
        records_input: row.records_input,
        summary: row.summary,
        problem: None,
        title: None,
        current_cwd: None,
    }
}
