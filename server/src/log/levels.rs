//! Which lines are written: a level, and levels of rooms.

use std::str::FromStr;

use sempre_protocol::api::LogLevels;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

/// The rooms of the server that log.
pub const ROOMS: [&str; 6] = ["auth", "cli", "http", "service", "sessions", "store"];

/// What the modules of this package begin with, and of all packages of the project.
const OWN: &str = "sempre_server";
const HOUSE: &str = "sempre";

/// Libraries speak only from this level on: below it some of them log what passes through them, and terminal
/// bytes and secrets must never be in a log.
const LIBRARIES: LevelFilter = LevelFilter::INFO;

/// A level for all, and for single rooms: `info,http=debug`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    all: LevelFilter,
    rooms: Vec<(String, LevelFilter)>,
    text: String,
}

impl Levels {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// As the API shows them; of a room that was named twice, the last level.
    pub fn shown(&self) -> LogLevels {
        let rooms = self
            .rooms
            .iter()
            .map(|(room, level)| (room.clone(), level.to_string()));
        LogLevels {
            level: self.all.to_string(),
            rooms: rooms.collect(),
        }
    }

    /// What the API was sent.
    ///
    /// # Errors
    /// Which word is no level or no room, and which there are.
    pub fn of(sent: &LogLevels) -> Result<Self, String> {
        sent.words().join(",").parse()
    }

    pub(super) fn targets(&self) -> Targets {
        let rooms = self
            .rooms
            .iter()
            .map(|(room, level)| (format!("{OWN}::{room}"), *level));
        Targets::new()
            .with_default(self.all.min(LIBRARIES))
            .with_target(HOUSE, self.all)
            .with_targets(rooms)
    }
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            all: LevelFilter::INFO,
            rooms: Vec::new(),
            text: "info".into(),
        }
    }
}

impl FromStr for Levels {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut levels = Self {
            text: text.to_owned(),
            ..Self::default()
        };
        for part in text.split(',').map(str::trim) {
            match part.split_once('=') {
                None => levels.all = level(part)?,
                Some((room, named)) => levels.rooms.push((known(room)?, level(named)?)),
            }
        }
        Ok(levels)
    }
}

fn level(text: &str) -> Result<LevelFilter, String> {
    let words = ["off", "error", "warn", "info", "debug", "trace"];
    match words.contains(&text.to_ascii_lowercase().as_str()) {
        true => text.parse().map_err(|_| format!("{text:?} is no level")),
        false => Err(format!("{text:?} is no level; there are {}", words.join(", "))),
    }
}

/// A room, or a part of one: `sessions::screen`.
fn known(room: &str) -> Result<String, String> {
    let first = room.split("::").next().unwrap_or_default();
    match ROOMS.contains(&first) {
        true => Ok(room.to_owned()),
        false => Err(format!("{room:?} is no room; there are {}", ROOMS.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn k6_levels_are_of_rooms() {
        let targets = "warn,http=debug, sessions::screen=trace"
            .parse::<Levels>()
            .unwrap()
            .targets();
        let writes = |target: &str, level: Level| targets.would_enable(target, &level);
        assert!(writes("sempre_server::http::ws", Level::DEBUG));
        assert!(!writes("sempre_server::sessions", Level::INFO));
        assert!(writes("sempre_server::sessions::screen::task", Level::TRACE));
        assert!(writes("hyper", Level::WARN) && !writes("hyper", Level::INFO));
        for wrong in ["loud", "", "info,kitchen=debug", "http=", "=info", "5"] {
            assert!(wrong.parse::<Levels>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn k6_levels_are_shown_as_they_can_be_sent() {
        let levels: Levels = "WARN,http=debug,http=trace,sessions::screen=off".parse().unwrap();
        let shown = levels.shown();
        assert_eq!((shown.level.as_str(), shown.rooms.len()), ("warn", 2));
        assert_eq!(shown.rooms["http"], "trace");
        assert_eq!(Levels::of(&shown).unwrap().shown(), shown);
        for (level, room) in [("loud", "http"), ("info", "kitchen"), ("info", "http=debug")] {
            let sent = LogLevels {
                level: level.into(),
                rooms: [(room.to_owned(), "info".to_owned())].into(),
            };
            assert!(Levels::of(&sent).is_err(), "{sent:?}");
        }
    }

    #[test]
    fn libraries_never_say_more_than_info() {
        let targets = "trace".parse::<Levels>().unwrap().targets();
        assert!(targets.would_enable("sempre_server::http", &Level::TRACE));
        assert!(targets.would_enable("hyper", &Level::INFO) && !targets.would_enable("hyper", &Level::DEBUG));
    }
}
