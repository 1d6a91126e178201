//! `GET /api/v1/sessions/{id}/input-recording` (row P11): what was typed, for the session's owner and administrators.

use std::io;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;

use super::proof::OnOwn;
use super::{ApiError, ServerState};
use crate::auth::audit::{Action, Note};
use crate::sessions::{InputRecording, SessionError};

/// What the answer is called where it is saved.
const MEDIA_TYPE: &str = "application/x-ndjson";

/// Answers with all that is recorded by now, one JSON object a line; that somebody read it is noted.
pub(super) async fn input_recording(
    OnOwn { session, principal }: OnOwn,
    State(state): State<ServerState>,
) -> Result<Response, ApiError> {
    let directory = session.directory().to_path_buf();
    let opened = tokio::task::spawn_blocking(move || InputRecording::open(&directory)).await;
    let recording = opened
        .map_err(io::Error::other)
        .and_then(|opened| opened)
        .map_err(SessionError::system("cannot open the recording of input"))?;
    let recording = recording.ok_or_else(|| {
        let detail = format!("what is typed into session {} is not recorded", session.id());
        ApiError::new(StatusCode::NOT_FOUND, "input_not_recorded", detail)
    })?;
    let note = Note::of(&principal, Action::InputRecordingRead).session(session.id());
    state.doors().audit().note(note);
    let headers = [
        (header::CONTENT_TYPE, MEDIA_TYPE.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}.input.jsonl\"", session.id()),
        ),
    ];
    Ok((headers, Body::from_stream(lines_of(recording))).into_response())
}

/// Read off the async threads; a client that does not read costs one piece.
fn lines_of(recording: InputRecording) -> impl futures_util::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold(recording, |mut recording| async move {
        let read = tokio::task::spawn_blocking(move || {
            let lines = some_lines(&mut recording);
            (recording, lines)
        });
        let (recording, lines) = read.await.map_err(io::Error::other)?;
        let lines = lines?;
        Ok((!lines.is_empty()).then(|| (Bytes::from(lines), recording)))
    })
}

fn some_lines(recording: &mut InputRecording) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for entry in recording.read_some()? {
        serde_json::to_writer(&mut lines, &entry)?;
        lines.push(b'\n');
    }
    Ok(lines)
}
