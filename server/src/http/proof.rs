//! Extractors that prove a right: a handler that takes [`As<Operator>`] or [`On<Operator>`] cannot be reached without.
//!
//! The guard has found out who asks; here is what they may. A session out of reach is one that is not there.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use sempre_protocol::SessionId;
use sempre_protocol::access::{Role, Scope};
use sempre_protocol::holder::Manifest;
use sempre_protocol::texts;

use super::{ApiError, ServerState};
use crate::auth::Principal;
use crate::auth::audit::{Action, Note};
use crate::sessions::{Session, SessionError};

/// The path parameter that names a session, on every route.
const SESSION_PARAMETER: &str = "id";

/// A role as a type.
pub(super) trait Rank: Send + Sync + 'static {
    /// The least role that will do.
    const ROLE: Role;
}

macro_rules! rank {
    ($name:ident) => {
        #[doc = concat!("Proof of the role `", stringify!($name), "` or a higher one.")]
        #[derive(Debug)]
        pub(super) struct $name;

        impl Rank for $name {
            const ROLE: Role = Role::$name;
        }
    };
}
rank!(Viewer);
rank!(Operator);
rank!(Admin);

/// Somebody with a role; what of it they may use on which session is asked of [`Principal::sees`].
#[derive(Debug)]
pub(super) struct As<R: Rank> {
    /// Who asks.
    pub(super) principal: Principal,
    rank: PhantomData<R>,
}

/// Somebody with a role that reaches the running or ended session of the path.
#[derive(Debug)]
pub(super) struct On<R: Rank> {
    /// The session.
    pub(super) session: Arc<Session>,
    /// Who asks.
    pub(super) principal: Principal,
    rank: PhantomData<R>,
}

/// Somebody to whom the session of the path belongs, or an administrator. Who may type into it is not enough.
#[derive(Debug)]
pub(super) struct OnOwn {
    /// The session.
    pub(super) session: Arc<Session>,
    /// Who asks.
    pub(super) principal: Principal,
}

/// Somebody with a role that reaches the session of the path, be it archived.
#[derive(Debug)]
pub(super) struct OnId<R: Rank> {
    /// The session's id.
    pub(super) id: SessionId,
    /// Who asks.
    pub(super) principal: Principal,
    rank: PhantomData<R>,
}

/// Somebody with a role on the whole server: a scope smaller than all is refused.
#[derive(Debug)]
pub(super) struct OnServer<R: Rank> {
    /// Who asks.
    pub(super) principal: Principal,
    rank: PhantomData<R>,
}

fn forbidden(detail: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "forbidden", detail)
}

/// Notes that somebody tried what they have no right to.
fn note_refusal(parts: &Parts, state: &ServerState, who: &Principal, id: Option<SessionId>) {
    let note = Note::of(who, Action::Forbidden);
    let note = note.detail(&format!("{} {}", parts.method, parts.uri.path()));
    let note = id.into_iter().fold(note, Note::session);
    state.doors().note_refusal(&who.from, note);
}

fn proven<R: Rank>(parts: &Parts, state: &ServerState) -> Result<Principal, ApiError> {
    // A route that is not behind the guard has no principal, and lets nobody in.
    let principal = parts
        .extensions
        .get::<Principal>()
        .ok_or_else(ApiError::unauthorized)?;
    if principal.role < R::ROLE {
        note_refusal(parts, state, principal, None);
        let (needed, has) = (R::ROLE.word(), principal.role.word());
        return Err(forbidden(format!(
            "this needs the role {needed}; you came in as {has}"
        )));
    }
    Ok(principal.clone())
}

/// What it depends on who may operate a session: its owner, and whom it runs as.
fn owner_and_user(manifest: &Manifest) -> (Option<&str>, Option<&str>) {
    (manifest.owner.as_deref(), manifest.run_as.as_deref())
}

