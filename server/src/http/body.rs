//! Request bodies: all there before a handler runs, within a time and a size; and read as JSON.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::ApiError;

/// Largest request body, bytes.
pub(super) const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A JSON body as a handler takes it; [`json`] reads it.
pub(super) struct JsonBody<T>(Result<T, ApiError>);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        let bytes = match Bytes::from_request(Request::from_parts(parts.clone(), body), state).await {
            Ok(bytes) => bytes,
            Err(rejection) => {
                let problem = ApiError::new(rejection.status(), "bad_body", rejection.body_text());
                return Ok(Self(Err(problem)));
            }
        };
        let request = Request::from_parts(parts, Body::from(bytes.clone()));
        let read = Json::from_request(request, state).await;
        let read = read.map_err(|rejection| ApiError::bad_body(&rejection));
        Ok(Self(read.and_then(|Json(read)| match is_object(&bytes) {
            true => Ok(read),
            // serde takes a list for an object, its fields in order.
            false => Err(ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "bad_body",
                "the request's body is no JSON object",
            )),
        })))
    }
}

fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().first() == Some(&b'{')
}

/// What a JSON body says.
///
/// # Errors
/// `bad_body`.
pub(super) fn json<T>(body: JsonBody<T>) -> Result<T, ApiError> {
    body.0
}

/// How long each piece of a file may take, for a handler that reads its own body.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyLimit(pub(super) Duration);

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
        Err(_) => too_slow(limit),
    };
    let mut response = problem.into_response();
    // The rest of the body is in the way of a next request.
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

/// 408: the body, or the next piece of it, did not come.
pub(super) fn too_slow(limit: Duration) -> ApiError {
    ApiError::new(
        StatusCode::REQUEST_TIMEOUT,
        "body_too_slow",
        format!("the request's body was not there within {} ms", limit.as_millis()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_no_object() {
        for object in ["{}", " \n{\"a\":1}"] {
            assert!(is_object(object.as_bytes()), "{object}");
        }
        for other in ["[null,null]", "", "null", "\"{}\""] {
            assert!(!is_object(other.as_bytes()), "{other}");
        }
    }
}
