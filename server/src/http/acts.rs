//! What changes sessions, with the right it takes and its line in the audit log: every route that does one of these
//! calls it here.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Instant;

use axum::http::StatusCode;
use sempre_protocol::SessionId;
use sempre_protocol::api::{CreateSession, SessionState};
use sempre_protocol::texts::Signal;

use super::{ApiError, ServerState};
use crate::auth::Principal;
use crate::auth::audit::{Action, Note, Outcome};
use crate::sessions::{Session, SessionError};

/// Notes how something that somebody tried went.
pub(super) fn note<T, E: Display>(
    state: &ServerState,
    who: &Principal,
    action: Action,
    id: Option<SessionId>,
    result: &Result<T, E>,
) {
    let note = Note::of(who, action);
    let note = id.into_iter().fold(note, Note::session);
    state.doors().audit().note(outcome(note, result));
}

fn outcome<T, E: Display>(note: Note, result: &Result<T, E>) -> Note {
    match result {
        Ok(_) => note,
        Err(error) => note.outcome(Outcome::Failed).detail(&error.to_string()),
    }
}

/// Notes that somebody types without being attached: when they begin, not each key, and never what.
pub(super) fn note_input<T>(
    state: &ServerState,
    who: &Principal,
    session: &Session,
    result: &Result<T, SessionError>,
) {
    if session.begins_to_type(who.name.as_deref(), Instant::now()) {
        note(state, who, Action::SessionInput, Some(session.id()), result);
    }
}

/// Notes a signal, and which it was.
pub(super) fn note_signal(
    state: &ServerState,
    who: &Principal,
    session: &Session,
    signal: Signal,
    result: &Result<(), SessionError>,
) {
    let note = Note::of(who, Action::SessionSignal).session(session.id());
    state
        .doors()
        .audit()
        .note(outcome(note.detail(signal.word()), result));
}

/// Refuses whoever may not make a session in this group.
pub(super) fn may_create(state: &ServerState, who: &Principal, group: Option<&str>) -> Result<(), ApiError> {
    if !who.creates_in(group) {
        let refused = Note::of(who, Action::SessionCreate);
        state.doors().note_refusal(&who.from, refused);
        let detail =
            "your credential is for some sessions only: it makes sessions in its own group, if it has one";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    Ok(())
}

/// Refuses a client that makes sessions faster than it may.
fn count(state: &ServerState, who: &Principal, action: Action) -> Result<(), ApiError> {
    state.doors().count_creation(who).map_err(|wait| {
        state
            .doors()
            .note_refusal(&who.from, Note::of(who, action).detail("too often"));
        ApiError::too_often("sessions were started from here", wait)
    })
}

/// Makes a session that belongs to `who`.
pub(super) async fn create(
    state: &ServerState,
    who: &Principal,
    request: CreateSession,
) -> Result<Arc<Session>, ApiError> {
    may_create(state, who, request.group.as_deref())?;
    count(state, who, Action::SessionCreate)?;
    let created = state.registry().create_for(request, who.name.clone()).await;
    let id = created.as_ref().ok().map(|session| session.id());
    note(state, who, Action::SessionCreate, id, &created);
    Ok(created?)
}

/// Ends a running session, removes an ended one; the caller has proven the right to.
pub(super) async fn delete(state: &ServerState, who: &Principal, id: SessionId) -> Result<(), ApiError> {
    let info = state.registry().info(id).await?;
    let action = match info.state {
        SessionState::Active => Action::SessionEnd,
        SessionState::Completed | SessionState::Archived => Action::SessionRemove,
    };
    let deleted = state.registry().delete(id).await;
    note(state, who, action, Some(id), &deleted);
    Ok(deleted?)
}

/// Starts an ended session again; the caller has proven the right to.
pub(super) async fn restart(
    state: &ServerState,
    who: &Principal,
    id: SessionId,
) -> Result<Arc<Session>, ApiError> {
    count(state, who, Action::SessionRestart)?;
    let started = state.registry().restart(id).await;
    let started_id = started.as_ref().map_or(id, |session| session.id());
    note(state, who, Action::SessionRestart, Some(started_id), &started);
    Ok(started?)
}
