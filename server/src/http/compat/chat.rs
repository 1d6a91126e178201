//! `POST /kiro/chat` and `/api/v1/chat` (rows K4 and K5): a question for the workers, or a ping.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sempre_protocol::compat::chat::{ChatAnswer, ChatRequest, ChatUnfinished};

use crate::http::body::{JsonBody, json};
use crate::http::error::problem_response;
use crate::http::proof::{OnServer, Operator};
use crate::http::{ApiError, ServerState};
use crate::sessions::workers::{ChatError, Reply, Workers};

/// What a ping says.
const PING: &str = "ping";

/// Asks a worker.
pub(super) async fn chat(
    _: OnServer<Operator>,
    State(state): State<ServerState>,
    request: JsonBody<ChatRequest>,
) -> Result<Response, ApiError> {
    let request = json(request)?;
    let asked_at = Instant::now();
    let is_ping = is_ping(&request);
    let answer = |kind: &str, response, worker| ChatAnswer {
        kind: kind.to_owned(),
        response,
        worker,
        duration_ms: u64::try_from(asked_at.elapsed().as_millis()).unwrap_or(u64::MAX),
        story_id: request.story_id.clone(),
        workers: is_ping.then(|| state.workers().map(Workers::info).unwrap_or_default()),
    };
    if is_ping {
        return Ok(Json(answer("pong", "pong".to_owned(), None)).into_response());
    }
    let workers = state.workers().ok_or_else(no_workers)?;
    let question = request.message.as_deref().unwrap_or_default();
    match workers.ask(question).await {
        Ok(Reply { text, worker }) => Ok(Json(answer("answer", text, Some(worker))).into_response()),
        Err(error) => Ok(refused(error)),
    }
}

fn is_ping(request: &ChatRequest) -> bool {
    let says_ping = |text: &Option<String>| text.as_deref() == Some(PING);
    match &request.message {
        Some(_) => says_ping(&request.message),
        None => says_ping(&request.kind) || request.ping.is_some(),
    }
}

fn no_workers() -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "no_workers",
        "this server has no workers; start it with --worker-command CMD",
    )
}

fn refused(error: ChatError) -> Response {
    let message = error.to_string();
    let simple = |status, code| ApiError::new(status, code, message.clone()).into_response();
    match error {
        ChatError::Invalid(_) => simple(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field"),
        ChatError::Full { retry_after_s, .. } => later(
            simple(StatusCode::SERVICE_UNAVAILABLE, "workers_busy"),
            retry_after_s,
        ),
        ChatError::NotReady(_) => later(simple(StatusCode::SERVICE_UNAVAILABLE, "workers_not_ready"), 5),
        ChatError::Draining => simple(StatusCode::SERVICE_UNAVAILABLE, "draining"),
        ChatError::TimedOut { so_far, .. } => {
            unfinished(StatusCode::GATEWAY_TIMEOUT, "worker_timeout", message, so_far)
        }
        ChatError::Died(so_far) => unfinished(StatusCode::BAD_GATEWAY, "worker_died", message, so_far),
    }
}

fn later(mut response: Response, seconds: u64) -> Response {
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// A problem that comes with what the worker had said.
fn unfinished(status: StatusCode, code: &'static str, message: String, so_far: Reply) -> Response {
    let body = ChatUnfinished {
        problem: ApiError::new(status, code, message).problem(),
        response: so_far.text,
        worker: so_far.worker,
    };
    problem_response(status, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k4_a_ping_is_told_from_a_question() {
        let is_ping = |json: &str| is_ping(&serde_json::from_str(json).unwrap());
        for ping in [
            r#"{"type":"ping","storyId":"S-1","context":{"branch":"main"}}"#,
            r#"{"message":"ping"}"#,
            r#"{"ping":true,"context":"x"}"#,
        ] {
            assert!(is_ping(ping), "{ping}");
        }
        for question in [r#"{"message":"2+2"}"#, r#"{"prompt":"2+2","ping":1}"#, "{}"] {
            assert!(!is_ping(question), "{question}");
        }
    }
}
