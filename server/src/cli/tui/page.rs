//! Pages to read: a session's details, the server's health, help, and words that are too many for one row.

use sempre_protocol::SessionId;
use sempre_protocol::api::{HealthStatus, NAME_LABEL};

use super::list::{self, unused_s, uptime_s};
use super::model::State;
use super::wrapping::{cells, tame, wrapped};
use crate::cli::{describe, show};

/// Rows around a page's text: its title and the keys.
const ROWS_AROUND_PAGE: usize = 2;
/// Longest value that is shown; programs and their arguments may be any length.
const MAX_VALUE_CHARS: usize = 4096;
/// Cells of what stands before a value.
const NAME_CELLS: usize = 16;

/// What a page is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Topic {
    /// A session.
    Session(SessionId),
    /// The server.
    Health,
    /// The keys.
    Help,
    /// What could not be said in a row.
    Words(String),
}

/// A page, and how far one has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) topic: Topic,
    /// The first row on the screen.
    pub(super) top: usize,
}

impl Page {
    /// From its beginning.
    pub(super) fn new(topic: Topic) -> Self {
        Self { topic, top: 0 }
    }

    /// Above the text.
    pub(super) fn title(&self) -> String {
        match &self.topic {
            Topic::Session(id) => format!("Session {}", describe::short(*id)),
            Topic::Health => "Server".to_owned(),
            Topic::Help => "Help".to_owned(),
            Topic::Words(_) => "Message".to_owned(),
        }
    }

    /// Rows of the text that are on the screen at once.
    pub(super) fn rows(&self, state: &State) -> usize {
        usize::from(state.size.rows)
            .saturating_sub(ROWS_AROUND_PAGE)
            .max(1)
    }

    /// Where the screen stands at the end of the text.
    pub(super) fn last_top(&self, state: &State) -> usize {
        self.text(state).len().saturating_sub(self.rows(state))
    }

    /// The rows, as wide as the screen.
    pub(super) fn text(&self, state: &State) -> Vec<String> {
        let width = usize::from(state.size.cols);
        match &self.topic {
            Topic::Session(id) => named_rows(&session(state, *id), width),
            Topic::Health => named_rows(&health(state), width),
            Topic::Help => named_rows(&help(state), width),
            Topic::Words(words) => {
                let lines = words.lines().map(|line| tame(line, MAX_VALUE_CHARS));
                lines.flat_map(|line| wrapped(&line, width)).collect()
            }
        }
    }
}

/// Names before values, which stay in a column of their own; a long name has a row of its own.
fn named_rows(values: &[(String, String)], width: usize) -> Vec<String> {
    let mut rows = Vec::new();
    for (name, value) in values {
        let mut name = name.as_str();
        if cells(name) >= NAME_CELLS {
            rows.push(name.to_owned());
            name = "";
        }
        for part in wrapped(&tame(value, MAX_VALUE_CHARS), width.saturating_sub(NAME_CELLS)) {
            let row = format!("{name:<NAME_CELLS$}{part}");
            rows.push(row.trim_end().to_owned());
            name = "";
        }
    }
    rows
}

fn session(state: &State, id: SessionId) -> Vec<(String, String)> {
    let Some(heard) = state.heard(id) else {
        let gone = "it is no more: it was removed, or archived".to_owned();
        return vec![(describe::short(id), gone)];
    };
    let live = [
        ("name", heard.info.labels.get(NAME_LABEL).cloned()),
        ("health", Some(list::health(&heard.info).to_owned())),
        (
            "last used",
            Some(format!("{} ago", describe::span(unused_s(heard, state.now_ms)))),
        ),
    ];
    let uptime = describe::span(uptime_s(heard, state.now_ms));
    let live = live.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let known = show::known(&heard.info)
        .into_iter()
        .map(|(name, value)| match name {
            "running for" => (name, uptime.clone()),
            _ => (name, value),
        });
    live.chain(known)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn health(state: &State) -> Vec<(String, String)> {
    let mut values = Vec::new();
    let mut add = |name: &str, value: String| values.push((list::brief(name), value));
    match &state.world.trouble {
        Some(why) => add("connection", format!("not connected, trying again: {why}")),
        None => add(
            "connection",
            "connected; sessions are shown as they change".into(),
        ),
    }
    let Some(health) = &state.world.health else {
        add("health", "this key may not ask for it".into());
        return values;
    };
    add("health", word(health.status).into());
    add("version", health.version.clone());
    add("running for", describe::span(health.uptime));
    add("sessions", format!("{} run", health.active_sessions));
    add("screens", format!("{} in memory", health.screens));
    for check in &health.checks {
        add(
            &check.name.replace('_', " "),
            format!("{}: {}", word(check.status), check.message),
        );
    }
    values
}

/// A health in a word.
pub(super) fn word(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Ok => "ok",
        HealthStatus::Degraded => "degraded",
    }
}

fn help(state: &State) -> Vec<(String, String)> {
    let lines = [
        ("Enter, a", "attach to the session; to come back here:"),
        ("", state.detach_advice.as_str()),
        (
            "n",
            "new session: name and command, both may be empty; Tab goes on, Enter starts it",
        ),
        ("e", "end it; its output stays"),
        ("r", "start an ended one again"),
        ("d, Delete", "remove it with its output"),
        ("i, Space", "everything known of it"),
        ("h", "the server's health"),
        (
            "/",
            "filter by words in id, name, command, title, directory, labels, state; Enter keeps it, Esc drops it",
        ),
        ("Up, Down, j, k", "move; also PgUp, PgDn, Home, End, g, G"),
        ("Ctrl-L", "draw everything anew"),
        ("Ctrl-Z", "back to the shell; fg comes back here"),
        ("?", "this page"),
        ("q, Ctrl-C", "leave; sessions go on"),
        ("", ""),
        ("USED", "time since the last output, input, attach or resize"),
        ("HEALTH", "ok; problem: i tells which; - of one that has ended"),
    ];
    lines
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}
