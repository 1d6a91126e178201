//! All routes in one place.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post, put};
use axum::{Extension, Router};

use super::{
    ApiError, ServerState, assets, below, body, compat, door, events, exposition, guard, headers, health,
    history, import, input_recording, log_level, login, oidc, openapi, output, pages, programs, screen,
    session_events, sessions, stats, viewers, ws,
};

/// The whole application; a request's body must be there within `body_timeout`.
pub fn router(state: ServerState, body_timeout: Duration) -> Router {
    let api = Router::new()
        .route("/health", get(health::health))
        .route("/shells", get(sessions::shells))
        .route("/stats", get(stats::stats))
        .route("/log-level", get(log_level::show).put(log_level::put))
        .route("/events", get(events::events))
        .route("/openapi.json", get(openapi::json))
        .route("/sessions", get(sessions::list).post(sessions::create))
        .route("/sessions/{id}", get(sessions::show).delete(sessions::delete))
        .route("/sessions/{id}/resize", put(sessions::resize))
        .route("/sessions/{id}/restart", post(sessions::restart))
        .route("/sessions/{id}/output", get(output::output))
        .route(
            "/sessions/{id}/input-recording",
            get(input_recording::input_recording),
        )
        .route("/sessions/{id}/snapshot", get(history::snapshot))
        .route("/sessions/{id}/history", get(history::page))
        .route("/sessions/{id}/history/search", get(history::search))
        .route("/sessions/{id}/screen", get(screen::screen))
        .route("/sessions/{id}/input", post(programs::input))
        .route("/sessions/{id}/signal", post(programs::signal))
        .route("/sessions/{id}/run", post(programs::run))
        .route("/sessions/{id}/wait", post(programs::wait))
        .route("/sessions/{id}/events", get(session_events::events))
        .route("/sessions/{id}/viewers", get(viewers::list))
        .route("/sessions/{id}/viewers/{viewer}", delete(viewers::disconnect))
        .merge(door::api())
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method);
    let pages = pages::router(&state);
    let base = state.base_path().clone();
    let app = Router::new()
        .nest("/api/v1", api)
        .route("/ws/sessions/{id}", get(ws::attach))
        .route("/docs", get(openapi::page))
        .route("/metrics", get(exposition::metrics))
        .route("/login", post(login::submit))
        .route("/oidc/login", get(oidc::begin))
        .route("/oidc/callback", get(oidc::finish))
        .route("/logout", post(login::log_out))
        .merge(door::top())
        .route("/assets/{*path}", get(assets::by_path))
        .route(assets::FAVICON, get(assets::favicon))
        .merge(compat::router())
        .merge(pages)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(body_timeout, body::gather))
        .layer(DefaultBodyLimit::max(body::MAX_BODY_BYTES))
        .merge(files(body_timeout))
        .layer(from_fn_with_state(state.clone(), guard::guard))
        .layer(from_fn(headers::add))
        .layer(from_fn(exposition::count))
        .with_state(state);
    below::below(&base, app)
}

/// Routes whose bodies are files: their handlers read them piece by piece, with limits of their own.
fn files(piece_timeout: Duration) -> Router<ServerState> {
    Router::new()
        .route("/api/v1/sessions/import", post(import::import))
        .method_not_allowed_fallback(wrong_method)
        .layer(Extension(body::BodyLimit(piece_timeout)))
}

async fn no_route(request: Request) -> ApiError {
    ApiError::no_route(request.uri().path())
}

async fn wrong_method(request: Request) -> ApiError {
    ApiError::wrong_method(request.method(), request.uri().path())
}
