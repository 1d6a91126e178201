//! `/api/v1/sessions`: rows T2 to T4.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use sempre_protocol::Size;
use sempre_protocol::api::{
    CreateSession, CreatedSession, DeleteOnly, ResizeSession, SessionInfo, SessionState, Shells,
};

use serde::Deserialize;

use super::body::{JsonBody, json};
use super::proof::{As, On, OnId, Operator, Viewer};
use super::{ApiError, ServerState, acts};
use crate::auth::audit::Action;

type Answer<T> = Result<T, ApiError>;

/// What is answered of a session that is new.
pub(super) fn created(state: &ServerState, session: SessionInfo) -> (StatusCode, Json<CreatedSession>) {
    let base = state.base_path();
    let created = CreatedSession {
        websocket_url: base.at(&format!("/ws/terminal/{}", session.session_id)),
        attach_url: base.at(&format!("/ws/sessions/{}", session.session_id)),
        page_url: base.at(&format!("/t/{}", session.session_id)),
        session,
    };
    (StatusCode::CREATED, Json(created))
}

/// `POST /api/v1/sessions`.
pub(super) async fn create(
    who: As<Operator>,
    State(state): State<ServerState>,
    request: JsonBody<CreateSession>,
) -> Answer<(StatusCode, Json<CreatedSession>)> {
    let session = acts::create(&state, &who.principal, json(request)?).await?;
    Ok(created(&state, session.info()))
}

/// The query of a list.
#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    /// Only sessions in this state; none: all that have a journal, which archived ones do not.
    state: Option<SessionState>,
}

/// `GET /api/v1/sessions`.
pub(super) async fn list(
    who: As<Viewer>,
    State(state): State<ServerState>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Answer<Json<Vec<SessionInfo>>> {
    let Query(query) = query.map_err(|rejection| ApiError::bad_query(&rejection))?;
    let mut sessions = match query.state {
        Some(wanted) => state.registry().list_in(wanted).await?,
        None => state.registry().list(),
    };
    sessions.retain(|session| who.principal.sees(session.session_id, session.group.as_deref()));
    Ok(Json(sessions))
}

/// `GET /api/v1/sessions/{id}`.
pub(super) async fn show(who: OnId<Viewer>, State(state): State<ServerState>) -> Answer<Json<SessionInfo>> {
    Ok(Json(state.registry().info(who.id).await?))
}

/// The query of a deletion.
#[derive(Debug, Deserialize)]
pub(super) struct DeleteQuery {
    /// Only if it is so; none: end what runs, remove what has ended.
    only: Option<DeleteOnly>,
}

/// `DELETE /api/v1/sessions/{id}`: ends a running session, removes an ended one; 409 if `only` says the other.
pub(super) async fn delete(
    who: OnId<Operator>,
    State(state): State<ServerState>,
    query: Result<Query<DeleteQuery>, QueryRejection>,
) -> Answer<StatusCode> {
    let Query(query) = query.map_err(|rejection| ApiError::bad_query(&rejection))?;
    acts::delete(&state, &who.principal, who.id, query.only).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /api/v1/sessions/{id}/resize`.
pub(super) async fn resize(
    On {
        session, principal, ..
    }: On<Operator>,
    State(state): State<ServerState>,
    request: JsonBody<ResizeSession>,
) -> Answer<Json<SessionInfo>> {
    let ResizeSession { rows, cols } = json(request)?;
    if rows == 0 || cols == 0 {
        let detail = format!("{cols}x{rows} is no size; rows and cols are 1 to 1000");
        return Err(ApiError::invalid_field(detail));
    }
    let resized = session.resize(Size::new(cols, rows)).await;
    acts::note(
        &state,
        &principal,
        Action::SessionResize,
        Some(session.id()),
        &resized,
    );
    resized?;
    Ok(Json(session.info()))
}

/// `POST /api/v1/sessions/{id}/restart`.
pub(super) async fn restart(
    who: OnId<Operator>,
    State(state): State<ServerState>,
) -> Answer<(StatusCode, Json<CreatedSession>)> {
    let session = acts::restart(&state, &who.principal, who.id).await?;
    Ok(created(&state, session.info()))
}

/// `GET /api/v1/shells`.
pub(super) async fn shells(_: As<Viewer>, State(state): State<ServerState>) -> Json<Shells> {
    Json(state.registry().shells())
}
