//! A client of the native wire: reads frames one at a time and keeps what they said.

mod typing;
mod waits;

use std::io::Read;
use std::net::SocketAddr;

use flate2::read::DeflateDecoder;
use futures_util::{SinkExt, StreamExt};
use sempre_protocol::frames::{SNAPSHOT_DEFLATE_RAW, SNAPSHOT_MORE, ServerFrame};
use sempre_protocol::texts::{ClientText, ExitStatus, Hello, ServerText};
use sempre_protocol::{Offset, SUBPROTOCOL, Size};
use sempre_screen::{Engine, SCROLLBACK_LINES, Screen as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::LONG;

/// How a session ended, as a viewer was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) offset: Offset,
    pub(crate) status: Option<ExitStatus>,
    pub(crate) reason: String,
}

/// A snapshot as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) offset: Offset,
    pub(crate) size: Size,
    pub(crate) ansi: Vec<u8>,
}

/// An attached client.
#[derive(Debug)]
pub(crate) struct Viewer {
    ws: WebSocketStream<TcpStream>,
    pub(crate) response: Response,
    pub(crate) hello: Hello,
    /// All output since `base`.
    pub(crate) output: Vec<u8>,
    /// Offset of the first byte in `output`: of the hello or of the newest snapshot.
    pub(crate) base: u64,
    /// Every snapshot, oldest first.
    pub(crate) snapshots: Vec<Shown>,
    /// What came of the next one: its parts are not whole yet.
    parts: Vec<u8>,
    /// Every text after `hello`, oldest first.
    pub(crate) texts: Vec<ServerText>,
    /// Input offset of the next byte typed.
    pub(crate) sent: u64,
    /// Input before this has reached the program's terminal.
    pub(crate) acked: u64,
    /// The size the next output byte is meant for.
    pub(crate) size: Size,
    pub(crate) exit: Option<Exit>,
    /// Set once the connection is over; with the close code, if there was one.
    pub(crate) closed: Option<Option<u16>>,
    /// Acknowledge output as it comes.
    pub(crate) acks: bool,
    /// The last output was only in the memory of a holder that is gone.
    pub(crate) may_miss_the_end: bool,
    /// Where in `output` the next wait begins to look.
    mark: usize,
}

