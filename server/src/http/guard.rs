//! The layer in front of everything: host, credentials, origin, in this order, before any handler runs.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{ApiError, ServerState, login};
use crate::auth::{Credential, check_host, check_origin};

/// Lets a request through or answers it.
pub(super) async fn guard(State(state): State<ServerState>, request: Request, next: Next) -> Response {
    match admit(&state, &request) {
        Ok(Some(answer)) => answer,
        Ok(None) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn admit(state: &ServerState, request: &Request) -> Result<Option<Response>, ApiError> {
    let (headers, uri, method) = (request.headers(), request.uri(), request.method());
    let host = check_host(
        headers,
        uri.authority().map(|authority| authority.as_str()),
        state.allowed_hosts(),
    )?;
    let query = uri.query().unwrap_or_default();
    let credential = state.access().check(headers, query);
    check_origin(
        headers,
        host,
        method,
        opens_stream(headers, uri.path()),
        credential,
    )?;
    let page = wants_page(method, headers);
    match credential {
        // A page opened with the token becomes a login, so that the token leaves the address bar.
        Some(Credential::Query) if page => Ok(Some(login::log_in(state, uri))),
        Some(_) => Ok(None),
        None if is_public(uri.path()) => Ok(None),
        None if page => Ok(Some(login::page(state, uri.path(), false))),
        None => Err(ApiError::unauthorized()),
    }
}

/// What anyone may fetch: the page's own files and the login itself. None of it tells of sessions.
fn is_public(path: &str) -> bool {
    path.starts_with("/assets/") || matches!(path, "/login" | "/favicon.svg" | "/favicon.ico" | "/robots.txt")
}

fn opens_stream(headers: &HeaderMap, path: &str) -> bool {
    headers.contains_key(header::UPGRADE) || path.starts_with("/ws/") || path.ends_with("/events")
}

fn wants_page(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::GET
        && headers
            .get_all(header::ACCEPT)
            .iter()
            .any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")))
}
