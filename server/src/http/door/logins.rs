//! `/api/v1/logins`: browsers that are logged in.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use sempre_protocol::door::LoginInfo;

use super::{Answer, grant_id, not_found};
use crate::auth::audit::{Action, Note};
use crate::calendar::rfc3339;
use crate::http::ServerState;
use crate::http::proof::{Admin, OnServer};
use crate::store::GrantKind;

/// `GET /api/v1/logins`: oldest first.
pub(super) async fn list(_: OnServer<Admin>, State(state): State<ServerState>) -> Json<Vec<LoginInfo>> {
    let rows = state.doors().grants().list(GrantKind::Login).into_iter();
    let logins = rows.map(|row| LoginInfo {
        id: row.id,
        name: row.name,
        role: row.role,
        scope: row.scope,
        created_at: rfc3339(row.created_at),
        expires_at: rfc3339(row.expires_at.unwrap_or(u64::MAX)),
    });
    Json(logins.collect())
}

/// `DELETE /api/v1/logins/{login}`: logs that browser out; what it has open closes.
pub(super) async fn revoke(
    who: OnServer<Admin>,
    State(state): State<ServerState>,
    path: Result<Path<String>, PathRejection>,
) -> Answer<StatusCode> {
    let id = grant_id(path, "login")?;
    let taken = state.doors().grants().take_back(GrantKind::Login, id).await?;
    let row = taken.ok_or_else(|| not_found("login"))?;
    let note = Note::of(&who.principal, Action::LoginRevoke);
    state
        .doors()
        .audit()
        .note(note.detail(&row.name.unwrap_or_default()));
    Ok(StatusCode::NO_CONTENT)
}
