//! `GET /api/v1/sessions/{id}/events`: what happens in one session, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use sempre_protocol::Offset;
use sempre_protocol::programs::ProgramEvent;

use super::proof::{On, Viewer};
use super::{ApiError, ServerState};
use crate::sessions::Session;
use crate::sessions::programs::Happenings;

/// A comment goes out this often, so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// What a client that comes back has read last.
const LAST_EVENT_ID: &str = "last-event-id";

/// Streams what happens until the session has ended, or the client or the server goes. With `Last-Event-ID` it goes on
/// after that offset; a client that comes back after the end is told to stay away (204).
pub(super) async fn events(
    On {
        session, principal, ..
    }: On<Viewer>,
    State(state): State<ServerState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let last = headers
        .get(LAST_EVENT_ID)
        .and_then(|id| id.to_str().ok()?.parse().ok());
    let last = last.map(Offset);
    if last.is_some() && session.exit().is_some() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let happenings = Happenings::of(&session, last).await?;
    let gone = gone(state, principal.ended);
    let events = stream::unfold((happenings, session), |(mut happenings, session)| async move {
        let event = next(&mut happenings, &session).await?;
        Some((event, (happenings, session)))
    });
    let events = events.take_until(gone);
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response())
}

/// Completes when the server goes down or what let the client in counts no more.
async fn gone(state: ServerState, ended: tokio_util::sync::CancellationToken) {
    tokio::select! {
        () = state.drain().cancelled() => {}
        () = ended.cancelled() => {}
    }
}

async fn next(happenings: &mut Happenings, session: &Arc<Session>) -> Option<Result<Event, Infallible>> {
    loop {
        let event = happenings.next(session).await?;
        if let Some(event) = sent(&event) {
            return Some(Ok(event));
        }
    }
}

fn sent(event: &ProgramEvent) -> Option<Event> {
    let name = event.happened.word();
    let id = event.offset.to_string();
    Event::default().event(name).id(id).json_data(event).ok()
}
