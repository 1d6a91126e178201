//! `GET` and `PUT /api/v1/log-level` (row K6): what the server logs, changed while it runs. The configuration stays as
//! it is, and holds again after a restart, and once it says another level.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sempre_protocol::api::LogLevels;

use super::body::{JsonBody, json};
use super::proof::{Admin, OnServer};
use super::{ApiError, ServerState, acts};
use crate::auth::audit::Action;
use crate::log::{Levels, Log};

fn log(state: &ServerState) -> Result<&Log, ApiError> {
    state.log().ok_or_else(|| refused("this server has no log"))
}

fn refused(detail: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "system_refused", detail)
}

/// Answers with the levels of now.
pub(super) async fn show(
    _: OnServer<Admin>,
    State(state): State<ServerState>,
) -> Result<Json<LogLevels>, ApiError> {
    Ok(Json(log(&state)?.levels().shown()))
}

/// Puts these in place of all that hold.
pub(super) async fn put(
    who: OnServer<Admin>,
    State(state): State<ServerState>,
    request: JsonBody<LogLevels>,
) -> Result<Json<LogLevels>, ApiError> {
    let levels = Levels::of(&json(request)?).map_err(ApiError::invalid_field)?;
    let set = log(&state)?.set_levels(&levels);
    acts::note_detail(&state, &who.principal, Action::LogLevelSet, levels.as_str(), &set);
    set.map_err(|error| refused(format!("{error:#}; start the server again")))?;
    tracing::info!(levels = levels.as_str(), "the log's levels were changed");
    Ok(Json(levels.shown()))
}
