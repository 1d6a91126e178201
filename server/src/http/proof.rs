//! Extractors that prove a right: a handler that takes [`As<Operator>`] or [`On<Operator>`] cannot be reached without.
//!
//! The guard has found out who asks; here is what they may. A session out of reach is one that is not there.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
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

/// Somebody who asks for something, before it is known whether they may.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    /// The server.
    pub(super) state: &'a ServerState,
    /// Who asks.
    pub(super) who: &'a Principal,
    /// What for, for the audit log.
    pub(super) what: &'a (dyn fmt::Display + Sync),
}

impl Asking<'_> {
    /// Notes that they have no right to it.
    fn note_refusal(&self, id: Option<SessionId>) {
        let note = Note::of(self.who, Action::Forbidden);
        let note = note.detail(&self.what.to_string());
        let note = id.into_iter().fold(note, Note::session);
        self.state.doors().note_refusal(&self.who.from, note);
    }

    fn has_role<R: Rank>(&self) -> Result<(), ApiError> {
        if self.who.role < R::ROLE {
            self.note_refusal(None);
            let (needed, has) = (R::ROLE.word(), self.who.role.word());
            return Err(forbidden(format!(
                "this needs the role {needed}; you came in as {has}"
            )));
        }
        Ok(())
    }

    /// Whoever may do more than look may do it with their own sessions.
    fn operates<R: Rank>(
        &self,
        id: SessionId,
        (owner, run_as): (Option<&str>, Option<&str>),
    ) -> Result<(), ApiError> {
        let walls = self.state.doors().walls(run_as, owner);
        if R::ROLE < Role::Operator || self.who.operates(id, owner, walls) {
            return Ok(());
        }
        self.note_refusal(Some(id));
        let detail = format!(
            "session {id} is another user's: you may watch it. Its owner and administrators may do more, and every operator \
             if it runs as a Unix user of its own (run_as) or the server was started with --allow-shared-uid"
        );
        Err(ApiError::new(StatusCode::FORBIDDEN, "not_owner", detail))
    }

    /// Proves the role.
    ///
    /// # Errors
    /// `forbidden`.
    pub(super) fn role<R: Rank>(&self) -> Result<As<R>, ApiError> {
        self.has_role::<R>()?;
        if R::ROLE >= Role::Operator && matches!(self.who.scope, Scope::Session(_)) {
            self.note_refusal(None);
            return Err(forbidden("your credential is for one session only"));
        }
        Ok(As {
            principal: self.who.clone(),
            rank: PhantomData,
        })
    }

    /// Proves the role on a running or ended session.
    ///
    /// # Errors
    /// `forbidden`, `not_owner`, `session_not_found`.
    pub(super) fn on<R: Rank>(&self, id: SessionId) -> Result<On<R>, ApiError> {
        self.has_role::<R>()?;
        let session = self.state.registry().get(id)?;
        let manifest = session.manifest();
        if !self.who.sees(id, manifest.group.as_deref()) {
            return Err(SessionError::NotFound(id).into());
        }
        self.operates::<R>(id, owner_and_user(manifest))?;
        Ok(On {
            session,
            principal: self.who.clone(),
            rank: PhantomData,
        })
    }

    /// Proves the role on a session, be it archived.
    ///
    /// # Errors
    /// `forbidden`, `not_owner`, `session_not_found`, or that the database does not answer.
    pub(super) async fn on_id<R: Rank>(&self, id: SessionId) -> Result<OnId<R>, ApiError> {
        self.has_role::<R>()?;
        if self.who.scope != Scope::All || self.who.role < Role::Admin {
            let info = self.state.registry().info(id).await?;
            if !self.who.sees(id, info.group.as_deref()) {
                return Err(SessionError::NotFound(id).into());
            }
            self.operates::<R>(id, (info.owner.as_deref(), info.run_as.as_deref()))?;
        }
        Ok(OnId {
            id,
            principal: self.who.clone(),
            rank: PhantomData,
        })
    }

    /// Proves the role on the whole server.
    ///
    /// # Errors
    /// `forbidden`.
    fn on_server<R: Rank>(&self) -> Result<OnServer<R>, ApiError> {
        self.has_role::<R>()?;
        if self.who.scope != Scope::All {
            self.note_refusal(None);
            return Err(forbidden(
                "this needs a credential for the whole server; yours is for some sessions only",
            ));
        }
        Ok(OnServer {
            principal: self.who.clone(),
            rank: PhantomData,
        })
    }
}

/// What an HTTP request asks for.
struct MethodAndPath(Method, Uri);

impl MethodAndPath {
    fn of(parts: &Parts) -> Self {
        Self(parts.method.clone(), parts.uri.clone())
    }
}

impl fmt::Display for MethodAndPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.1.path())
    }
}

/// Who sends a request. A route that is not behind the guard has no principal, and lets nobody in.
fn sender(parts: &Parts) -> Result<Principal, ApiError> {
    let principal = parts.extensions.get::<Principal>();
    principal.cloned().ok_or_else(ApiError::unauthorized)
}

/// What it depends on who may operate a session: its owner, and whom it runs as.
fn owner_and_user(manifest: &Manifest) -> (Option<&str>, Option<&str>) {
    (manifest.owner.as_deref(), manifest.run_as.as_deref())
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
        let (who, what) = (&sender(parts)?, &MethodAndPath::of(parts));
        let asking = Asking { state, who, what };
        asking.role()
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
        let (who, what) = (&sender(parts)?, &MethodAndPath::of(parts));
        let asking = Asking { state, who, what };
        // Who has no right on any session is not told which there are.
        asking.has_role::<R>()?;
        asking.on(named(parts, state).await?)
    }
}

impl FromRequestParts<ServerState> for OnOwn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiError> {
        let On {
            session, principal, ..
        } = On::<Operator>::from_request_parts(parts, state).await?;
        if !principal.owns(session.manifest().owner.as_deref()) {
            let what = &MethodAndPath::of(parts);
            let who = &principal;
            Asking { state, who, what }.note_refusal(Some(session.id()));
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
        let (who, what) = (&sender(parts)?, &MethodAndPath::of(parts));
        let asking = Asking { state, who, what };
        asking.has_role::<R>()?;
        asking.on_id(named(parts, state).await?).await
    }
}

impl<R: Rank> FromRequestParts<ServerState> for OnServer<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiError> {
        let (who, what) = (&sender(parts)?, &MethodAndPath::of(parts));
        let asking = Asking { state, who, what };
        asking.on_server()
    }
}
