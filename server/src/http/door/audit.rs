//! `GET /api/v1/audit`: who did what, newest first.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use sempre_protocol::SessionId;
use sempre_protocol::door::AuditEntry;
use serde::Deserialize;

use super::Answer;
use crate::auth::audit::entry_of;
use crate::http::proof::{Admin, OnServer};
use crate::http::{ApiError, ServerState};
use crate::store::AuditFilter;

/// Entries of an answer that names no number, and most.
const ENTRIES: u32 = 100;
const MAX_ENTRIES: u32 = 1000;

/// The query of the log.
#[derive(Debug, Deserialize)]
pub(super) struct AuditQuery {
    /// Only entries before this one.
    before: Option<u64>,
    /// Only of this session.
    session_id: Option<SessionId>,
    /// At most so many.
    limit: Option<u32>,
}

/// Entries, newest first; ask again with `before` for older ones.
pub(super) async fn list(
    _: OnServer<Admin>,
    State(state): State<ServerState>,
    query: Result<Query<AuditQuery>, QueryRejection>,
) -> Answer<Json<Vec<AuditEntry>>> {
    let Query(query) = query.map_err(|rejection| ApiError::bad_query(&rejection))?;
    let filter = AuditFilter {
        before: query.before,
        session: query.session_id,
        limit: query.limit.unwrap_or(ENTRIES).min(MAX_ENTRIES),
    };
    state.doors().audit().settled().await;
    let rows = state.doors().store().audit(filter).await?;
    Ok(Json(rows.into_iter().map(entry_of).collect()))
}
