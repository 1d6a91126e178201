//! What programs do with a session without being attached: type, signal, run, wait. `docs/api.md`.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sempre_protocol::api::Problem;
use sempre_protocol::limits::INPUT_WINDOW_BYTES;
use sempre_protocol::programs::{
    DEFAULT_TIMEOUT_MS, InputTaken, MAX_TIMEOUT_MS, RunCommand, RunResult, SendInput, SendSignal, WaitKind,
    WaitRequest, WaitResult, WaitValue,
};
use serde::Serialize;

use super::body::{JsonBody, json};
use super::error::problem_response;
use super::proof::{On, Operator, Viewer};
use super::{ApiError, ServerState, acts};
use crate::auth::audit::Action;
use crate::measure;
use crate::sessions::SessionError;
use crate::sessions::programs::{MAX_VALUE_BYTES, Ran, RunError, WaitFor};

fn invalid(field: &str, message: &str) -> ApiError {
    ApiError::invalid_field(format!("{field}: {message}"))
}

fn limit(timeout_ms: Option<u64>) -> Result<Duration, ApiError> {
    match timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS) {
        timeout_ms @ 1..=MAX_TIMEOUT_MS => Ok(Duration::from_millis(timeout_ms)),
        _ => Err(invalid("timeout_ms", &format!("it is 1 to {MAX_TIMEOUT_MS}"))),
    }
}

/// `POST …/input`: answers once the holder has it.
pub(super) async fn input(
    On {
        session, principal, ..
    }: On<Operator>,
    State(state): State<ServerState>,
    request: JsonBody<SendInput>,
) -> Result<Json<InputTaken>, ApiError> {
    let SendInput {
        data,
        data_b64,
        enter,
    } = json(request)?;
    let mut bytes = match (data, data_b64) {
        (Some(_), Some(_)) => return Err(invalid("data_b64", "give either data or data_b64, not both")),
        (Some(data), None) => data.into_bytes(),
        (None, Some(text)) => STANDARD
            .decode(text)
            .map_err(|error| invalid("data_b64", &format!("it is no base64: {error}")))?,
        (None, None) => Vec::new(),
    };
    if enter {
        bytes.push(b'\r');
    }
    if bytes.is_empty() {
        return Err(invalid("data", "there is nothing to type"));
    }
    if bytes.len() > INPUT_WINDOW_BYTES {
        let message = format!(
            "{} bytes are more than {INPUT_WINDOW_BYTES}; send them in several requests",
            bytes.len()
        );
        return Err(invalid("data", &message));
    }
    let typed = session.append(Bytes::from(bytes)).await;
    acts::note_input(&state, &principal, &session, &typed);
    let typed = typed?;
    Ok(Json(InputTaken {
        offset: typed.offset,
        written: typed.written,
        held: typed.held,
    }))
}

/// `POST …/signal`.
pub(super) async fn signal(
    On {
        session, principal, ..
    }: On<Operator>,
    State(state): State<ServerState>,
    request: JsonBody<SendSignal>,
) -> Result<StatusCode, ApiError> {
    let signal = json(request)?.signal;
    let sent = session.signal(signal).await;
    acts::note_signal(state.doors().audit(), &principal, session.id(), signal, &sent);
    sent?;
    Ok(StatusCode::NO_CONTENT)
}

/// A command that has not ended in time: the problem, and what came so far.
#[derive(Debug, Serialize)]
pub(super) struct RunTimedOut {
    #[serde(flatten)]
    problem: Problem,
    #[serde(flatten)]
    result: RunResult,
}

impl IntoResponse for RunTimedOut {
    fn into_response(self) -> Response {
        problem_response(StatusCode::GATEWAY_TIMEOUT, &self)
    }
}

/// `POST …/run`: types a command at the prompt and waits until it has ended.
pub(super) async fn run(
    On {
        session, principal, ..
    }: On<Operator>,
    State(state): State<ServerState>,
    request: JsonBody<RunCommand>,
) -> Result<Response, ApiError> {
    let RunCommand { command, timeout_ms } = json(request)?;
    let limit = limit(timeout_ms)?;
    let ran = session.run(&command, limit).await;
    measure::command_run(match &ran {
        Ok(_) => "ended",
        Err(RunError::TimedOut(_)) => "timed_out",
        Err(RunError::Session(_)) => "refused",
    });
    // The command is what a terminal showed: not for the log.
    let noted = match &ran {
        Err(RunError::Session(error)) => Err(error),
        Ok(_) | Err(RunError::TimedOut(_)) => Ok(()),
    };
    acts::note(&state, &principal, Action::SessionRun, Some(session.id()), &noted);
    match ran {
        Ok(ran) => Ok(Json(result(ran, false)).into_response()),
        Err(RunError::Session(error)) => Err(error.into()),
        Err(error @ RunError::TimedOut(_)) => {
            let detail = format!("the command did not end within {} ms: {error}", limit.as_millis());
            let RunError::TimedOut(ran) = error else {
                return Err(ApiError::from(SessionError::Draining));
            };
            let started = ran.started;
            Ok(RunTimedOut {
                problem: ApiError::new(StatusCode::GATEWAY_TIMEOUT, "timed_out", detail).problem(),
                result: result(*ran, started),
            }
            .into_response())
        }
    }
}

fn result(ran: Ran, running: bool) -> RunResult {
    RunResult {
        output: ran.output,
        truncated: ran.truncated,
        exit_code: ran.exit_code,
        duration_ms: u64::try_from(ran.took.as_millis()).unwrap_or(u64::MAX),
        from: ran.from,
        to: ran.to,
        session_exit: ran.exit.and_then(|exit| exit.status),
        running,
    }
}

/// `POST …/wait`: answers once it is so.
pub(super) async fn wait(
    On { session, .. }: On<Viewer>,
    request: JsonBody<WaitRequest>,
) -> Result<Json<WaitResult>, ApiError> {
    let request = json(request)?;
    let limit = limit(request.timeout_ms)?;
    let what = what(request.kind, request.value)?;
    let awaited = session.wait(what, request.from, limit).await?;
    Ok(Json(WaitResult {
        offset: awaited.offset,
        text: awaited.text,
        groups: awaited.groups,
        exit: awaited.exit.and_then(|exit| exit.status),
    }))
}

fn what(kind: WaitKind, value: Option<WaitValue>) -> Result<WaitFor, ApiError> {
    let text = || match &value {
        Some(WaitValue::Text(text)) if (1..=MAX_VALUE_BYTES).contains(&text.len()) => Ok(text.clone()),
        _ => Err(invalid(
            "value",
            &format!("it is a text of 1 to {MAX_VALUE_BYTES} bytes"),
        )),
    };
    Ok(match kind {
        WaitKind::Text => WaitFor::Text(text()?),
        WaitKind::Regex => WaitFor::regex(&text()?)?,
        WaitKind::Prompt => WaitFor::Prompt,
        WaitKind::Exit => WaitFor::Exit,
        WaitKind::Silence => match value {
            Some(WaitValue::Ms(ms @ 1..=MAX_TIMEOUT_MS)) => WaitFor::Silence(Duration::from_millis(ms)),
            _ => return Err(invalid("value", "it is a number of milliseconds, 1 to an hour's")),
        },
    })
}
