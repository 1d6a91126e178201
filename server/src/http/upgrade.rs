//! What a request for a WebSocket on a session has shown before the upgrade, the same on both wires; what is said on
//! them is in `ws` and `compat/terminal`.

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use sempre_protocol::SessionId;
use sempre_protocol::limits::MAX_FRAME_BYTES;
use sempre_protocol::texts::{Role, Signal};

use super::peer::identity;
use super::proof::{On, Viewer};
use super::{ApiError, ServerState, acts};
use crate::auth::audit::{Action, Audit, Note};
use crate::auth::{Peer, Principal};
use crate::sessions::{Identity, Session, SessionError};

/// A WebSocket that may be opened, with the proof that its client may look. Errors are HTTP answers.
pub(super) struct Upgrading {
    /// The session it is about.
    pub(super) session: Arc<Session>,
    /// The most its client may be.
    pub(super) role: Role,
    /// What is known of the client without its query.
    pub(super) identity: Identity,
    /// Whose it is.
    pub(super) watched: Watched,
    /// The socket to be, with the limits of its frames.
    pub(super) upgrade: WebSocketUpgrade,
}

impl FromRequestParts<ServerState> for Upgrading {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiError> {
        let on = On::<Viewer>::from_request_parts(parts, state).await?;
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state)
            .await
            .map_err(|rejection| ApiError::new(rejection.status(), "no_websocket", rejection.body_text()))?;
        let ConnectInfo(peer) = ConnectInfo::<Peer>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| {
                ApiError::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    rejection.body_text(),
                )
            })?;
        let role = on.connection_role(state);
        let On {
            session, principal, ..
        } = on;
        Ok(Self {
            role,
            identity: identity(&principal, &parts.headers, &peer),
            watched: Watched {
                audit: state.doors().audit().clone(),
                session: session.id(),
                principal,
            },
            upgrade: upgrade
                .max_message_size(MAX_FRAME_BYTES)
                .max_frame_size(MAX_FRAME_BYTES),
            session,
        })
    }
}

/// Whose connection it is, for the audit log, and the end of their credential.
pub(super) struct Watched {
    audit: Audit,
    /// Whose it is.
    pub(super) principal: Principal,
    session: SessionId,
}

impl Watched {
    /// Notes what was done by it.
    pub(super) fn note(&self, action: Action) {
        self.audit
            .note(Note::of(&self.principal, action).session(self.session));
    }

    /// Notes a signal that was sent by it.
    pub(super) fn note_signal(&self, signal: Signal, sent: &Result<(), SessionError>) {
        acts::note_signal(&self.audit, &self.principal, self.session, signal, sent);
    }
}