/// The request that attaches.
pub(crate) fn attach_request(url: &str, token: &str) -> Request {
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

impl Viewer {
    pub(super) async fn attach(address: SocketAddr, url: &str, token: &str) -> Result<Self, String> {
        let attaching = Self::connect(address, attach_request(url, token));
        match timeout(LONG, attaching).await {
            Ok(attached) => attached,
            Err(_) => Err("nothing came in time".into()),
        }
    }

    /// As a page of the server itself that is logged in.
    pub(super) async fn attach_with_cookie(
        address: SocketAddr,
        url: &str,
        cookie: &str,
    ) -> Result<Self, String> {
        let mut request = attach_request(url, "");
        let headers = request.headers_mut();
        headers.remove("authorization");
        headers.insert("cookie", cookie.parse().unwrap());
        headers.insert("origin", format!("http://{address}").parse().unwrap());
        match timeout(LONG, Self::connect(address, request)).await {
            Ok(attached) => attached,
            Err(_) => Err("nothing came in time".into()),
        }
    }

    async fn connect(address: SocketAddr, request: Request) -> Result<Self, String> {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| error.to_string())?;
        stream.set_nodelay(true).unwrap();
        let config = WebSocketConfig::default()
            .max_message_size(None)
            .max_frame_size(None);
        let (mut ws, response) = match client_async_with_config(request, stream, Some(config)).await {
            Ok(connected) => connected,
            Err(Error::Http(answer)) => {
                let body = answer.body().clone().unwrap_or_default();
                return Err(format!("{}: {}", answer.status(), String::from_utf8_lossy(&body)));
            }
            Err(error) => return Err(error.to_string()),
        };
        let hello = match ws.next().await {
            Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                Ok(ServerText::Hello(hello)) => hello,
                Ok(error @ ServerText::Error { .. }) => return Err(format!("{error:?}")),
                other => panic!("the first frame is {other:?} and no hello"),
            },
            other => return Err(format!("instead of a hello came {other:?}")),
        };
        Ok(Self {
            ws,
            response,
            output: Vec::new(),
            base: hello.offset.0,
            snapshots: Vec::new(),
            parts: Vec::new(),
            texts: Vec::new(),
            sent: hello.input_offset.0,
            acked: hello.input_offset.0,
            size: hello.size,
            exit: None,
            closed: None,
            acks: false,
            may_miss_the_end: false,
            mark: 0,
            hello,
        })
    }

    /// Offset after the last output byte that came.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.output.len() as u64
    }

    /// The end of what came, for failures.
    pub(crate) fn tail(&self) -> String {
        let tail = &self.output[self.output.len().saturating_sub(300)..];
        let texts = &self.texts[self.texts.len().saturating_sub(5)..];
        format!(
            "output …{:?}, last texts {texts:?}, closed {:?}",
            tail.escape_ascii().to_string(),
            self.closed
        )
    }

    /// Takes the next message; false once the connection is over.
    pub(crate) async fn step(&mut self) -> bool {
        if self.closed.is_some() {
            return false;
        }
        match self.ws.next().await {
            Some(Ok(Message::Binary(frame))) => match ServerFrame::decode(&frame) {
                Ok(ServerFrame::Output { offset, bytes }) => {
                    assert_eq!(offset.0, self.end(), "output comes without gap or overlap");
                    assert!(!bytes.is_empty(), "an output frame holds output");
                    assert!(self.parts.is_empty(), "a snapshot comes in one piece");
                    assert!(
                        !self.hello.reset || !self.snapshots.is_empty(),
                        "a snapshot comes before output"
                    );
                    self.output.extend_from_slice(bytes);
                    self.acknowledge().await;
                }
                Ok(ServerFrame::Snapshot {
                    offset,
                    size,
                    flags,
                    ansi,
                }) => {
                    self.show(offset, size, flags, ansi);
                    self.acknowledge().await;
                }
                other => panic!("{other:?} is not expected"),
            },
            Some(Ok(Message::Text(text))) => {
                let text = serde_json::from_str(&text).unwrap();
                self.hear(text);
            }
            Some(Ok(Message::Close(frame))) => {
                self.closed = Some(frame.map(|frame| frame.code.into()));
                // Answers the close, so that the server need not wait for it.
                let _ = self.ws.flush().await;
            }
            Some(Ok(_)) => {}
            None | Some(Err(_)) => self.closed = Some(None),
        }
        true
    }

    async fn acknowledge(&mut self) {
        if self.acks && self.parts.is_empty() {
            let offset = Offset(self.end());
            self.say(&ClientText::Ack { offset }).await;
        }
    }

    /// Takes a part of a snapshot, and the snapshot once it is whole.
    fn show(&mut self, offset: Offset, size: Size, flags: u8, part: &[u8]) {
        self.parts.extend_from_slice(part);
        if flags & SNAPSHOT_MORE != 0 {
            return;
        }
        let mut ansi = std::mem::take(&mut self.parts);
        if flags & SNAPSHOT_DEFLATE_RAW != 0 {
            let mut text = Vec::new();
            DeflateDecoder::new(ansi.as_slice())
                .read_to_end(&mut text)
                .unwrap();
            ansi = text;
        }
        if self.hello.reset && self.snapshots.is_empty() {
            assert_eq!((offset, size), (self.hello.offset, self.hello.size));
        } else {
            assert!(offset.0 > self.end(), "offsets never go back");
        }
        self.base = offset.0;
        self.output.clear();
        self.mark = 0;
        self.size = size;
        self.snapshots.push(Shown { offset, size, ansi });
    }

    /// What this client's terminal shows now, as the product's own engine draws it.
    pub(crate) fn screen(&self) -> Engine {
        let shown = self.snapshots.last();
        let size = shown.map_or(self.hello.size, |shown| shown.size);
        let ansi = shown.map_or(&[][..], |shown| &shown.ansi);
        let mut engine = Engine::restore(ansi, size, SCROLLBACK_LINES, Offset(self.base));
        engine.feed(&self.output);
        engine
    }

    /// The text of that screen's rows, without blank ones at the end.
    pub(crate) fn screen_text(&self) -> String {
        let rows: Vec<_> = self
            .screen()
            .screen_lines()
            .iter()
            .map(|line| line.text())
            .collect();
        rows.join("\n").trim_end().to_owned()
    }

    fn hear(&mut self, text: ServerText) {
        match &text {
            ServerText::InputAck { offset } => {
                assert!(offset.0 > self.acked, "acknowledgements only rise");
                self.acked = offset.0;
            }
            ServerText::Resized { offset, cols, rows } => {
                assert_eq!(offset.0, self.end(), "a size comes in stream order");
                self.size = Size::new(*cols, *rows);
            }
            ServerText::Answers { .. } => panic!("the server answers, nobody else does"),
            ServerText::Exit {
                offset,
                status,
                reason,
            } => {
                let complete = offset.0 == self.end() || (self.may_miss_the_end && offset.0 > self.end());
                assert!(
                    complete,
                    "the exit at {offset} comes after all output, not at {}",
                    self.end()
                );
                let (offset, status, reason) = (*offset, *status, reason.clone());
                self.exit = Some(Exit {
                    offset,
                    status,
                    reason,
                });
            }
            _ => {}
        }
        self.texts.push(text);
    }

    /// Closes in order and waits until the server has let go.
    pub(crate) async fn close(mut self) {
        let _ = self.ws.close(None).await;
        while self.step().await {}
    }
}

/// Whether the client was told last that its screen may be wrong.
pub(crate) fn is_inexact(viewer: &Viewer) -> bool {
    let told = viewer.texts.iter().rev().find_map(|text| match text {
        ServerText::Inexact { inexact } => Some(*inexact),
        _ => None,
    });
    told.unwrap_or_default()
}
