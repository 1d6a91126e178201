//! `GET /ws/sessions/{id}`: the native wire (`docs/protocol.md`), between a socket and a viewer.

use std::time::Duration;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use sempre_protocol::frames::{BYTES_HEADER, ClientFrame};
use sempre_protocol::limits::{HEARTBEAT_INTERVAL_MS, MAX_FRAME_BYTES, PING_INTERVAL_MS, SILENCE_LIMIT_MS};
use sempre_protocol::texts::{Role, ServerText};
use sempre_protocol::{Offset, SUBPROTOCOL, SessionId, WriterId};
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::sessions::session_id;
use super::{ApiError, ServerState};
use crate::sessions::viewer::{AttachOptions, Outgoing, ViewerInput, ViewerOutput, attach as attach_viewer};

/// After a close frame the peer has this long to answer with its own.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The query of an attach.
#[derive(Debug, Deserialize)]
pub(super) struct AttachQuery {
    from: Option<u64>,
    writer: Option<String>,
    #[serde(default)]
    acks: u8,
    /// `wait` (every byte) or `skip`; this release has no snapshots to skip to and treats both as `wait`.
    #[serde(default, rename = "lag")]
    _lag: Option<String>,
}

/// Upgrades to a WebSocket; errors are HTTP answers, before the upgrade.
pub(super) async fn attach(
    State(state): State<ServerState>,
    id: Result<Path<SessionId>, PathRejection>,
    query: Result<Query<AttachQuery>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade
        .map_err(|rejection| ApiError::new(rejection.status(), "no_websocket", rejection.body_text()))?;
    let Query(query) = query.map_err(|rejection| ApiError::bad_query(&rejection))?;
    let session = state.registry().get(session_id(id)?)?;
    let options = AttachOptions {
        from: query.from.map(Offset),
        writer: query.writer.map(|writer| read_writer(&writer)).transpose()?,
        role: Role::Writer,
        acks: query.acks == 1,
    };
    let (output, input) = attach_viewer(session, options, state.drain().clone()).await?;
    let sockets = state.sockets().clone();
    Ok(upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .on_upgrade(move |socket| sockets.track_future(run(socket, output, input))))
}

fn read_writer(writer: &str) -> Result<WriterId, ApiError> {
    writer.parse().map_err(|error| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "bad_writer",
            format!("writer={writer:?}: {error}"),
        )
    })
}

/// Both directions in one task: while a send waits for a slow peer, what it says is still heard.
async fn run(socket: WebSocket, mut output: ViewerOutput, input: ViewerInput) {
    let (mut sink, mut stream) = socket.split();
    let said = {
        let hear = hear(&mut stream, input);
        let tell = tell(&mut sink, &mut output);
        tokio::select! {
            reason = hear => reason,
            () = tell => Some(CloseFrame { code: close_code::NORMAL, reason: "the stream is over".into() }),
        }
    };
    // Leaves the session now: the goodbye may take a while.
    drop(output);
    let Some(frame) = said else { return };
    let goodbye = async {
        if sink.send(Message::Close(Some(frame))).await.is_ok() {
            // Read to the end: closing with unread bytes would reset the connection and lose what was sent.
            while let Some(Ok(_)) = stream.next().await {}
        }
    };
    // A peer that does not answer is left.
    let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
}

/// Sends frames as the peer takes them; ends when the viewer is over or the peer is gone.
async fn tell(sink: &mut SplitSink<WebSocket, Message>, output: &mut ViewerOutput) {
    let ticks = |ms| {
        let period = Duration::from_millis(ms);
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    };
    let (mut pings, mut heartbeats) = (ticks(PING_INTERVAL_MS), ticks(HEARTBEAT_INTERVAL_MS));
    loop {
        let message = tokio::select! {
            biased;
            _ = pings.tick() => Message::Ping(Bytes::new()),
            _ = heartbeats.tick() => text(&ServerText::Heartbeat { time_ms: now_ms() }),
            outgoing = output.next() => match outgoing {
                Outgoing::Text(said) => text(&said),
                Outgoing::Binary(frame) => Message::Binary(frame),
                Outgoing::Close => return,
            },
        };
        if sink.send(message).await.is_err() {
            return;
        }
    }
}

fn text(text: &ServerText) -> Message {
    // Every server text can be written as JSON.
    Message::Text(serde_json::to_string(text).unwrap_or_default().into())
}

fn now_ms() -> u64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

/// Takes what the peer says; how to close if it misbehaved, none if it is gone.
async fn hear(stream: &mut SplitStream<WebSocket>, mut input: ViewerInput) -> Option<CloseFrame> {
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
                return close(
                    close_code::SIZE,
                    format!("a frame holds at most {MAX_FRAME_BYTES} bytes"),
                );
            }
            Ok(Some(Err(_))) => return None,
            Ok(Some(Ok(message))) => message,
        };
        match message {
            Message::Binary(frame) => match ClientFrame::decode(&frame) {
                Ok(ClientFrame::Input { offset, .. }) => {
                    input.input(offset, frame.slice(BYTES_HEADER..)).await
                }
                Err(error) => return close(close_code::UNSUPPORTED, error.to_string()),
            },
            Message::Text(json) => match serde_json::from_str(&json) {
                Ok(said) => input.text(said).await,
                Err(error) => input.bad_text(&format!("not a text frame of this wire: {error}")),
            },
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => return None,
        }
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    use std::error::Error;
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = source {
        if error.to_string().contains("too long") || error.to_string().contains("too large") {
            return true;
        }
        source = error.source();
    }
    false
}
