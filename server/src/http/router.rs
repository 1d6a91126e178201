//! All routes in one place.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post, put};

use super::{
    ApiError, ServerState, assets, events, guard, headers, health, history, login, output, pages, sessions,
    viewers, ws,
};

/// Largest request body, bytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The whole application.
pub fn router(state: ServerState) -> Router {
    let api = Router::new()
        .route("/health", get(health::health))
        .route("/shells", get(sessions::shells))
        .route("/events", get(events::events))
        .route("/sessions", get(sessions::list).post(sessions::create))
        .route("/sessions/{id}", get(sessions::show).delete(sessions::delete))
        .route("/sessions/{id}/resize", put(sessions::resize))
        .route("/sessions/{id}/restart", post(sessions::restart))
        .route("/sessions/{id}/output", get(output::output))
        .route("/sessions/{id}/snapshot", get(history::snapshot))
        .route("/sessions/{id}/history", get(history::page))
        .route("/sessions/{id}/history/search", get(history::search))
        .route("/sessions/{id}/viewers", get(viewers::list))
        .route("/sessions/{id}/viewers/{viewer}", delete(viewers::disconnect))
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method);
    let pages = pages::router(&state);
    Router::new()
        .nest("/api/v1", api)
        .route("/ws/sessions/{id}", get(ws::attach))
        .route("/login", post(login::submit))
        .route("/assets/{*path}", get(assets::by_path))
        .route("/favicon.svg", get(assets::favicon))
        .merge(pages)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(state.clone(), guard::guard))
        .layer(from_fn(headers::add))
        .with_state(state)
}

async fn no_route(request: Request) -> ApiError {
    ApiError::no_route(request.uri().path())
}

async fn wrong_method(request: Request) -> ApiError {
    ApiError::wrong_method(request.method(), request.uri().path())
}