/// Whoever may do more than look may do it with their own sessions.
fn operates<R: Rank>(
    parts: &Parts,
    state: &ServerState,
    who: &Principal,
    id: SessionId,
    (owner, run_as): (Option<&str>, Option<&str>),
) -> Result<(), ApiError> {
    if R::ROLE < Role::Operator || who.operates(id, owner, state.doors().walls(run_as, owner)) {
        return Ok(());
    }
    note_refusal(parts, state, who, Some(id));
    let detail = format!(
        "session {id} is another user's: you may watch it. Its owner and administrators may do more, and every operator \
         if it runs as a Unix user of its own (run_as) or the server was started with --allow-shared-uid"
    );
    Err(ApiError::new(StatusCode::FORBIDDEN, "not_owner", detail))
}

async fn named(parts: &mut Parts, state: &ServerState) -> Result<SessionId, ApiError> {
    let no_id = || {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "session_not_found",
            "a session id is 32 hexadecimal digits; GET /api/v1/sessions lists those there are",
        )
    };
    let parameters = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| no_id())?;
    let id = parameters.iter().find(|(name, _)| *name == SESSION_PARAMETER);
    id.and_then(|(_, id)| id.parse().ok()).ok_or_else(no_id)
}

impl<R: Rank> FromRequestParts<ServerState> for As<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiError> {
        let principal = proven::<R>(parts, state)?;
        if R::ROLE >= Role::Operator && matches!(principal.scope, Scope::Session(_)) {
            note_refusal(parts, state, &principal, None);
            return Err(forbidden("your credential is for one session only"));
        }
        Ok(Self {
            principal,
            rank: PhantomData,
        })
    }
}

impl On<Viewer> {
    /// What the connection of somebody who may look is: one that types, if they may do that too.
    pub(super) fn connection_role(&self, state: &ServerState) -> texts::Role {
        let (owner, run_as) = owner_and_user(self.session.manifest());
        let walls = state.doors().walls(run_as, owner);
        let types = self.principal.operates(self.session.id(), owner, walls);
        match types {
            true => texts::Role::Writer,
            false => texts::Role::Viewer,
        }
    }
}

impl<R: Rank> FromRequestParts<ServerState> for On<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiError> {
        let principal = proven::<R>(parts, state)?;
        let id = named(parts, state).await?;
        let session = state.registry().get(id)?;
        let manifest = session.manifest();
        if !principal.sees(id, manifest.group.as_deref()) {
            return Err(SessionError::NotFound(id).into());
        }
        operates::<R>(parts, state, &principal, id, owner_and_user(manifest))?;
        Ok(Self {
            session,
            principal,
            rank: PhantomData,
        })
    }
}

impl FromRequestParts<ServerState> for OnOwn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiError> {
        let On {
            session, principal, ..
        } = On::<Operator>::from_request_parts(parts, state).await?;
        if !principal.owns(session.manifest().owner.as_deref()) {
            note_refusal(parts, state, &principal, Some(session.id()));
            let detail = format!(
                "this is for the owner of session {} and administrators, not for everyone who may type into it",
                session.id()
            );
            return Err(ApiError::new(StatusCode::FORBIDDEN, "not_owner", detail));
        }
        Ok(Self { session, principal })
    }
}

impl<R: Rank> FromRequestParts<ServerState> for OnId<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiError> {
        let principal = proven::<R>(parts, state)?;
        let id = named(parts, state).await?;
        if principal.scope != Scope::All || principal.role < Role::Admin {
            let info = state.registry().info(id).await?;
            if !principal.sees(id, info.group.as_deref()) {
                return Err(SessionError::NotFound(id).into());
            }
            let of_session = (info.owner.as_deref(), info.run_as.as_deref());
            operates::<R>(parts, state, &principal, id, of_session)?;
        }
        Ok(Self {
            id,
            principal,
            rank: PhantomData,
        })
    }
}

impl<R: Rank> FromRequestParts<ServerState> for OnServer<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiError> {
        let principal = proven::<R>(parts, state)?;
        if principal.scope != Scope::All {
            note_refusal(parts, state, &principal, None);
            return Err(forbidden(
                "this needs a credential for the whole server; yours is for some sessions only",
            ));
        }
        Ok(Self {
            principal,
            rank: PhantomData,
        })
    }
}
