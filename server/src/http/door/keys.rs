//! `/api/v1/keys`: keys for programs, shown once.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use sempre_protocol::door::{CreateKey, CreatedKey, KeyInfo};
use tokio_util::sync::CancellationToken;

use super::{Answer, after, grant_id, not_found};
use crate::auth::audit::{Action, Note};
use crate::auth::grants::NewGrant;
use crate::auth::is_user_name;
use crate::calendar::rfc3339;
use crate::http::ApiError;
use crate::http::ServerState;
use crate::http::body::{JsonBody, json};
use crate::http::proof::{Admin, OnServer};
use crate::store::{GrantKind, GrantRow};

/// What the names of keys begin with where they stand beside those of users, who have no colon in theirs.
const NAME_PREFIX: &str = "key:";

fn info(row: GrantRow) -> KeyInfo {
    let name = row.name.unwrap_or_default();
    KeyInfo {
        id: row.id,
        name: name.strip_prefix(NAME_PREFIX).unwrap_or(&name).to_owned(),
        role: row.role,
        scope: row.scope,
        made_by: row.made_by,
        created_at: rfc3339(row.created_at),
        expires_at: row.expires_at.map(rfc3339),
        last_used_at: row.last_used_at.map(rfc3339),
    }
}

/// `GET /api/v1/keys`: oldest first.
pub(super) async fn list(_: OnServer<Admin>, State(state): State<ServerState>) -> Json<Vec<KeyInfo>> {
    let rows = state.doors().grants().list(GrantKind::Key);
    Json(rows.into_iter().map(info).collect())
}

/// `POST /api/v1/keys`.
pub(super) async fn create(
    who: OnServer<Admin>,
    State(state): State<ServerState>,
    request: JsonBody<CreateKey>,
) -> Answer<(StatusCode, Json<CreatedKey>)> {
    let request = json(request)?;
    if !is_user_name(&request.name) {
        return Err(ApiError::invalid_field(format!(
            "name: {:?} is not 1 to 64 letters, digits, '.', '_', '-', '@' or '+'",
            request.name
        )));
    }
    let name = format!("{NAME_PREFIX}{}", request.name);
    let new = NewGrant {
        kind: GrantKind::Key,
        name: Some(name.clone()),
        role: request.role,
        scope: request.scope,
        parent: None,
        made_by: who.principal.name.clone(),
        expires_at: request.expires_in_s.map(after),
        until: CancellationToken::new(),
    };
    let (row, key) = state.doors().grants().give(new).await?;
    let detail = format!("{name} {} {:?}", row.role.word(), row.scope);
    let note = Note::of(&who.principal, Action::KeyCreate).detail(&detail);
    state.doors().audit().note(note);
    Ok((StatusCode::CREATED, Json(CreatedKey { key, info: info(row) })))
}

/// `DELETE /api/v1/keys/{key}`: what was opened with it closes.
pub(super) async fn revoke(
    who: OnServer<Admin>,
    State(state): State<ServerState>,
    path: Result<Path<String>, PathRejection>,
) -> Answer<StatusCode> {
    let id = grant_id(path, "key")?;
    let taken = state.doors().grants().take_back(GrantKind::Key, id).await?;
    let row = taken.ok_or_else(|| not_found("key"))?;
    let note = Note::of(&who.principal, Action::KeyRevoke);
    state
        .doors()
        .audit()
        .note(note.detail(&row.name.unwrap_or_default()));
    Ok(StatusCode::NO_CONTENT)
}
