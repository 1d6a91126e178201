//! `GET /api/v1/stats` (row L6).

use axum::Json;
use axum::extract::State;
use sempre_protocol::stats::Stats;

use super::proof::{OnServer, Viewer};
use super::{ApiError, ServerState};

/// Answers with counts and short lists, however many sessions there are.
pub(super) async fn stats(
    _: OnServer<Viewer>,
    State(state): State<ServerState>,
) -> Result<Json<Stats>, ApiError> {
    Ok(Json(state.registry().stats().await?))
}
