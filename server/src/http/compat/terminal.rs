//! `WS /ws/terminal/{id}` (rows T5 and T6): JSON text frames between a socket and a session.
//!
//! Pings carry the offset of the output before them: what comes back with a pong has reached the client's machine,
//! so a client that acknowledges nothing is known to have it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::SplitStream;
use futures_util::{SinkExt, StreamExt};
use sempre_protocol::Offset;
use sempre_protocol::compat::Base64;
use sempre_protocol::compat::pty::PtyExit;
use sempre_protocol::compat::terminal::{TerminalAsked, TerminalSaid};
use sempre_protocol::limits::{
    HEARTBEAT_INTERVAL_MS, MAX_FRAME_BYTES, NEAR_BYTES, PING_INTERVAL_MS, SILENCE_LIMIT_MS, SNAPSHOT_LINES,
};
use sempre_protocol::texts::{ClientText, ServerText};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::auth::audit::Action;
use crate::http::upgrade::Upgrading;
use crate::http::ws::{Sink, disconnected, is_too_large, logged_out, now_ms, say_goodbye, ticks};
use crate::http::{ApiError, ServerState};
use crate::sessions::follow::{Begin, FollowOptions, Followed, FollowedOutput, Piece, follow};
use crate::sessions::viewer::{Closing, ViewerInput};
use crate::sessions::{Progress, Snapshot};

/// The query.
#[derive(Debug, Deserialize)]
pub(super) struct TerminalQuery {
    recover_from: Option<String>,
}

/// Upgrades to a WebSocket; errors are HTTP answers, before the upgrade.
pub(super) async fn attach(
    State(state): State<ServerState>,
    Upgrading {
        session,
        role,
        identity,
        watched,
        upgrade,
    }: Upgrading,
    query: Result<Query<TerminalQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::bad_query(&rejection))?;
    let user = watched.principal.name.as_deref();
    let last = session.last_sequences().of(user);
    let begin = begin(query.recover_from.as_deref(), last)?;
    let options = FollowOptions {
        begin,
        lines: SNAPSHOT_LINES,
        role,
        identity,
    };
    let followed = follow(&session, options, state.drain()).await?;
    // A snapshot that does not arrive leaves the client where it was.
    let stands_at = followed.snapshot.is_none().then_some(followed.offset);
    let progress = session.last_sequences().begin(user, stands_at.or(last));
    let sockets = state.sockets().clone();
    watched.note(Action::ViewerAttach);
    let run = async move |socket| {
        run(socket, followed, progress, watched.principal.ended.clone()).await;
        watched.note(Action::ViewerDetach);
    };
    Ok(upgrade.on_upgrade(move |socket| sockets.track_future(run(socket))))
}

/// Where a connection begins. Who asks for nothing gets everything so far as long as that is little: clients of this
/// wire may know no message but `output`.
fn begin(recover_from: Option<&str>, last: Option<Offset>) -> Result<Begin, ApiError> {
    match recover_from {
        None => Ok(Begin::SoFar(NEAR_BYTES)),
        Some("last_sequence") => Ok(last.map_or(Begin::SoFar(NEAR_BYTES), Begin::At)),
        Some(number) => number.parse().map(|from| Begin::At(Offset(from))).map_err(|_| {
            let detail = format!("recover_from={number:?}: it is a sequence number or last_sequence");
            ApiError::new(StatusCode::BAD_REQUEST, "bad_query", detail)
        }),
    }
}

/// Both directions in one task: while a send waits for a slow peer, what it says is still heard.
async fn run(socket: WebSocket, followed: Followed, progress: Arc<Progress>, ended: CancellationToken) {
    let (mut sink, mut stream) = socket.split();
    let Followed {
        snapshot,
        mut output,
        input,
        ..
    } = followed;
    let (probed, probes) = watch::channel(Offset::ZERO);
    let said = {
        let ear = Ear {
            input,
            progress,
            probed,
        };
        let hear = ear.hear(&mut stream);
        let tell = tell(&mut sink, snapshot, &mut output, probes);
        tokio::select! {
            reason = hear => reason,
            closing = tell => closing.map(|closing| match closing {
                Closing::Over => CloseFrame { code: close_code::NORMAL, reason: "the stream is over".into() },
                Closing::Disconnected => disconnected(),
            }),
            () = ended.cancelled() => Some(logged_out()),
        }
    };
    // Leaves the session now: the goodbye may take a while.
    drop(output);
    if let Some(frame) = said {
        say_goodbye(&mut sink, &mut stream, frame).await;
    }
}

/// Sends messages as the peer takes them; ends when the session is over, or with none when the peer is gone.
async fn tell(
    sink: &mut Sink,
    snapshot: Option<Snapshot>,
    output: &mut FollowedOutput,
    mut probes: watch::Receiver<Offset>,
) -> Option<Closing> {
    let (mut sent, mut probed) = (Offset::ZERO, Offset::ZERO);
    if let Some(snapshot) = snapshot {
        sent = snapshot.offset;
        sink.send(message(&shown(snapshot))).await.ok()?;
    }
    let (mut pings, mut heartbeats) = (ticks(PING_INTERVAL_MS), ticks(HEARTBEAT_INTERVAL_MS));
    loop {
        // One probe at a time: the next goes out when the last came back.
        if sent > probed && *probes.borrow_and_update() == probed {
            probed = sent;
            sink.send(probe(sent)).await.ok()?;
        }
        let message = tokio::select! {
            biased;
            _ = pings.tick() => Some(probe(probed)),
            _ = heartbeats.tick() => Some(message(&TerminalSaid::Heartbeat { timestamp: now_ms() / 1000 })),
            changed = probes.changed() => {
                changed.ok()?;
                None
            }
            piece = output.next() => match piece {
                Piece::Close(closing) => return Some(closing),
                Piece::Output { offset, bytes } => {
                    sent = offset.plus(bytes.len() as u64);
                    let output = TerminalSaid::Output { data: Base64(bytes.into()), seq: sent };
                    Some(message(&output))
                }
                Piece::Text(text) => told(text).as_ref().map(message),
            },
        };
        if let Some(message) = message {
            sink.send(message).await.ok()?;
        }
    }
}

