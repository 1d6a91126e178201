//! Serving below a base path: it is taken off what has it, and what a proxy took it off is served as it is.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use crate::config::BasePath;

/// `app` below `base`. In front of all routing: what a router's own layers change comes too late for it.
pub(super) fn below(base: &BasePath, app: Router) -> Router {
    if base.as_str().is_empty() {
        return app;
    }
    Router::new()
        .fallback_service(app)
        .layer(from_fn_with_state(base.clone(), take_off))
}

async fn take_off(State(base): State<BasePath>, mut request: Request, next: Next) -> Response {
    let uri = request.uri();
    let Some(rest) = base.strip(uri.path()) else {
        return next.run(request).await;
    };
    if rest.is_empty() {
        return lead_in(&base, uri);
    }
    let rest = match uri.query() {
        Some(query) => format!("{rest}?{query}"),
        None => rest.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    // A part of a path that was a path: nothing is lost here.
    if let Ok(path) = rest.parse::<PathAndQuery>() {
        parts.path_and_query = Some(path);
    }
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

/// From `/sempre` to `/sempre/`: cookies are for what is below it.
fn lead_in(base: &BasePath, uri: &Uri) -> Response {
    let target = match uri.query() {
        Some(query) => base.at(&format!("/?{query}")),
        None => base.at("/"),
    };
    let mut response = (StatusCode::PERMANENT_REDIRECT, ()).into_response();
    let headers = response.headers_mut();
    if let Ok(target) = HeaderValue::from_str(&target) {
        headers.insert(header::LOCATION, target);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
