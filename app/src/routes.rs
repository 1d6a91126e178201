//! Every address the page uses, built in one place.
//!
//! All of them pass through `at`, which puts the base path in front: the path below which browsers reach the server.

use std::sync::OnceLock;

use leptos_router::NavigateOptions;
use sempre_protocol::texts::Role;
use sempre_protocol::{Offset, SessionId, WriterId};

use crate::browser::page;

/// Set once: a process serves, and a page lives, below one path.
static BASE: OnceLock<String> = OnceLock::new();

/// Says below which path browsers reach this server: `/sempre`, or nothing. Before anything is rendered; later it
/// changes nothing.
pub fn serve_below(base: &str) {
    let _ = BASE.set(base.to_owned());
}

/// The base path: as the server was told, and in the browser as the server's document says.
pub fn base() -> &'static str {
    BASE.get_or_init(page::base_path)
}

fn at(path: &str) -> String {
    below(base(), path)
}

fn below(base: &str, path: &str) -> String {
    format!("{base}{path}")
}

/// How the router goes to one of these addresses: as they are, for the base path is in them.
pub fn as_it_is(replace: bool) -> NavigateOptions {
    NavigateOptions {
        resolve: false,
        replace,
        ..NavigateOptions::default()
    }
}

/// The list of sessions.
pub fn home() -> String {
    at("/")
}

/// The standalone terminal of a session.
pub fn terminal(id: SessionId) -> String {
    at(&format!("/t/{id}"))
}

/// The page that asks before it starts a session.
pub fn new_terminal() -> String {
    at("/t/new")
}

/// The page about a session.
pub fn session(id: SessionId) -> String {
    at(&format!("/s/{id}"))
}

/// The health page.
pub fn health() -> String {
    at("/health")
}

/// Addresses of the API and of the native wire.
pub mod api {
    use super::*;

    /// `GET`: all sessions; `POST`: a new one.
    pub fn sessions() -> String {
        at("/api/v1/sessions")
    }

    /// `GET`: one session; `DELETE`: end it, or remove an ended one.
    pub fn session(id: SessionId) -> String {
        at(&format!("/api/v1/sessions/{id}"))
    }

    /// `GET`: statistics of all sessions.
    pub fn stats() -> String {
        at("/api/v1/stats")
    }

    /// `POST`: start an ended session again.
    pub fn restart(id: SessionId) -> String {
        at(&format!("/api/v1/sessions/{id}/restart"))
    }

    /// `GET`: all output that is kept, as raw bytes.
    pub fn output(id: SessionId) -> String {
        at(&format!("/api/v1/sessions/{id}/output?from=0"))
    }

    /// `GET`: rows of the history from number `after` on; without it, the newest.
    pub fn history(id: SessionId, after: Option<u64>, rows: u64) -> String {
        let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
        at(&format!("/api/v1/sessions/{id}/history?lines={rows}{after}"))
    }

    /// `GET`: where this text (percent-encoded) stands in the history, the newest first, below row `before`.
    pub fn history_search(id: SessionId, query: &str, before: Option<u64>) -> String {
        let before = before
            .map(|before| format!("&before={before}"))
            .unwrap_or_default();
        at(&format!("/api/v1/sessions/{id}/history/search?q={query}{before}"))
    }

    /// `DELETE`: disconnect a viewer.
    pub fn viewer(id: SessionId, viewer: u64) -> String {
        at(&format!("/api/v1/sessions/{id}/viewers/{viewer}"))
    }

    /// `GET`: the shells that can be started.
    pub fn shells() -> String {
        at("/api/v1/shells")
    }

    /// `GET`: how the server is.
    pub fn health() -> String {
        at("/api/v1/health")
    }

    /// Server-sent events of the list of sessions.
    pub fn events() -> String {
        at("/api/v1/events")
    }

    /// The WebSocket of a session, without scheme and host.
    pub fn socket(id: SessionId, writer: WriterId, role: Role, from: Option<Offset>) -> String {
        let from = from.map(|from| format!("&from={from}")).unwrap_or_default();
        let role = match role {
            Role::Writer => "",
            Role::Viewer => "&role=viewer",
        };
        at(&format!(
            "/ws/sessions/{id}?acks=1&lag=skip&writer={writer}{role}{from}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stand_below_the_base_path() {
        assert_eq!(below("", "/t/new"), "/t/new");
        assert_eq!(below("/a/b", "/"), "/a/b/");
        assert_eq!(home(), "/", "nobody set one here");
    }

    #[test]
    fn a_socket_address_names_writer_and_place() {
        let (id, writer) = (SessionId::from_bytes([1; 16]), WriterId::from_bytes([2; 16]));
        let plain = format!("/ws/sessions/{id}?acks=1&lag=skip&writer={writer}");
        assert_eq!(api::socket(id, writer, Role::Writer, None), plain);
        assert_eq!(
            api::socket(id, writer, Role::Viewer, Some(Offset(7))),
            format!("{plain}&role=viewer&from=7")
        );
    }
}
