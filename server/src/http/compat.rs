//! Routes of other terminal services, and the JSON lines of one, so that their clients work unchanged: see
//! `docs/compatibility.md`.

mod chat;
pub(super) mod ipc;
mod pty;
mod terminal;

use axum::Router;
use axum::routing::{get, post};

use super::ServerState;

/// All of them.
pub(super) fn router() -> Router<ServerState> {
    Router::new()
        .route("/ws/terminal/{id}", get(terminal::attach))
        .route("/kiro/chat", post(chat::chat))
        .route("/api/v1/chat", post(chat::chat))
        .merge(pty::router())
}
