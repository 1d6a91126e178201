//! `/api/v1/sessions/{id}/viewers`: who is attached, and out with them.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use sempre_protocol::viewers::ViewerInfo;

use super::proof::{On, Operator, Viewer};
use super::{ApiError, ServerState, acts};
use crate::auth::audit::Action;

/// `GET …/viewers`: oldest first.
pub(super) async fn list(On { session, .. }: On<Viewer>) -> Json<Vec<ViewerInfo>> {
    Json(session.viewers())
}

/// `DELETE …/viewers/{viewer}`: disconnects one.
pub(super) async fn disconnect(
    On {
        session, principal, ..
    }: On<Operator>,
    State(state): State<ServerState>,
    path: Result<Path<(String, u64)>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let path = path.map(|Path(path)| path).map_err(|rejection| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "viewer_not_found",
            format!("no viewer has that path: {}", rejection.body_text()),
        )
    });
    let (_, viewer) = path?;
    let disconnected = session.disconnect(viewer);
    acts::note(
        &state,
        &principal,
        Action::ViewerDisconnect,
        Some(session.id()),
        &disconnected,
    );
    disconnected?;
    Ok(StatusCode::NO_CONTENT)
}
