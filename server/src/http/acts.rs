//! What changes sessions, with the right it takes and its line in the audit log: every route that does one of these
//! calls it here.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Instant;

use axum::http::StatusCode;
use sempre_protocol::SessionId;
use sempre_protocol::api::{CreateSession, DeleteOnly, SessionState};
use sempre_protocol::holder::Manifest;
use sempre_protocol::texts::Signal;

use super::{ApiError, ServerState};
use crate::auth::Principal;
use crate::auth::audit::{Action, Audit, Note, Outcome};
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

/// Notes how something went that needs a word of what it was.
pub(super) fn note_detail<T, E: Display>(
    state: &ServerState,
    who: &Principal,
    action: Action,
    detail: &str,
    result: &Result<T, E>,
) {
    let note = Note::of(who, action).detail(detail);
    state.doors().audit().note(outcome(note, result));
}

/// The note, with how it went.
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
    audit: &Audit,
    who: &Principal,
    session: SessionId,
    signal: Signal,
    result: &Result<(), SessionError>,
) {
    let note = Note::of(who, Action::SessionSignal).session(session);
    audit.note(outcome(note.detail(signal.word()), result));
}

/// Refuses whoever may not make a session in this group.
pub(super) fn may_create(state: &ServerState, who: &Principal, group: Option<&str>) -> Result<(), ApiError> {
    may_add(state, who, Action::SessionCreate, group)
}

/// Refuses whoever may not add a session to this group by `action`.
fn may_add(
    state: &ServerState,
    who: &Principal,
    action: Action,
    group: Option<&str>,
) -> Result<(), ApiError> {
    if !who.creates_in(group) {
        let refused = Note::of(who, action);
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
    mut request: CreateSession,
) -> Result<Arc<Session>, ApiError> {
    may_create(state, who, request.group.as_deref())?;
    count(state, who, Action::SessionCreate)?;
    request.run_as = run_as(state, who, Action::SessionCreate, request.run_as.take())?;
    let created = state.registry().create_for(request, who.name.clone()).await;
    note_started(state, who, Action::SessionCreate, None, &created);
    Ok(created?)
}

/// Refuses whoever may not bring a recording into this group, or brings them too often.
pub(super) fn may_import(state: &ServerState, who: &Principal, group: Option<&str>) -> Result<(), ApiError> {
    may_add(state, who, Action::SessionImport, group)?;
    count(state, who, Action::SessionImport)
}

/// The Unix user a session of `who` is to run as.
pub(super) fn run_as(
    state: &ServerState,
    who: &Principal,
    action: Action,
    asked: Option<String>,
) -> Result<Option<String>, ApiError> {
    if asked.is_some() && !state.registry().confiner().may_run_as() {
        // Refused there, with what to do.
        return Ok(asked);
    }
    state
        .doors()
        .run_as()
        .decide(who, asked.as_deref())
        .map_err(|error| {
            let refused = Note::of(who, action).detail(&error.to_string());
            state.doors().note_refusal(&who.from, refused);
            ApiError::new(StatusCode::FORBIDDEN, "forbidden", error.to_string())
        })
}

/// Notes that a session was started, with whom it runs as and what it is limited to; `of` is what was tried to be.
pub(super) fn note_started(
    state: &ServerState,
    who: &Principal,
    action: Action,
    of: Option<SessionId>,
    result: &Result<Arc<Session>, SessionError>,
) {
    let id = result.as_ref().map_or(of, |session| Some(session.id()));
    let held_to = result
        .as_ref()
        .ok()
        .and_then(|session| held_to(session.manifest()));
    match held_to {
        None => note(state, who, action, id, result),
        Some(held_to) => {
            let note = id.into_iter().fold(Note::of(who, action), Note::session);
            state.doors().audit().note(note.detail(&held_to));
        }
    }
}

/// What a session is held to, for the audit log; none: nothing.
fn held_to(manifest: &Manifest) -> Option<String> {
    let limits = &manifest.limits;
    let limits = [
        ("memory_max_bytes", limits.memory_max_bytes),
        ("cpu_max_percent", limits.cpu_max_percent),
        ("cpu_time_max_s", limits.cpu_time_max_s),
        ("processes_max", limits.processes_max),
    ];
    let run_as = manifest.run_as.iter().map(|name| format!("run_as={name}"));
    let limits = limits
        .iter()
        .filter_map(|(name, limit)| Some(format!("{name}={}", limit.as_ref()?.value)));
    let words: Vec<_> = run_as.chain(limits).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Ends a running session, removes an ended one, or with `only` one of the two; the caller has proven the right to.
pub(super) async fn delete(
    state: &ServerState,
    who: &Principal,
    id: SessionId,
    only: Option<DeleteOnly>,
) -> Result<(), ApiError> {
    let info = state.registry().info(id).await?;
    let action = match (only, info.state) {
        (Some(DeleteOnly::Running), _) | (None, SessionState::Active) => Action::SessionEnd,
        (Some(DeleteOnly::Ended), _) | (None, SessionState::Completed | SessionState::Archived) => {
            Action::SessionRemove
        }
    };
    let deleted = state.registry().delete(id, only).await;
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
    // Who may type into it may have it again as it was. One that had no user of its own gets the one it would get now.
    let had_user = state
        .registry()
        .get(id)
        .is_ok_and(|session| session.manifest().run_as.is_some());
    let run_as = match had_user {
        true => None,
        false => run_as(state, who, Action::SessionRestart, None)?,
    };
    let started = state.registry().restart(id, run_as).await;
    note_started(state, who, Action::SessionRestart, Some(id), &started);
    Ok(started?)
}
