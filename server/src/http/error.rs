//! Errors as RFC 9457 problem details: what went wrong, with which value, and what to do.

use axum::extract::rejection::QueryRejection;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sempre_protocol::api::Problem;
use sempre_protocol::holder::StartFault;

use crate::auth::OriginError;
use crate::sessions::SessionError;

/// An error on its way to a client.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl ApiError {
    /// An error with a status, a code for programs and a text for people.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
        }
    }

    /// 401: nothing valid was shown.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "log in: send the token as `Authorization: Bearer …` or `?token=…`, or open the login URL in the browser",
        )
    }

    /// 404 for a path that is none.
    pub fn no_route(path: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "no_route",
            format!("there is nothing at {path}"),
        )
    }

    /// 405 for a path that does not know the method.
    pub fn wrong_method(method: &Method, path: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "wrong_method",
            format!("{path} does not know {method}"),
        )
    }

    /// A query that cannot be read.
    pub fn bad_query(rejection: &QueryRejection) -> Self {
        Self::new(rejection.status(), "bad_query", rejection.body_text())
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        let (status, code) = match &error {
            SessionError::NotFound(_) => (StatusCode::NOT_FOUND, "session_not_found"),
            SessionError::Ended(_) => (StatusCode::CONFLICT, "session_ended"),
            SessionError::Running(_) => (StatusCode::CONFLICT, "session_running"),
            SessionError::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field"),
            SessionError::ShellNotInstalled { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "shell_not_installed")
            }
            SessionError::Start(start) => match start.what {
                StartFault::Program => (StatusCode::UNPROCESSABLE_ENTITY, "program_not_startable"),
                StartFault::Cwd => (StatusCode::UNPROCESSABLE_ENTITY, "cwd_not_usable"),
                StartFault::System => (StatusCode::SERVICE_UNAVAILABLE, "system_refused"),
            },
            SessionError::Limit { .. } => (StatusCode::TOO_MANY_REQUESTS, "limit_reached"),
            SessionError::Unreachable { .. } => (StatusCode::GATEWAY_TIMEOUT, "holder_unreachable"),
            SessionError::Archived(_) => (StatusCode::CONFLICT, "session_archived"),
            SessionError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "database_unavailable"),
            SessionError::Disconnected => (StatusCode::FORBIDDEN, "disconnected"),
            SessionError::NoViewer(_) => (StatusCode::NOT_FOUND, "viewer_not_found"),
            SessionError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            SessionError::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
            SessionError::System { .. } => (StatusCode::SERVICE_UNAVAILABLE, "system_refused"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<OriginError> for ApiError {
    fn from(error: OriginError) -> Self {
        let (status, code) = match &error {
            OriginError::NoHost => (StatusCode::BAD_REQUEST, "host_missing"),
            OriginError::UnknownHost(_) => (StatusCode::MISDIRECTED_REQUEST, "host_unknown"),
            OriginError::Foreign { .. } => (StatusCode::FORBIDDEN, "origin_foreign"),
            OriginError::Missing => (StatusCode::FORBIDDEN, "origin_missing"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if self.status.is_server_error() {
            tracing::warn!(
                status = self.status.as_u16(),
                code = self.code,
                detail = self.detail,
                "request failed"
            );
        }
        let problem = Problem {
            kind: "about:blank".into(),
            title: self.status.canonical_reason().unwrap_or("error").into(),
            status: self.status.as_u16(),
            code: self.code.into(),
            detail: self.detail,
        };
        let mut response = (self.status, axum::Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"sempre\""),
            );
        }
        response
    }
}
