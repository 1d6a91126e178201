//! Which sessions are listed, in which order, and what stands in their columns. Text of programs is made plain here.

use sempre_protocol::SessionId;
use sempre_protocol::api::{NAME_LABEL, SessionInfo, SessionState};

use super::watch::{Heard, World};
use super::wrapping::tame;
use crate::cli::describe;
use crate::cli::table::plain;

/// Longest text of a column; programs may choose any.
const MAX_CELL_CHARS: usize = 200;

/// What a column shows.
pub(super) struct Column {
    pub(super) heading: &'static str,
    /// Cells; of the last column at least these.
    pub(super) width: u16,
    /// Columns of a low rank are left out last where there is little room.
    rank: u8,
    text: fn(&Heard, u64) -> String,
}

/// All columns; the last one has what is left of the row.
static COLUMNS: [Column; 9] = [
    column("ID", 8, 0, |heard, _| describe::short(heard.info.session_id)),
    column("STATE", 10, 1, |heard, _| describe::state(&heard.info)),
    column("SHELL", 8, 2, |heard, _| heard.info.shell.clone()),
    column("PID", 7, 7, |heard, _| {
        heard.info.pid.map_or("-".into(), |pid| pid.to_string())
    }),
    column("SIZE", 7, 8, |heard, _| {
        format!("{}x{}", heard.info.cols, heard.info.rows)
    }),
    column("UPTIME", 6, 6, |heard, now_ms| {
        describe::span(uptime_s(heard, now_ms))
    }),
    column("USED", 5, 3, |heard, now_ms| {
        describe::span(unused_s(heard, now_ms))
    }),
    column("HEALTH", 7, 5, |heard, _| health(&heard.info).into()),
    column("NAME", 8, 4, |heard, _| name(&heard.info).into()),
];

const fn column(heading: &'static str, width: u16, rank: u8, text: fn(&Heard, u64) -> String) -> Column {
    Column {
        heading,
        width,
        rank,
        text,
    }
}

impl Column {
    /// What stands in it, `now_ms` after the Unix epoch.
    pub(super) fn text(&self, heard: &Heard, now_ms: u64) -> String {
        brief(&(self.text)(heard, now_ms))
    }
}

/// The columns that fit into so many cells, with a cell between them.
pub(super) fn columns(width: u16) -> Vec<&'static Column> {
    let mut ranked: Vec<_> = COLUMNS.iter().collect();
    ranked.sort_by_key(|column| column.rank);
    // Two cells mark the row, and there is none before the first column.
    let mut left = width.saturating_sub(1);
    let mut last_rank = 0;
    for column in ranked {
        match left.checked_sub(column.width + 1) {
            Some(rest) => left = rest,
            None => break,
        }
        last_rank = column.rank;
    }
    COLUMNS.iter().filter(|column| column.rank <= last_rank).collect()
}

/// A text for a column, or a part of a row.
pub(super) fn brief(text: &str) -> String {
    tame(text, MAX_CELL_CHARS)
}

/// Seconds since the start, or how long it ran.
pub(super) fn uptime_s(heard: &Heard, now_ms: u64) -> u64 {
    match heard.info.state {
        SessionState::Active => heard.info.uptime + now_ms.saturating_sub(heard.at_ms) / 1000,
        _ => heard.info.uptime,
    }
}

/// Seconds since the last activity.
pub(super) fn unused_s(heard: &Heard, now_ms: u64) -> u64 {
    (now_ms / 1000).saturating_sub(heard.info.last_activity)
}

/// How it is, in a word; an ended one is neither well nor ill.
pub(super) fn health(info: &SessionInfo) -> &'static str {
    match (info.state, &info.problem) {
        (_, Some(_)) => "problem",
        (SessionState::Active, None) => "ok",
        _ => "-",
    }
}

/// What people call it: its name, else its title, else where it stands.
pub(super) fn name(info: &SessionInfo) -> &str {
    let name = info.labels.get(NAME_LABEL).map(String::as_str);
    let title = info.title.as_deref();
    let place = info.current_cwd.as_deref().unwrap_or(&info.cwd);
    name.into_iter()
        .chain(title)
        .find(|text| !text.trim().is_empty())
        .unwrap_or(place)
}

/// The sessions that `filter` leaves: the running ones first, among them the newest first.
pub(super) fn listed(world: &World, filter: &str) -> Vec<SessionId> {
    let filter = filter.to_lowercase();
    let words: Vec<_> = filter.split_whitespace().collect();
    let sessions = world.sessions.values().map(|heard| &heard.info);
    let mut sessions: Vec<_> = sessions.filter(|info| is_meant(info, &words)).collect();
    let ended = |info: &SessionInfo| info.state != SessionState::Active;
    sessions.sort_by(|a, b| {
        let order = ended(a).cmp(&ended(b));
        order
            .then_with(|| b.started_at.cmp(&a.started_at))
            .then_with(|| a.session_id.cmp(&b.session_id))
    });
    sessions.into_iter().map(|info| info.session_id).collect()
}

/// Whether each word stands in something that is known of it.
fn is_meant(info: &SessionInfo, words: &[&str]) -> bool {
    if words.is_empty() {
        return true;
    }
    let labels = info.labels.iter().map(|(key, value)| format!("{key}={value}"));
    let known = [
        Some(info.session_id.to_string()),
        Some(describe::state(info)),
        Some(info.shell.clone()),
        Some(info.cmd.join(" ")),
        info.title.clone(),
        info.current_cwd.clone(),
        Some(info.cwd.clone()),
        info.group.clone(),
        info.problem.clone(),
    ];
    let known = known.into_iter().flatten().chain(labels);
    let known = plain(&known.collect::<Vec<_>>().join("\n")).to_lowercase();
    words.iter().all(|word| known.contains(word))
}
