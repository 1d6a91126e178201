//! Sessions, and what is known of a server, for the tests of the rooms beside this one.

use sempre_protocol::api::{Health, SessionInfo, SessionState};
use sempre_protocol::texts::ExitStatus;
use sempre_protocol::{SessionId, Size};
use serde_json::json;

use super::keys::Key;
use super::model::{Act, Event, State};
use super::watch::{Heard, World};

/// What the clock says in all of them, ms.
pub(super) const NOW_MS: u64 = 1_800_000_000_000;

pub(super) fn id(number: u8) -> SessionId {
    format!("{number:02x}").repeat(16).parse().unwrap()
}

/// A running session; of a higher number, a newer one.
pub(super) fn session(number: u8) -> SessionInfo {
    let info = json!({
        "session_id": id(number),
        "shell": "bash",
        "pid": 4000 + u32::from(number),
        "rows": 24,
        "cols": 80,
        "uptime": 7200,
        "last_activity": NOW_MS / 1000 - 90,
        "state": "active",
        "run": format!("{number:032x}"),
        "cmd": ["/bin/bash", "-l"],
        "cwd": "/home/me",
        "started_at": format!("2027-01-15T08:00:{number:02}Z"),
        "viewers": 1,
        "offset": 10,
        "base_offset": 0,
    });
    serde_json::from_value(info).unwrap()
}

/// One that exited with 3.
pub(super) fn ended(number: u8) -> SessionInfo {
    SessionInfo {
        pid: None,
        state: SessionState::Completed,
        exit: Some(ExitStatus::Code(3)),
        ended_at: Some("2027-01-15T09:00:00Z".into()),
        ..session(number)
    }
}

pub(super) fn named(number: u8, name: &str) -> SessionInfo {
    let mut info = session(number);
    info.labels.insert("name".into(), name.into());
    info
}

pub(super) fn health() -> Health {
    let health = json!({
        "status": "ok",
        "active_sessions": 2,
        "version": "1.2.3",
        "uptime": 10_800,
        "checks": [{ "name": "data_directory", "status": "ok", "message": "900 MiB are free" }],
    });
    serde_json::from_value(health).unwrap()
}

pub(super) fn world(sessions: impl IntoIterator<Item = SessionInfo>) -> World {
    let heard = |info: SessionInfo| {
        let at_ms = NOW_MS;
        (info.session_id, Heard { info, at_ms })
    };
    World {
        sessions: sessions.into_iter().map(heard).collect(),
        health: Some(health()),
        trouble: None,
    }
}

pub(super) fn state(sessions: impl IntoIterator<Item = SessionInfo>, size: Size) -> State {
    State::new(world(sessions), size, NOW_MS, r"detach with Ctrl-\ d".into())
}

/// Presses what stands in `text`, a newline for Enter; what the last key is to do.
pub(super) fn press(state: &mut State, text: &str) -> Option<Act> {
    let mut act = None;
    for c in text.chars() {
        let key = match c {
            '\n' => Key::Enter,
            '\t' => Key::Tab,
            '\u{1b}' => Key::Escape,
            c => Key::Char(c),
        };
        act = state.take(Event::Key(key));
    }
    act
}
