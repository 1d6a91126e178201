//! `GET …/pty/{id}/stream` (row P4): a PTY as server-sent events. `snapshot` comes at once, then `data`, in the end `exit`.
//!
//! The id of an event is the offset of the output after it, so `Last-Event-ID` goes on there. After `exit` there is
//! nothing to go on with: whoever asks is told so (204), which is what makes an `EventSource` stop.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use sempre_protocol::Offset;
use sempre_protocol::compat::pty::{PtyData, PtyExit, PtySize, PtySnapshot};
use sempre_protocol::texts::{Role, ServerText};
use serde::{Deserialize, Serialize};

use super::Pty;
use crate::auth::Peer;
use crate::http::attach_query::snapshot_lines;
use crate::http::peer::identity;
use crate::http::proof::Viewer;
use crate::http::{ApiError, ServerState};
use crate::sessions::Snapshot;
use crate::sessions::follow::{Begin, FollowOptions, Followed, FollowedOutput, Piece, follow};

use text::Text;

mod text;

/// A comment goes out this often, so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// What the id of the last event ends with.
const AFTER_EXIT: &str = "-exit";

/// The query.
#[derive(Debug, Deserialize)]
pub(super) struct StreamQuery {
    /// Rows above the screen in the snapshot.
    lines: Option<u32>,
}

/// Streams until the PTY's program has ended, the client goes or the server does.
pub(super) async fn stream(
    State(state): State<ServerState>,
    Pty(on): Pty<Viewer>,
    query: Result<Query<StreamQuery>, QueryRejection>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::bad_query(&rejection))?;
    let begin = match last_event(&headers) {
        None => Begin::Screen,
        Some(Last::Output(offset)) => Begin::At(offset),
        Some(Last::Exit) => return Ok(StatusCode::NO_CONTENT.into_response()),
    };
    let options = FollowOptions {
        begin,
        lines: snapshot_lines(query.lines),
        role: Role::Viewer,
        identity: identity(&on.principal, &headers, &peer),
    };
    let followed = follow(&on.session, options, state.drain()).await?;
    let ended = on.principal.ended.cancelled_owned();
    let events = Events::new(followed).into_stream().take_until(ended);
    // Proxies must pass it on as it comes.
    let headers = [(HeaderName::from_static("x-accel-buffering"), "no")];
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok((headers, events).into_response())
}

/// The last event a client has.
enum Last {
    Output(Offset),
    Exit,
}

/// What no release ever sent counts as nothing.
fn last_event(headers: &HeaderMap) -> Option<Last> {
    let id = headers
        .get(HeaderName::from_static("last-event-id"))?
        .to_str()
        .ok()?;
    match id.strip_suffix(AFTER_EXIT) {
        Some(_) => Some(Last::Exit),
        None => Some(Last::Output(Offset(id.parse().ok()?))),
    }
}

/// A followed session on its way into events.
struct Events {
    snapshot: Option<Snapshot>,
    output: FollowedOutput,
    text: Text,
    /// Made and not yet sent.
    ready: VecDeque<Event>,
    over: bool,
}

fn event<T: Serialize>(name: &str, id: impl std::fmt::Display, data: &T) -> Option<Event> {
    // Every event's data can be written as JSON.
    Event::default()
        .event(name)
        .id(id.to_string())
        .json_data(data)
        .ok()
}

impl Events {
    fn new(followed: Followed) -> Self {
        Self {
            snapshot: followed.snapshot,
            output: followed.output,
            text: Text::starting_at(followed.offset),
            ready: VecDeque::new(),
            over: false,
        }
    }

    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut events| async move {
            let event = events.next().await?;
            Some((Ok(event), events))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        if let Some(snapshot) = self.snapshot.take() {
            return event("snapshot", snapshot.offset, &shown(&snapshot));
        }
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            match self.output.next().await {
                Piece::Output { bytes, .. } => {
                    let data = self.text.take(&bytes);
                    self.push_data(data);
                }
                Piece::Text(ServerText::Resized { cols, rows, .. }) => {
                    let size = PtySize { cols, rows };
                    self.ready.extend(event("resize", self.text.offset(), &size));
                }
                Piece::Text(ServerText::Exit { offset, status, .. }) => {
                    let rest = self.text.finish();
                    self.push_data(rest);
                    let exit = PtyExit::from(status);
                    self.ready
                        .extend(event("exit", format_args!("{offset}{AFTER_EXIT}"), &exit));
                    self.over = true;
                }
                // The server goes down, or the output is no longer kept: the client comes back by itself.
                Piece::Text(ServerText::Draining | ServerText::Error { .. }) | Piece::Close(_) => {
                    self.over = true;
                }
                Piece::Text(_) => {}
            }
        }
    }

    fn push_data(&mut self, data: Option<PtyData>) {
        let offset = self.text.offset();
        self.ready
            .extend(data.and_then(|data| event("data", offset, &data)));
    }
}

fn shown(snapshot: &Snapshot) -> PtySnapshot {
    PtySnapshot {
        // Snapshots are written from characters.
        data: String::from_utf8_lossy(&snapshot.ansi).into_owned(),
        offset: snapshot.offset,
        cols: snapshot.size.cols,
        rows: snapshot.size.rows,
    }
}
