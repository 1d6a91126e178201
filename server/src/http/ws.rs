//! `GET /ws/sessions/{id}`: the native wire (`docs/protocol.md`), between a socket and a viewer.

use std::future::ready;
use std::pin::pin;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use axum::extract::{Query, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use sempre_protocol::frames::{BYTES_HEADER, ClientFrame};
use sempre_protocol::limits::{HEARTBEAT_INTERVAL_MS, MAX_FRAME_BYTES, PING_INTERVAL_MS, SILENCE_LIMIT_MS};
use sempre_protocol::texts::{ClientText, ErrorCode, Role, ServerText};
use sempre_protocol::{CLOSE_DISCONNECTED, CLOSE_LOGGED_OUT, SUBPROTOCOL};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

use super::attach_query::AttachQuery;
use super::upgrade::{Upgrading, Watched};
use super::{ApiError, ServerState};
use crate::auth::audit::Action;
use crate::measure;
use crate::sessions::SessionError;
use crate::sessions::viewer::{Closing, Outgoing, ViewerInput, ViewerOutput, attach as attach_viewer};

/// After a close frame the peer has this long to answer with its own.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// One whose credential has ended has only this long.
const LOGGED_OUT_TIMEOUT: Duration = Duration::from_millis(500);

/// A frame of this size is sent at once, bytes; smaller ones together with those that are ready, too.
const LARGE_FRAME_BYTES: usize = 4 * 1024;

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
    query: Result<Query<AttachQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::bad_query(&rejection))?;
    let mut options = query.options(identity)?;
    if role == Role::Viewer {
        options.role = role;
    }
    let upgrade = upgrade.protocols([SUBPROTOCOL]);
    let sockets = state.sockets().clone();
    match attach_viewer(session, options, state.drain().clone()).await {
        Ok((output, input)) => {
            watched.note(Action::ViewerAttach);
            Ok(upgrade.on_upgrade(move |socket| sockets.track_future(run(socket, output, input, watched))))
        }
        // A page sees no HTTP answer to an upgrade: it has to be told by the socket.
        Err(error @ SessionError::Disconnected) => {
            Ok(upgrade.on_upgrade(move |socket| sockets.track_future(refuse(socket, error.to_string()))))
        }
        Err(error) => Err(error.into()),
    }
}

/// Says that the client was disconnected, and closes.
async fn refuse(socket: WebSocket, message: String) {
    let (mut sink, mut stream) = socket.split();
    let said = text(&ServerText::Error {
        code: ErrorCode::Disconnected,
        message,
        input_offset: None,
    });
    // A client that is gone has understood.
    if timeout(CLOSE_TIMEOUT, sink.send(said))
        .await
        .is_ok_and(|sent| sent.is_ok())
    {
        say_goodbye(&mut sink, &mut stream, disconnected()).await;
    }
}

pub(super) fn disconnected() -> CloseFrame {
    CloseFrame {
        code: CLOSE_DISCONNECTED,
        reason: "disconnected".into(),
    }
}

/// Both directions in one task: while a send waits for a slow peer, what it says is still heard.
async fn run(socket: WebSocket, mut output: ViewerOutput, input: ViewerInput, watched: Watched) {
    let (mut sink, mut stream) = socket.split();
    let ended = &watched.principal.ended;
    let said = {
        let hear = hear(&mut stream, input, &watched);
        let tell = tell(&mut sink, &mut output);
        tokio::select! {
            biased;
            () = ended.cancelled() => Some(logged_out()),
            reason = hear => reason,
            closing = tell => closing.map(|closing| match closing {
                Closing::Over => CloseFrame { code: close_code::NORMAL, reason: "the stream is over".into() },
                Closing::Disconnected => disconnected(),
            }),
        }
    };
    // Leaves the session now: the goodbye may take a while.
    drop(output);
    watched.note(Action::ViewerDetach);
    let Some(frame) = said else { return };
    if ended.is_cancelled() {
        return say_logged_out(&mut sink, &mut stream, frame).await;
    }
    say_goodbye(&mut sink, &mut stream, frame).await;
}

