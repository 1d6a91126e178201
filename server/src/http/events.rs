//! `GET /api/v1/events`: changes in the list of sessions, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use sempre_protocol::events::{EVENT_REMOVED, EVENT_RESYNC, EVENT_SESSION, SessionEvent};
use tokio::sync::broadcast::error::RecvError;

use super::ServerState;
use super::proof::{As, Viewer};
use crate::auth::Principal;
use crate::sessions::Change;

/// A comment goes out this often, so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Streams changes until the client or the server goes. A client that missed some is told to resync.
pub(super) async fn events(
    who: As<Viewer>,
    State(state): State<ServerState>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let drain = state.drain().clone();
    let changes = state.registry().changes();
    // A client connects before it has the list, or after it lost the stream: either way it must look once.
    let first = stream::iter([event(&state, &who.principal, Err(RecvError::Lagged(0)))]);
    let rest = stream::unfold(
        (changes, state, who.principal),
        |(mut changes, state, who)| async move {
            let change = changes.recv().await;
            if matches!(change, Err(RecvError::Closed)) {
                return None;
            }
            Some((event(&state, &who, change), (changes, state, who)))
        },
    );
    let events = first.chain(rest).filter_map(|event| async { event.map(Ok) });
    Sse::new(events.take_until(drain.cancelled_owned())).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn event(state: &ServerState, who: &Principal, change: Result<Change, RecvError>) -> Option<Event> {
    let (name, event) = match change {
        Ok(Change::Session(id)) => {
            // Gone meanwhile: its removal follows.
            let session = state.registry().get(id).ok()?;
            if !who.sees(id, session.manifest().group.as_deref()) {
                return None;
            }
            (EVENT_SESSION, SessionEvent::Session(Box::new(session.info())))
        }
        Ok(Change::Removed(session_id)) => (EVENT_REMOVED, SessionEvent::Removed { session_id }),
        // Off the list of those with a journal, and still to be asked for.
        Ok(Change::Archived(_)) | Err(_) => (EVENT_RESYNC, SessionEvent::Resync {}),
    };
    Event::default().event(name).json_data(event).ok()
}
