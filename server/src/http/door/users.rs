//! `/api/v1/users`: people with a password, or known to a proxy.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use sempre_protocol::door::{PutUser, UserInfo};

use super::Answer;
use crate::auth::audit::{Action, Note};
use crate::auth::users::MAX_USERS;
use crate::auth::{Subject, is_user_name};
use crate::calendar::rfc3339;
use crate::http::body::{JsonBody, json};
use crate::http::proof::{Admin, OnServer};
use crate::http::{ApiError, ServerState};
use crate::store::UserRow;

fn info(row: UserRow) -> UserInfo {
    UserInfo {
        name: row.name,
        role: row.role,
        has_password: row.password.is_some(),
        created_at: rfc3339(row.created_at),
    }
}

fn no_user(name: &str) -> ApiError {
    let detail = format!("there is no user {name:?}");
    ApiError::new(StatusCode::NOT_FOUND, "user_not_found", detail)
}

/// `GET /api/v1/users`: by name.
pub(super) async fn list(_: OnServer<Admin>, State(state): State<ServerState>) -> Json<Vec<UserInfo>> {
    Json(state.doors().users().list().into_iter().map(info).collect())
}

/// `PUT /api/v1/users/{name}`: makes one, or changes one and ends their logins.
pub(super) async fn put(
    who: OnServer<Admin>,
    State(state): State<ServerState>,
    path: Result<Path<String>, PathRejection>,
    request: JsonBody<PutUser>,
) -> Answer<Json<UserInfo>> {
    let request = json(request)?;
    let name = path.map(|Path(name)| name).unwrap_or_default();
    if !is_user_name(&name) {
        return Err(ApiError::invalid_field(format!(
            "the name {name:?} is not 1 to 64 letters, digits, '.', '_', '-', '@' or '+'"
        )));
    }
    let doors = state.doors();
    let password = match request.password {
        Some(password) => Some(doors.passwords().hash(password).await?),
        None => None,
    };
    let put = doors.users().put(&name, request.role, password).await?;
    let row = put.ok_or_else(|| {
        let detail = format!("there are {MAX_USERS} users already; remove some");
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "limit_reached", detail)
    })?;
    doors.grants().take_back_of(&Subject::User(name.clone())).await?;
    let detail = format!("{name} {}", row.role.word());
    doors
        .audit()
        .note(Note::of(&who.principal, Action::UserPut).detail(&detail));
    Ok(Json(info(row)))
}

/// `DELETE /api/v1/users/{name}`: with their logins and share links.
pub(super) async fn remove(
    who: OnServer<Admin>,
    State(state): State<ServerState>,
    path: Result<Path<String>, PathRejection>,
) -> Answer<StatusCode> {
    let name = path.map(|Path(name)| name).unwrap_or_default();
    let doors = state.doors();
    let removed = doors.users().remove(&name).await;
    // Also when the database failed: they come in no more.
    doors.grants().take_back_of(&Subject::User(name.clone())).await?;
    if !removed? {
        return Err(no_user(&name));
    }
    doors
        .audit()
        .note(Note::of(&who.principal, Action::UserRemove).detail(&name));
    Ok(StatusCode::NO_CONTENT)
}
