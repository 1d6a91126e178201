//! Request bodies: all there before a handler runs, within a time and a size; and read as JSON.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::ApiError;

/// Largest request body, bytes.
pub(super) const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A JSON body as a handler takes it; [`json`] reads it.
pub(super) type JsonBody<T> = Result<Json<T>, JsonRejection>;

/// What a JSON body says.
///
/// # Errors
/// `bad_body`.
pub(super) fn json<T>(body: JsonBody<T>) -> Result<T, ApiError> {
    body.map(|Json(body)| body)
        .map_err(|rejection| ApiError::bad_body(&rejection))
}

/// Reads the body, or answers 408 or 413. Behind the guard: nothing of a stranger's is kept but on the login.
pub(super) async fn gather(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    // The size is the extractor's: `DefaultBodyLimit` set it.
    let read = Bytes::from_request(Request::from_parts(parts.clone(), body), &());
    let problem = match timeout(limit, read).await {
        Ok(Ok(bytes)) => return next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("the request's body is larger than {MAX_BODY_BYTES} bytes"),
        ),
        Ok(Err(rejection)) => ApiError::new(rejection.status(), "bad_body", rejection.body_text()),
        Err(_) => ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_too_slow",
            format!("the request's body was not there within {} ms", limit.as_millis()),
        ),
    };
    let mut response = problem.into_response();
    // The rest of the body is in the way of a next request.
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}