pub(super) fn logged_out() -> CloseFrame {
    CloseFrame {
        code: CLOSE_LOGGED_OUT,
        reason: "logged out".into(),
    }
}

/// Says that the credential has ended. A peer that does not read is left at once: nothing more is for it.
async fn say_logged_out(sink: &mut Sink, stream: &mut SplitStream<WebSocket>, frame: CloseFrame) {
    let said = text(&ServerText::Error {
        code: ErrorCode::LoggedOut,
        message: "your login has expired or was taken back; log in again".to_owned(),
        input_offset: None,
    });
    let goodbye = async {
        if sink.send(said).await.is_ok() {
            say_goodbye(sink, stream, frame).await;
        }
    };
    let _ = timeout(LOGGED_OUT_TIMEOUT, goodbye).await;
}

pub(super) type Sink = SplitSink<WebSocket, Message>;

pub(super) async fn say_goodbye(sink: &mut Sink, stream: &mut SplitStream<WebSocket>, frame: CloseFrame) {
    let goodbye = async {
        if sink.send(Message::Close(Some(frame))).await.is_ok() {
            // Read to the end: closing with unread bytes would reset the connection and lose what was sent.
            while let Some(Ok(_)) = stream.next().await {}
        }
    };
    // A peer that does not answer is left.
    let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
}

/// Sends frames as the peer takes them; ends when the viewer is over, or with none when the peer is gone.
async fn tell(sink: &mut Sink, output: &mut ViewerOutput) -> Option<Closing> {
    let (mut pings, mut heartbeats) = (ticks(PING_INTERVAL_MS), ticks(HEARTBEAT_INTERVAL_MS));
    let mut unsent = false;
    loop {
        // Goes on past a ping: it may have waited for a snapshot all the while.
        let mut next = pin!(output.next());
        let outgoing = loop {
            let due = tokio::select! {
                biased;
                _ = pings.tick() => Message::Ping(Bytes::new()),
                _ = heartbeats.tick() => text(&ServerText::Heartbeat { time_ms: now_ms() }),
                outgoing = &mut next => break outgoing,
                () = ready(()), if unsent => {
                    sink.flush().await.ok()?;
                    unsent = false;
                    continue;
                }
            };
            sink.send(due).await.ok()?;
            unsent = false;
        };
        let (message, is_large) = match outgoing {
            Outgoing::Text(said) => (text(&said), false),
            Outgoing::Binary(frame) => {
                measure::sent(frame.len());
                let is_large = frame.len() >= LARGE_FRAME_BYTES;
                (Message::Binary(frame), is_large)
            }
            Outgoing::Close(closing) => {
                sink.flush().await.ok()?;
                return Some(closing);
            }
        };
        // An echo and the word that its key was taken wake their peer once.
        sink.feed(message).await.ok()?;
        if is_large {
            sink.flush().await.ok()?;
        }
        unsent = !is_large;
    }
}

fn text(text: &ServerText) -> Message {
    // Every server text can be written as JSON.
    Message::Text(serde_json::to_string(text).unwrap_or_default().into())
}

/// Ticks every `ms`, the first after that time.
pub(super) fn ticks(ms: u64) -> Interval {
    let period = Duration::from_millis(ms);
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

pub(super) fn now_ms() -> u64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

/// Takes what the peer says; how to close if it misbehaved, none if it is gone.
async fn hear(
    stream: &mut SplitStream<WebSocket>,
    mut input: ViewerInput,
    watched: &Watched,
) -> Option<CloseFrame> {
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
                    if input.input(offset, frame.slice(BYTES_HEADER..)).await {
                        watched.note(Action::TypingTaken);
                    }
                }
                Err(error) => return close(close_code::UNSUPPORTED, error.to_string()),
            },
            Message::Text(json) => match serde_json::from_str(&json) {
                Ok(ClientText::Signal { signal }) => {
                    if let Some(sent) = input.signal(signal).await {
                        watched.note_signal(signal, &sent);
                    }
                }
                Ok(said) => input.text(said).await,
                Err(error) => input.bad_text(&format!("not a text frame of this wire: {error}")),
            },
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => return None,
        }
    }
}

pub(super) fn is_too_large(error: &axum::Error) -> bool {
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
