//! Sessions in words: what they run, how they ended, how long ago.

use sempre_protocol::SessionId;
use sempre_protocol::api::{SessionInfo, SessionState};
use sempre_protocol::holder::EndReason;
use sempre_protocol::texts::ExitStatus;

use super::table::Table;

/// Digits of an id that are shown at least.
const SHORT_ID: usize = 8;

/// A span of time with its largest unit, such as `3h`.
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Code or signal.
pub(super) fn exit(status: Option<ExitStatus>) -> String {
    match status {
        Some(ExitStatus::Code(code)) => format!("exited with code {code}"),
        Some(ExitStatus::Signal(signal)) => format!("was killed by signal {signal}"),
        None => "was lost with its holder".to_owned(),
    }
}

/// How a session ended.
pub(super) fn ended(session: &SessionInfo) -> String {
    match (session.exit, session.end_reason.as_deref()) {
        (None, Some(reason)) if reason == EndReason::Imported.word() => {
            "is an imported recording that does not tell its exit code".to_owned()
        }
        (status, _) => exit(status),
    }
}

/// Where it stands, in at most ten letters.
pub(super) fn state(session: &SessionInfo) -> String {
    match (session.state, session.exit) {
        (SessionState::Active, _) if session.problem.is_some() => "problem".into(),
        (SessionState::Completed, Some(ExitStatus::Code(code))) => format!("exited {code}"),
        (SessionState::Completed, Some(ExitStatus::Signal(signal))) => format!("signal {signal}"),
        (state, _) => state.word().into(),
    }
}

/// Digits that tell these sessions apart.
fn digits(sessions: &[SessionInfo]) -> usize {
    let mut ids: Vec<_> = sessions
        .iter()
        .map(|session| session.session_id.to_string())
        .collect();
    ids.sort();
    let shared = |pair: &[String]| match pair {
        [a, b] => a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count(),
        _ => 0,
    };
    let longest = ids.windows(2).map(shared).max().unwrap_or(0);
    SHORT_ID.max(longest + 1)
}

/// The beginning of an id that people may use for it.
pub(super) fn short(id: SessionId) -> String {
    id.to_string().chars().take(SHORT_ID).collect()
}

/// A table of sessions, the newest last.
pub(super) fn table(sessions: &[SessionInfo], now_s: u64) -> String {
    let digits = digits(sessions);
    let mut sessions: Vec<_> = sessions.iter().collect();
    sessions.sort_by(|a, b| a.started_at.cmp(&b.started_at));
    let headings = [
        "ID", "STATE", "COMMAND", "AGE", "USED", "VIEWERS", "SIZE", "LABELS", "TITLE",
    ];
    let mut table = Table::new(headings);
    for session in sessions {
        let labels = session.labels.iter().map(|(key, value)| format!("{key}={value}"));
        let group = session.group.iter().map(|group| format!("group={group}"));
        let title = session.title.as_deref();
        let place = session.current_cwd.as_deref().unwrap_or(&session.cwd);
        table.row([
            session.session_id.to_string().chars().take(digits).collect(),
            state(session),
            session.shell.clone(),
            span(session.uptime),
            span(now_s.saturating_sub(session.last_activity)),
            session.viewers.to_string(),
            format!("{}x{}", session.cols, session.rows),
            group.chain(labels).collect::<Vec<_>>().join(" "),
            title
                .filter(|title| !title.is_empty())
                .unwrap_or(place)
                .to_owned(),
        ]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_one_unit() {
        let spans = [0, 59, 60, 3599, 3600, 86_399, 86_400, 900_000].map(span);
        assert_eq!(spans, ["0s", "59s", "1m", "59m", "1h", "23h", "1d", "10d"]);
    }
}
