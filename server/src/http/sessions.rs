//! `/api/v1/sessions`: rows T2 to T4.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use sempre_protocol::api::{CreateSession, CreatedSession, ResizeSession, SessionInfo, SessionState, Shells};
use sempre_protocol::{SessionId, Size};

use serde::Deserialize;

use super::{ApiError, ServerState};

type Id = Result<Path<SessionId>, PathRejection>;
type Answer<T> = Result<T, ApiError>;

/// The session id of a path; what is no id names no session.
pub(super) fn session_id(id: Id) -> Answer<SessionId> {
    id.map(|Path(id)| id).map_err(|_| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "session_not_found",
            "a session id is 32 hexadecimal digits; GET /api/v1/sessions lists those there are",
        )
    })
}

fn body<T>(body: Result<Json<T>, JsonRejection>) -> Answer<T> {
    body.map(|Json(body)| body)
        .map_err(|rejection| ApiError::new(rejection.status(), "bad_body", rejection.body_text()))
}

fn created(session: SessionInfo) -> (StatusCode, Json<CreatedSession>) {
    let created = CreatedSession {
        websocket_url: format!("/ws/sessions/{}", session.session_id),
        page_url: format!("/t/{}", session.session_id),
        session,
    };
    (StatusCode::CREATED, Json(created))
}

/// `POST /api/v1/sessions`.
pub(super) async fn create(
    State(state): State<ServerState>,
    request: Result<Json<CreateSession>, JsonRejection>,
) -> Answer<(StatusCode, Json<CreatedSession>)> {
    let session = state.registry().create(body(request)?).await?;
    Ok(created(session.info()))
}

/// The query of a list.
#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    /// Only sessions in this state; none: all that have a journal, which archived ones do not.
    state: Option<SessionState>,
}

/// `GET /api/v1/sessions`.
pub(super) async fn list(
    State(state): State<ServerState>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Answer<Json<Vec<SessionInfo>>> {
    let Query(query) = query.map_err(|rejection| ApiError::bad_query(&rejection))?;
    Ok(Json(match query.state {
        Some(wanted) => state.registry().list_in(wanted).await?,
        None => state.registry().list(),
    }))
}

/// `GET /api/v1/sessions/{id}`.
pub(super) async fn show(State(state): State<ServerState>, id: Id) -> Answer<Json<SessionInfo>> {
    Ok(Json(state.registry().info(session_id(id)?).await?))
}

/// `DELETE /api/v1/sessions/{id}`: ends a running session, removes an ended one.
pub(super) async fn delete(State(state): State<ServerState>, id: Id) -> Answer<StatusCode> {
    state.registry().delete(session_id(id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /api/v1/sessions/{id}/resize`.
pub(super) async fn resize(
    State(state): State<ServerState>,
    id: Id,
    request: Result<Json<ResizeSession>, JsonRejection>,
) -> Answer<Json<SessionInfo>> {
    let session = state.registry().get(session_id(id)?)?;
    let ResizeSession { rows, cols } = body(request)?;
    if rows == 0 || cols == 0 {
        let detail = format!("{cols}x{rows} is no size; rows and cols are 1 to 1000");
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_field",
            detail,
        ));
    }
    session.resize(Size::new(cols, rows)).await?;
    Ok(Json(session.info()))
}

/// `POST /api/v1/sessions/{id}/restart`.
pub(super) async fn restart(
    State(state): State<ServerState>,
    id: Id,
) -> Answer<(StatusCode, Json<CreatedSession>)> {
    let session = state.registry().restart(session_id(id)?).await?;
    Ok(created(session.info()))
}

/// `GET /api/v1/shells`.
pub(super) async fn shells(State(state): State<ServerState>) -> Json<Shells> {
    Json(state.registry().shells())
}
