//! Errors as RFC 9457 problem details: what went wrong, with which value, and what to do.

use std::time::Duration;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sempre_protocol::api::Problem;
use sempre_protocol::holder::StartFault;
use serde::Serialize;

use crate::auth::OriginError;
use crate::auth::grants::GrantError;
use crate::auth::passwords::PasswordError;
use crate::measure;
use crate::sessions::SessionError;
use crate::store::StoreError;

/// An error on its way to a client.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
    /// When it is worth trying again.
    retry_after: Option<Duration>,
}

impl ApiError {
    /// An error with a status, a code for programs and a text for people.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// 429: this client did `what` too often, and may go on after `wait`.
    pub fn too_often(what: &str, wait: Duration) -> Self {
        let detail = format!("{what} too often; wait {} seconds", wait.as_secs() + 1);
        Self {
            retry_after: Some(wait),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_often", detail)
        }
    }

    /// 422: a field of the request makes no sense.
    pub(super) fn invalid_field(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", detail)
    }

    /// A body that cannot be read.
    pub(super) fn bad_body(rejection: &JsonRejection) -> Self {
        Self::new(rejection.status(), "bad_body", rejection.body_text())
    }

    /// What is written.
    pub(super) fn problem(&self) -> Problem {
        Problem {
            kind: "about:blank".into(),
            title: self.status.canonical_reason().unwrap_or("error").into(),
            status: self.status.as_u16(),
            code: self.code.into(),
            detail: self.detail.clone(),
        }
    }

    /// The HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        self.status
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
        if let SessionError::Limit { limit, .. } = &error {
            measure::limit_reached(limit);
        }
        let (status, code) = match &error {
            SessionError::NotFound(_) => (StatusCode::NOT_FOUND, "session_not_found"),
            SessionError::Ended(_) => (StatusCode::CONFLICT, "session_ended"),
            SessionError::Running(_) => (StatusCode::CONFLICT, "session_running"),
            SessionError::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field"),
            SessionError::ShellNotInstalled { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "shell_not_installed")
            }
            SessionError::RecordInputRefused(_) => (StatusCode::FORBIDDEN, "record_input_refused"),
            SessionError::Start(start) => match start.what {
                StartFault::Program => (StatusCode::UNPROCESSABLE_ENTITY, "program_not_startable"),
                StartFault::Cwd => (StatusCode::UNPROCESSABLE_ENTITY, "cwd_not_usable"),
                StartFault::System => (StatusCode::SERVICE_UNAVAILABLE, "system_refused"),
            },
            SessionError::Limit { .. } => (StatusCode::TOO_MANY_REQUESTS, "limit_reached"),
            SessionError::Unreachable { .. } => (StatusCode::GATEWAY_TIMEOUT, "holder_unreachable"),
            SessionError::Archived(_) => (StatusCode::CONFLICT, "session_archived"),
            SessionError::Imported(_) => (StatusCode::CONFLICT, "session_imported"),
            SessionError::BadRecording(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_recording"),
            SessionError::RecordingTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            SessionError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "database_unavailable"),
            SessionError::Disconnected => (StatusCode::FORBIDDEN, "disconnected"),
            SessionError::NoViewer(_) => (StatusCode::NOT_FOUND, "viewer_not_found"),
            SessionError::NoShellIntegration(_) => (StatusCode::CONFLICT, "no_shell_integration"),
            SessionError::ShellBusy(_) => (StatusCode::CONFLICT, "shell_busy"),
            SessionError::RunInProgress(_) => (StatusCode::CONFLICT, "run_in_progress"),
            SessionError::TimedOut { .. } => (StatusCode::GATEWAY_TIMEOUT, "timed_out"),
            SessionError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            SessionError::InputFull(_) => (StatusCode::SERVICE_UNAVAILABLE, "input_full"),
            SessionError::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
            SessionError::System { .. } => (StatusCode::SERVICE_UNAVAILABLE, "system_refused"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let detail = format!("{error}; try again");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "database_unavailable", detail)
    }
}

impl From<GrantError> for ApiError {
    fn from(error: GrantError) -> Self {
        let (status, code) = match &error {
            GrantError::Limit(_) => (StatusCode::TOO_MANY_REQUESTS, "limit_reached"),
            GrantError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "database_unavailable"),
            GrantError::Fallen => (StatusCode::UNAUTHORIZED, "unauthorized"),
            GrantError::Random(_) => (StatusCode::SERVICE_UNAVAILABLE, "system_refused"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        let (status, code) = match &error {
            PasswordError::Length => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field"),
            PasswordError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            PasswordError::Broken(_) => (StatusCode::SERVICE_UNAVAILABLE, "system_refused"),
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

/// Problem details, or what adds something to them.
pub(super) fn problem_response(status: StatusCode, problem: &impl Serialize) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, axum::Json(problem)).into_response()
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status;
        if self.status.is_server_error() {
            tracing::warn!(
                status = self.status.as_u16(),
                code = self.code,
                detail = self.detail,
                "request failed"
            );
        }
        let mut response = problem_response(status, &self.problem());
        let headers = response.headers_mut();
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"sempre\""),
            );
        }
        response
    }
}
