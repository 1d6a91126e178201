//! `/api/v1/keys`, `/users`, `/logins`, `/audit`, `/sessions/{id}/shares`, and `/share/{token}`: who comes in.

mod audit;
mod keys;
mod logins;
mod shares;
mod users;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use axum::routing::{delete, get, put};
use sempre_protocol::GrantId;

use super::{ApiError, ServerState};

/// The routes below `/api/v1`.
pub(super) fn api() -> Router<ServerState> {
    Router::new()
        .route("/keys", get(keys::list).post(keys::create))
        .route("/keys/{key}", delete(keys::revoke))
        .route("/users", get(users::list))
        .route("/users/{name}", put(users::put).delete(users::remove))
        .route("/logins", get(logins::list))
        .route("/logins/{login}", delete(logins::revoke))
        .route("/audit", get(audit::list))
        .route("/sessions/{id}/shares", get(shares::list).post(shares::create))
        .route("/sessions/{id}/shares/{share}", delete(shares::revoke))
}

/// The routes at the top.
pub(super) fn top() -> Router<ServerState> {
    Router::new().route("/share/{token}", get(shares::open))
}

type Answer<T> = Result<T, ApiError>;

/// Seconds from now on as ms since the Unix epoch.
fn after(seconds: u64) -> u64 {
    crate::calendar::now_ms().saturating_add(seconds.saturating_mul(1000))
}

fn not_found(what: &str) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "grant_not_found",
        format!("there is no such {what}"),
    )
}

/// The id that ends a path.
fn grant_id(path: Result<Path<String>, PathRejection>, what: &str) -> Answer<GrantId> {
    let text = path.map(|Path(text)| text).map_err(|_| not_found(what))?;
    text.parse().map_err(|_| not_found(what))
}
