//! One connection of the native wire (`docs/protocol.md` 1): frames out, frames in, snapshots put together.

use std::io::Read;

use bytes::Bytes;
use flate2::read::DeflateDecoder;
use futures_util::{SinkExt, StreamExt};
use sempre_protocol::frames::{ClientFrame, SNAPSHOT_DEFLATE_RAW, SNAPSHOT_MORE, ServerFrame};
use sempre_protocol::limits::MAX_FRAME_BYTES;
use sempre_protocol::texts::{ClientText, Hello, ServerText};
use sempre_protocol::{Offset, SUBPROTOCOL, SessionId, Size};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::target::Target;
use super::transport::{self, CONNECT_LIMIT, Stream};
use super::{ClientError, api};

/// Largest snapshot, bytes, before and after it is inflated.
const MAX_SNAPSHOT_BYTES: usize = 64 * 1024 * 1024;

/// The whole screen at an offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// It is the screen after the output before this.
    pub offset: Offset,
    /// Its size.
    pub size: Size,
    /// Text that rebuilds it on a reset terminal of that size.
    pub ansi: Vec<u8>,
}

/// What comes.
pub(super) enum Incoming {
    /// Output from an offset on.
    Output(Offset, Bytes),
    /// A screen instead.
    Snapshot(Snapshot),
    /// A text.
    Text(ServerText),
    /// Nothing but a proof of life.
    Nothing,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Wire {
    ws: WebSocketStream<Box<dyn Stream>>,
    parts: Vec<u8>,
    target: Target,
}

impl Wire {
    /// Attaches to a session and hears the hello.
    pub(super) async fn open(
        target: Target,
        id: SessionId,
        query: &[(&str, String)],
    ) -> Result<(Self, Hello), ClientError> {
        let request = request(&target, id, query)?;
        let stream = transport::connect(&target).await?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_FRAME_BYTES))
            .max_frame_size(Some(MAX_FRAME_BYTES));
        let shaken = timeout(
            CONNECT_LIMIT,
            client_async_with_config(request, stream, Some(config)),
        );
        let (ws, _) = match shaken.await {
            Ok(Ok(shaken)) => shaken,
            Ok(Err(Error::Http(answer))) => {
                let body = answer.body().as_deref().unwrap_or_default();
                return Err(api::refusal(body).unwrap_or_else(|| target.strange(answer.status())));
            }
            Ok(Err(error)) => return Err(target.unreachable(error)),
            Err(_) => return Err(target.unreachable("no answer in time")),
        };
        let mut wire = Self {
            ws,
            parts: Vec::new(),
            target,
        };
        match timeout(CONNECT_LIMIT, wire.greeting()).await {
            Ok(hello) => hello.map(|hello| (wire, hello)),
            Err(_) => Err(wire.target.unreachable("no hello in time")),
        }
    }

    async fn greeting(&mut self) -> Result<Hello, ClientError> {
        loop {
            match self.next().await? {
                Some(Incoming::Text(ServerText::Hello(hello))) => return Ok(hello),
                Some(Incoming::Text(ServerText::Error { message, .. })) => {
                    return Err(ClientError::Told(message));
                }
                Some(Incoming::Nothing) => {}
                Some(_) => return Err(self.target.strange("something before the hello")),
                None => return Err(self.target.unreachable("the connection was closed")),
            }
        }
    }

    /// What comes next; none at the end. May be cancelled.
    pub(super) async fn next(&mut self) -> Result<Option<Incoming>, ClientError> {
        let message = match self.ws.next().await {
            None | Some(Ok(Message::Close(_))) => return Ok(None),
            Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => return Ok(None),
            Some(Err(error)) => return Err(self.target.unreachable(error)),
            Some(Ok(message)) => message,
        };
        let incoming = match message {
            Message::Text(text) => match serde_json::from_str(&text) {
                Ok(text) => Incoming::Text(text),
                Err(error) => return Err(self.target.strange(format!("{error} in a text"))),
            },
            Message::Binary(frame) => self.binary(&frame)?,
            _ => Incoming::Nothing,
        };
        Ok(Some(incoming))
    }

    fn binary(&mut self, frame: &Bytes) -> Result<Incoming, ClientError> {
        match ServerFrame::decode(frame) {
            Ok(ServerFrame::Output { offset, bytes }) => Ok(Incoming::Output(offset, frame.slice_ref(bytes))),
            Ok(ServerFrame::Snapshot {
                offset,
                size,
                flags,
                ansi,
            }) => self.part(offset, size, flags, ansi),
            // A frame of a later release is skipped.
            Err(_) => Ok(Incoming::Nothing),
        }
    }

    fn part(&mut self, offset: Offset, size: Size, flags: u8, ansi: &[u8]) -> Result<Incoming, ClientError> {
        self.parts.extend_from_slice(ansi);
        if self.parts.len() > MAX_SNAPSHOT_BYTES {
            return Err(self.target.strange("a snapshot without end"));
        }
        if flags & SNAPSHOT_MORE != 0 {
            return Ok(Incoming::Nothing);
        }
        let mut ansi = std::mem::take(&mut self.parts);
        if flags & SNAPSHOT_DEFLATE_RAW != 0 {
            let mut inflated = Vec::new();
            let limit = MAX_SNAPSHOT_BYTES as u64;
            DeflateDecoder::new(ansi.as_slice())
                .take(limit)
                .read_to_end(&mut inflated)
                .map_err(|error| self.target.strange(error))?;
            ansi = inflated;
        }
        Ok(Incoming::Snapshot(Snapshot { offset, size, ansi }))
    }

    /// Says something. If it is cancelled, it may have been said or not.
    pub(super) async fn say(&mut self, text: &ClientText) -> Result<(), ClientError> {
        let text = serde_json::to_string(text).map_err(|error| self.target.strange(error))?;
        self.send(Message::text(text)).await
    }

    /// Sends input. If it is cancelled, it may have been sent or not.
    pub(super) async fn input(&mut self, offset: Offset, bytes: &[u8]) -> Result<(), ClientError> {
        let mut frame = Vec::new();
        ClientFrame::Input { offset, bytes }.encode(&mut frame);
        self.send(Message::binary(frame)).await
    }

    async fn send(&mut self, message: Message) -> Result<(), ClientError> {
        let sent = self.ws.send(message).await;
        sent.map_err(|error| self.target.unreachable(error))
    }
}

fn request(target: &Target, id: SessionId, query: &[(&str, String)]) -> Result<Request, ClientError> {
    let mut url = target.at(&format!("ws/sessions/{id}"), query);
    let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
    let named = url.set_scheme(scheme);
    let request = named.ok().and_then(|()| url.as_str().into_client_request().ok());
    let mut request = request.ok_or_else(|| target.strange("an address that takes no WebSocket"))?;
    let headers = request.headers_mut();
    headers.insert(
        header::SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static(SUBPROTOCOL),
    );
    headers.insert(
        header::USER_AGENT,
        HeaderValue::from_static(transport::USER_AGENT),
    );
    if let Some(key) = &target.key {
        let value = HeaderValue::from_str(&key.header()).map_err(|error| target.strange(error))?;
        headers.insert(header::AUTHORIZATION, value);
    }
    Ok(request)
}
