//! `/api/v1/sessions/{id}/viewers`: who is attached, and out with them.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use sempre_protocol::SessionId;
use sempre_protocol::viewers::ViewerInfo;

use super::sessions::session_id;
use super::{ApiError, ServerState};

/// `GET …/viewers`: oldest first.
pub(super) async fn list(
    State(state): State<ServerState>,
    id: Result<Path<SessionId>, PathRejection>,
) -> Result<Json<Vec<ViewerInfo>>, ApiError> {
    Ok(Json(state.registry().get(session_id(id)?)?.viewers()))
}

/// `DELETE …/viewers/{viewer}`: disconnects one.
pub(super) async fn disconnect(
    State(state): State<ServerState>,
    path: Result<Path<(SessionId, u64)>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let path = path.map(|Path(path)| path).map_err(|rejection| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "viewer_not_found",
            format!("no viewer has that path: {}", rejection.body_text()),
        )
    });
    let (id, viewer) = path?;
    state.registry().get(id)?.disconnect(viewer)?;
    Ok(StatusCode::NO_CONTENT)
}