fn message(said: &TerminalSaid) -> Message {
    // Every message can be written as JSON.
    Message::Text(serde_json::to_string(said).unwrap_or_default().into())
}

fn probe(offset: Offset) -> Message {
    Message::Ping(Bytes::copy_from_slice(&offset.0.to_be_bytes()))
}

fn shown(snapshot: Snapshot) -> TerminalSaid {
    TerminalSaid::Snapshot {
        data: Base64(snapshot.ansi),
        seq: snapshot.offset,
        cols: snapshot.size.cols,
        rows: snapshot.size.rows,
    }
}

/// What of the native wire is said on this one.
fn told(text: ServerText) -> Option<TerminalSaid> {
    match text {
        ServerText::Resized { cols, rows, .. } => Some(TerminalSaid::Resize { cols, rows }),
        ServerText::Exit {
            offset,
            status,
            reason,
        } => {
            let PtyExit { code, signal } = status.into();
            Some(TerminalSaid::Exit {
                code,
                signal,
                reason,
                seq: offset,
            })
        }
        ServerText::Pong => Some(TerminalSaid::Pong),
        ServerText::Draining => Some(TerminalSaid::Draining),
        ServerText::Error { code, message, .. } => Some(TerminalSaid::Error { code, message }),
        _ => None,
    }
}

/// Takes what the peer says.
struct Ear {
    input: ViewerInput,
    progress: Arc<Progress>,
    /// The newest probe that came back.
    probed: watch::Sender<Offset>,
}

impl Ear {
    /// Listens; how to close if the peer misbehaved, none if it is gone.
    async fn hear(mut self, stream: &mut SplitStream<WebSocket>) -> Option<CloseFrame> {
        let close = |code, reason: String| {
            Some(CloseFrame {
                code,
                reason: reason.into(),
            })
        };
        loop {
            let message = match timeout(Duration::from_millis(SILENCE_LIMIT_MS), stream.next()).await {
                Err(_) => return close(close_code::AWAY, "silent for too long".into()),
                Ok(None) => return None,
                Ok(Some(Err(error))) if is_too_large(&error) => {
                    let reason = format!("a frame holds at most {MAX_FRAME_BYTES} bytes");
                    return close(close_code::SIZE, reason);
                }
                Ok(Some(Err(_))) => return None,
                Ok(Some(Ok(message))) => message,
            };
            match message {
                Message::Text(json) => match serde_json::from_str(&json) {
                    Ok(asked) => self.take(asked).await,
                    Err(error) => self
                        .input
                        .bad_text(&format!("not a message of this wire: {error}")),
                },
                Message::Binary(_) => {
                    return close(close_code::UNSUPPORTED, "this wire is JSON in text frames".into());
                }
                Message::Pong(payload) => self.came_back(&payload),
                Message::Ping(_) => {}
                Message::Close(_) => return None,
            }
        }
    }

    async fn take(&mut self, asked: TerminalAsked) {
        match asked {
            TerminalAsked::Input { data: Base64(bytes) } => {
                self.input.text(ClientText::Typing).await;
                self.input.append(bytes.into()).await;
            }
            TerminalAsked::Resize { cols, rows } => {
                self.input.text(ClientText::Resize { cols, rows }).await;
            }
            TerminalAsked::Ack { seq } => self.progress.acknowledged(seq),
            TerminalAsked::Ping => self.input.text(ClientText::Ping).await,
            TerminalAsked::Pong | TerminalAsked::Heartbeat | TerminalAsked::Unknown => {}
        }
    }

    /// A pong that is no answer to a probe says nothing.
    fn came_back(&self, payload: &[u8]) {
        let Ok(offset) = payload.try_into().map(u64::from_be_bytes) else {
            return;
        };
        let offset = Offset(offset);
        if offset > *self.probed.borrow() {
            self.progress.received(offset);
            // Nobody listens any more when the connection is over.
            let _ = self.probed.send(offset);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t6_where_a_connection_begins() {
        let last = Some(Offset(7));
        assert_eq!(begin(Some("12"), last).unwrap(), Begin::At(Offset(12)));
        assert_eq!(begin(Some("last_sequence"), last).unwrap(), Begin::At(Offset(7)));
        assert_eq!(begin(None, last).unwrap(), Begin::SoFar(NEAR_BYTES));
        assert_eq!(
            begin(Some("last_sequence"), None).unwrap(),
            Begin::SoFar(NEAR_BYTES)
        );
        for wrong in ["", "-1", "last", "1.5"] {
            assert!(begin(Some(wrong), last).is_err(), "{wrong:?}");
        }
    }
}
